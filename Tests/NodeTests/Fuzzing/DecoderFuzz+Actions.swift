import Chain
import Cryptography
import Primitives

/// One action of every kind.
extension DecoderFuzzTests {
  static var actions: [Action] { market + bank + staking + governance }

  private static var own: Address { key.address }
  private static var coin: Coin { Coin(5, .uakt) }
  private static var deployment: DeploymentID { DeploymentID(owner: own, sequence: 1) }
  private static var lease: LeaseID { LeaseID(deployment: deployment, group: 1, order: 1, provider: own) }

  private static var market: [Action] {
    let order = SignedObject(kind: .order, body: order.encoded, signer: key, chain: chain)
    let agreement = AgreeLease(
      owner: own,
      order: order,
      bids: [SignedObject(kind: .bid, body: bid.encoded, signer: key, chain: chain)],
      choices: [.init(group: 1, bid: 0)]
    )
    return [
      .agreeLease(agreement), .updateDeployment(deployment, manifestHash: .sha256([1])),
      .depositDeployment(deployment, amount: coin, depositor: own), .closeDeployment(deployment),
      .closeLease(lease), .resignLease(lease, reason: .unstable),
      .startReclamation(lease, reason: .decommission), .withdrawLease(lease),
    ]
  }

  private static var bank: [Action] {
    let attributes = [Attribute(key: "region", value: "eu-west")]
    let provider = ProviderRecord(
      owner: own,
      hostURI: "https://provider.example:8443",
      attributes: attributes,
      email: "a@b.example",
      website: "https://b.example"
    )
    return [
      .send(Send(from: own, to: own, amount: [coin])), .mint(Mint(issuer: own, recipient: own, amount: coin)),
      .burn(Burn(issuer: own, amount: coin)), .registerProvider(provider), .updateProvider(provider),
      .leaveProvider(owner: own), .signAttributes(provider: own, auditor: own, attributes: attributes),
      .withdrawAttributes(provider: own, auditor: own, keys: ["region"]),
      .grant(Grant(granter: own, grantee: own, kind: .fees, limit: coin, expiresAt: time)),
      .revokeGrant(granter: own, grantee: own, kind: .deposits, denomination: .uakt),
    ]
  }

  private static var staking: [Action] {
    let description = ValidatorDescription(moniker: "m", website: "https://m.example")
    let tenth = Decimal18(raw: Decimal18.one / 10)
    let creation = CreateValidator(
      operatorAddress: own,
      description: description,
      consensusKey: key.publicKey,
      commission: tenth,
      maximumCommission: tenth,
      maximumCommissionChange: tenth,
      minimumSelfDelegation: Amount(1),
      stake: coin
    )
    return [
      .createValidator(creation),
      .editValidator(EditValidator(operatorAddress: own, description: description, commission: tenth)),
      .delegate(delegator: own, validator: own, amount: coin),
      .undelegate(delegator: own, validator: own, amount: coin),
      .redelegate(delegator: own, from: own, to: own, amount: coin), .unjail(validator: own),
      .withdrawReward(delegator: own, validator: own), .withdrawCommission(validator: own),
    ]
  }

  private static var governance: [Action] {
    let currency = Currency(
      denomination: .uusdc,
      symbol: "USDC",
      exponent: 6,
      minimumDeposit: Amount(1),
      leaseDeposit: Amount(1),
      minimumFee: Amount(1),
      takeBasisPoints: 2_000
    )
    let proposal = SubmitProposal(
      proposer: own,
      title: "t",
      summary: "s",
      contents: [
        .text("x"), .parameters([ParameterChange(key: "tickSeconds", value: "6")]), .addCurrency(currency),
        .retireCurrency(.uusdc), .communitySpend(recipient: own, amount: [coin]),
        .softwareUpgrade(SoftwareUpgrade(name: "u", height: 9, protocolVersion: 2, info: "")),
      ],
      deposit: [coin]
    )
    let half = Decimal18(raw: Decimal18.one / 2)
    return [
      .submitProposal(proposal), .depositProposal(id: 1, depositor: own, amount: [coin]),
      .vote(id: 1, voter: own, options: [WeightedVoteOption(option: .yes, weight: Decimal18(1))]),
      .vote(
        id: 1,
        voter: own,
        options: [
          WeightedVoteOption(option: .yes, weight: half),
          WeightedVoteOption(option: .noWithVeto, weight: half),
        ]
      ),
    ]
  }
}
