import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Random actions of random people, most of them refused: money is conserved after every block, and what is refused
/// changes nothing but the fee and the sequence number.
@Suite struct WorkloadTests {
  private struct Player {
    let chain: TestChain
    var generator: SeededGenerator
    let people = ["tenant", "other", "grantor", "auditor", "provider", "validator"]
    var orders: [AgreeLease] = []

    mutating func below(_ bound: UInt64) -> UInt64 { generator.next(below: bound) }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(below(UInt64(list.count)))] }

    mutating func coin() -> Coin {
      Coin(
        pick([0, 1, 7, 5_000, 1_000_000, 40_000_000, .max]),
        pick([.uakt, .uusdc, TestChain.ibc, Denomination("uatom")!])
      )
    }

    mutating func lease() -> LeaseID {
      let tenant = pick(["tenant", "other"])
      return LeaseID(
        deployment: chain.deployment(tenant, 1 + below(4)),
        group: UInt32(1 + below(2)),
        order: UInt32(1 + below(3)),
        provider: chain.address("provider")
      )
    }

    mutating func market(_ name: String) -> Action {
      let id = chain.deployment(pick(["tenant", "other"]), 1 + below(4))
      switch below(9) {
      case 0...2:
        let existing: [UInt32]? = below(3) == 0 ? [1] : nil
        let denomination: Denomination = pick([.uakt, .uusdc])
        let groups = (0..<(existing == nil ? 1 + below(2) : 1)).map {
          Fixture.group("g\($0)", price: "1000000", denomination: denomination)
        }
        var order = chain.order(
          name,
          1 + below(4),
          groups: groups,
          deposit: Coin(pick([5_000_000, 9_000_000]), denomination),
          lifetime: 1_000 + below(100_000),
          existing: existing
        )
        if below(5) == 0 { order.depositor = chain.address("grantor") }
        let agreement = chain.agreement(
          order,
          tenant: name,
          price: pick(["1000", "250000.5", "999999.999999999999999999"]),
          window: below(2) * 6_000
        )
        orders.append(agreement)
        return .agreeLease(agreement)
      case 3:
        if let again = orders.last { return .agreeLease(again) }
        return .closeDeployment(id)
      case 4: return .depositDeployment(id, amount: coin(), depositor: chain.address(name))
      case 5: return .closeLease(lease())
      case 6: return .resignLease(lease(), reason: pick(LeaseCloseReason.allCases))
      case 7: return below(2) == 0 ? .withdrawLease(lease()) : .startReclamation(lease(), reason: .unstable)
      default: return .closeDeployment(id)
      }
    }

    mutating func other(_ name: String) -> Action {
      let me = chain.address(name)
      let you = chain.address(pick(people))
      let validator = chain.address(pick(["validator", "tenant", "second"]))
      switch below(14) {
      case 0, 1: return .send(Send(from: me, to: you, amount: [coin()]))
      case 2: return .registerProvider(chain.providerRecord(name, attributes: [("a1", "\(below(3))")]))
      case 3: return .updateProvider(chain.providerRecord(name, attributes: [("a1", "\(below(3))")]))
      case 4: return .leaveProvider(owner: me)
      case 5:
        return .grant(
          Grant(
            granter: me,
            grantee: you,
            kind: pick([.fees, .deposits]),
            limit: coin(),
            expiresAt: chain.moment.time.advanced(byMilliseconds: below(50_000))
          )
        )
      case 6: return .delegate(delegator: me, validator: validator, amount: coin())
      case 7: return .undelegate(delegator: me, validator: validator, amount: coin())
      case 8: return .redelegate(delegator: me, from: validator, to: chain.address("second"), amount: coin())
      case 9: return .withdrawReward(delegator: me, validator: validator)
      case 10: return .unjail(validator: me)
      case 11:
        let change = ParameterChange(
          key: pick([
            "take.default_basis_points", "currency.uakt.take_basis_points", "market.payout_interval_ticks",
          ]),
          value: pick(["1", "0", "9000", "10001", "x"])
        )
        return .submitProposal(
          SubmitProposal(
            proposer: me,
            title: "t",
            summary: "",
            contents: [.parameters([change])],
            deposit: [Coin(pick([1_000, 10_000_000]), .uakt)],
            isExpedited: below(2) == 0
          )
        )
      case 12:
        return .depositProposal(
          id: 1 + below(5),
          depositor: me,
          amount: [Coin(pick([1, 10_000_000]), .uakt)]
        )
      default:
        return .vote(
          id: 1 + below(5),
          voter: me,
          options: [WeightedVoteOption(option: pick(VoteOption.allCases), weight: Decimal18(1))]
        )
      }
    }
  }

  @Test(arguments: 1...6) func `random workloads conserve money, and refusals change nothing`(seed: UInt64)
    throws
  {
    let chain = try TestChain.market(
      parameters: [
        .payoutInterval: 7, .proposalMinimumDeposit: 10_000_000, .votingPeriod: 60_000,
        .depositPeriod: 60_000,
        .unbondingTime: 120_000, .expeditedMinimumDeposit: 10_000_000, .expeditedVotingPeriod: 30_000,
        .takeShareToStakers: 3_000, .signedBlocksWindow: 10, .downtimeJail: 30_000,
      ],
      adjust: { genesis in
        genesis.validators.append(
          .init(
            operatorAddress: Address(SigningKey(seed: Digest.sha256("second".utf8).bytes)!.publicKey),
            consensusKey: SigningKey(seed: Digest.sha256("key of second".utf8).bytes)!.publicKey,
            moniker: "second",
            stake: Amount(4_000_000),
            commission: Decimal18("0.1")!
          )
        )
        for index in genesis.accounts.indices { genesis.accounts[index].coins.append(Coin(0, .uakt)) }
      }
    )
    var player = Player(chain: chain, generator: SeededGenerator(seed: seed))
    var successes = 0
    var codes: Set<String> = []
    for _ in 0..<220 {
      if player.below(2) == 0 { chain.advance(ticks: player.below(9)) }
      if player.below(40) == 0 {
        chain.evidence = [
          .init(validator: chain.address("second"), height: chain.moment.height, time: chain.moment.time)
        ]
      }
      chain.lastCommit = [.init(validator: chain.address("second"), hasSigned: player.below(3) == 0)]
      let name = player.pick(player.people)
      let action = player.below(2) == 0 ? player.market(name) : player.other(name)
      let transaction = chain.transaction(
        [action],
        by: name,
        fee: Fee(amount: Coin(5_000, player.pick([.uakt, .uusdc])))
      )
      let receipt = check(transaction, on: chain)
      successes += receipt.isSuccess ? 1 : 0
      codes.insert(receipt.codeText)
    }
    #expect(successes > 25, "\(successes)")
    #expect(codes.count > 12, "\(codes)")
  }

  /// Executes a transaction beside an empty block and compares what both changed when it is refused.
  private func check(_ transaction: Transaction, on chain: TestChain) -> Receipt {
    let before = chain.state
    let outcome = chain.block([transaction])
    let receipt = outcome.receipts[0]
    MoneyInEvents.expectToExplain(outcome, of: [transaction], from: before, to: chain.state)
    guard !receipt.isSuccess else { return receipt }
    var input = BlockInput(moment: chain.moment)
    input.lastCommit = chain.lastCommit
    guard let fee = receipt.fee else {
      if chain.query.sequence(of: transaction.sender) != transaction.sequence {
        Issue.record("a transaction that could not pay used its sequence number")
      }
      return receipt
    }
    #expect(chain.query.sequence(of: transaction.sender) == transaction.sequence + 1)
    // The same transaction doing nothing but pay: what is left must be the same.
    let draft = TransactionDraft(
      actions: [
        .send(Send(from: transaction.sender, to: transaction.sender, amount: [Coin(1, fee.denomination)]))
      ],
      sequence: transaction.sequence,
      fee: transaction.fee
    )
    let payer = Transaction(
      draft.signed(by: transaction.signer, chain: TestChain.id) { _ in transaction.signature }
    )
    input.evidence = []
    if outcome.events.contains(where: { $0.name == "validator_slashed" }) { return receipt }
    let twin = Executor.execute(input, transactions: [payer], on: before)
    if twin.receipts[0].isSuccess { #expect(twin.changes == outcome.changes, "\(receipt.log)") }
    return receipt
  }
}

extension Transaction {
  fileprivate init(_ other: Transaction) { self = other }
}
