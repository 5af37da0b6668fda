import Chain
import Cryptography
import Primitives

extension Samples {
  /// One action of every case, all to be signed by `signer`.
  mutating func actions(by signer: Address) -> [Action] {
    bankActions(by: signer) + marketActions(by: signer) + stakingActions(by: signer)
      + governanceActions(by: signer)
  }

  mutating func action(by signer: Address) -> Action {
    let all = actions(by: signer)
    return pick(all)
  }

  private mutating func providerRecord(_ owner: Address) -> ProviderRecord {
    ProviderRecord(
      owner: owner,
      hostURI: text(),
      attributes: list(0...4) { $0.attribute() },
      email: text(),
      website: text()
    )
  }

  private mutating func bankActions(by signer: Address) -> [Action] {
    [
      .send(Send(from: signer, to: address(), amount: coins(1...4))),
      .mint(Mint(issuer: signer, recipient: address(), amount: coin())),
      .burn(Burn(issuer: signer, amount: coin())),
      .registerProvider(providerRecord(signer)),
      .updateProvider(providerRecord(signer)),
      .leaveProvider(owner: signer),
      .signAttributes(provider: address(), auditor: signer, attributes: list(0...5) { $0.attribute() }),
      .withdrawAttributes(provider: address(), auditor: signer, keys: list(0...5) { $0.text() }),
      .grant(
        Grant(
          granter: signer,
          grantee: address(),
          kind: pick(Grant.Kind.allCases),
          limit: coin(),
          expiresAt: time()
        )
      ),
      .revokeGrant(
        granter: signer,
        grantee: address(),
        kind: pick(Grant.Kind.allCases),
        denomination: denomination()
      ),
    ]
  }

  mutating func agreement(by signer: Address) -> AgreeLease {
    let bids = list(1...3) { $0.signed(.bid) }
    return AgreeLease(
      owner: signer,
      order: signed(.order),
      bids: bids,
      choices: list(1...3) {
        AgreeLease.Choice(group: $0.ordinal(), bid: UInt32($0.random.next(below: UInt64(bids.count))))
      }
    )
  }

  private mutating func marketActions(by signer: Address) -> [Action] {
    [
      .agreeLease(agreement(by: signer)),
      .updateDeployment(deployment(owner: signer), manifestHash: digest()),
      .depositDeployment(deployment(), amount: coin(), depositor: signer),
      .closeDeployment(deployment(owner: signer)),
      .closeLease(lease(owner: signer)),
      .resignLease(lease(provider: signer), reason: pick(LeaseCloseReason.byProvider)),
      .startReclamation(lease(provider: signer), reason: pick(LeaseCloseReason.byProvider)),
      .withdrawLease(lease(provider: signer)),
    ]
  }

  private mutating func description() -> ValidatorDescription {
    ValidatorDescription(
      moniker: text(),
      identity: text(),
      website: text(),
      securityContact: text(),
      details: text()
    )
  }

  private mutating func stakingActions(by signer: Address) -> [Action] {
    [
      .createValidator(
        CreateValidator(
          operatorAddress: signer,
          description: description(),
          consensusKey: publicKey(),
          commission: decimal(),
          maximumCommission: decimal(),
          maximumCommissionChange: decimal(),
          minimumSelfDelegation: Amount(wide()),
          stake: coin()
        )
      ),
      .editValidator(
        EditValidator(
          operatorAddress: signer,
          description: description(),
          commission: optional { $0.decimal() },
          minimumSelfDelegation: optional { Amount($0.wide()) }
        )
      ),
      .delegate(delegator: signer, validator: address(), amount: coin()),
      .undelegate(delegator: signer, validator: address(), amount: coin()),
      .redelegate(delegator: signer, from: address(), to: address(), amount: coin()),
      .unjail(validator: signer),
      .withdrawReward(delegator: signer, validator: address()),
      .withdrawCommission(validator: signer),
    ]
  }

  mutating func currency() -> Currency {
    Currency(
      denomination: denomination(),
      symbol: text(),
      exponent: UInt8(number(0...18)),
      aliases: list(0...3) { $0.denomination() },
      issuer: optional { $0.address() },
      mintCap: Amount(wide()),
      minimumDeposit: Amount(wide()),
      leaseDeposit: Amount(wide()),
      minimumFee: Amount(wide()),
      takeBasisPoints: optional { UInt32($0.number(0...10_000)) }
    )
  }

  /// One content of every case.
  mutating func contents() -> [ProposalContent] {
    [
      .text(text(0...200)),
      .parameters(list(1...4) { ParameterChange(key: $0.text(), value: $0.text()) }),
      .addCurrency(currency()),
      .retireCurrency(denomination()),
      .communitySpend(recipient: address(), amount: coins(1...4)),
      .softwareUpgrade(
        SoftwareUpgrade(
          name: text(),
          height: number(0...UInt64(Int64.max)),
          protocolVersion: ordinal(),
          info: text()
        )
      ),
    ]
  }

  private mutating func governanceActions(by signer: Address) -> [Action] {
    let half = Decimal18(raw: Decimal18.one / 2)
    return [
      .submitProposal(
        SubmitProposal(
          proposer: signer,
          title: text(),
          summary: text(),
          contents: contents(),
          deposit: coins(0...4),
          isExpedited: flag()
        )
      ),
      .depositProposal(id: wide(), depositor: signer, amount: coins(1...4)),
      .vote(
        id: wide(),
        voter: signer,
        options: [WeightedVoteOption(option: pick(VoteOption.allCases), weight: Decimal18(1))]
      ),
      .vote(
        id: wide(),
        voter: signer,
        options: [
          WeightedVoteOption(option: .yes, weight: half),
          WeightedVoteOption(option: .noWithVeto, weight: half),
        ]
      ),
    ]
  }

  mutating func fee() -> Fee {
    Fee(amount: optional { $0.coin() }, gasLimit: wide(), granter: optional { $0.address() })
  }

  mutating func draft(by signer: Address) -> TransactionDraft {
    TransactionDraft(
      actions: list(1...3) { $0.action(by: signer) },
      memo: text(0...256),
      timeoutHeight: wide(),
      sequence: wide(),
      fee: fee()
    )
  }

  mutating func transaction() -> Transaction {
    let key = pick(Self.keys)
    return draft(by: key.address).signed(by: key, chain: Self.chain)
  }
}
