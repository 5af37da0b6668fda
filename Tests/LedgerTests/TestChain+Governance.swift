import Chain
import Primitives

@testable import Ledger

extension TestChain {
  /// Three validators with 30, 20 and 10 units of stake, people with money, and short periods.
  static func voting(_ parameters: [ParameterKey: UInt64] = [:]) throws -> TestChain {
    var values: [ParameterKey: UInt64] = [
      .proposalMinimumDeposit: 10_000_000, .depositPeriod: 60_000, .votingPeriod: 60_000,
      .expeditedMinimumDeposit: 20_000_000, .expeditedVotingPeriod: 30_000,
    ]
    for (key, value) in parameters { values[key] = value }
    let rich = [Coin(1_000_000_000, .uakt), Coin(1_000_000_000, .uusdc)]
    let people = ["a", "b", "c", "alice", "bob", "tenant", "provider"]
    return try TestChain(
      balances: Dictionary(uniqueKeysWithValues: people.map { ($0, rich) }),
      validators: [("a", 30_000_000), ("b", 20_000_000), ("c", 10_000_000)],
      parameters: values
    )
  }

  /// Alice proposes `contents`.
  @discardableResult func propose(
    _ contents: [ProposalContent],
    deposit: UInt64 = 10_000_000,
    expedited: Bool = false,
    change: (inout SubmitProposal) -> Void = { _ in }
  ) -> Receipt {
    var proposal = SubmitProposal(
      proposer: address("alice"),
      title: "title",
      summary: "summary",
      contents: contents,
      deposit: [Coin(deposit, .uakt)],
      isExpedited: expedited
    )
    change(&proposal)
    return submit(.submitProposal(proposal), by: "alice")
  }
}

extension LedgerQuery {
  /// The upgrade that was voted for and whose height is not reached yet.
  var plannedUpgrade: SoftwareUpgrade? { state.read(Tables.chain, SingleKey())?.upgrade }
}
