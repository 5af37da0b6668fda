import API
import Chain
import Cryptography
public import Foundation
import Ledger
import Node
import Primitives
import Replication
import Storage

/// The measurement for one number of leases: makes a store with that many running leases and times blocks on
/// it.
public struct SettlementRun {
  private let market: SettlementMarket
  private let store: NodeStore
  private let state: StoreState
  private let openingSeconds: Double
  private var stateRoot: Digest
  private var moment: Moment
  private var isMeasured = false
  private var samples: [Sample] = []

  private struct Sample {
    var total: Duration
    var execution: Duration
    var tree: Duration
    var commit: Duration
    var stateBytes: Int
    var writtenBytes: Int
  }

  /// Makes a store with running leases, then opens it as a node does.
  ///
  /// `leases`: at least 1,000. `folder`: an empty folder. `progress`: called with a text for each phase.
  ///
  /// - Throws: `Failure` when the ledger refuses the leases, `StorageError` when the folder cannot be used.
  public init(leases: Int, folder: URL, _ progress: (String) -> Void) throws {
    let clock = ContinuousClock()
    let start = clock.now
    var market = try SettlementMarket(leases: leases, folder: folder)
    stateRoot = try market.open { progress("\(leases) leases: \($0) are open") }
    self.market = market
    moment = market.moment
    store = try NodeStore(path: folder.path)
    state = StoreState(store: store)
    openingSeconds = (clock.now - start) / .seconds(1)
    progress("\(leases) leases: opened in \(String(format: "%.1f", openingSeconds)) s; measuring")
  }

  /// Times blocks of each kind.
  ///
  /// - Throws: The same errors as the initializer.
  public mutating func measure() throws -> SettlementRow {
    let takeRate = try measureTakeRate()
    let (idle, due) = try measureDue()
    return SettlementRow(
      leases: market.leases,
      openingSeconds: openingSeconds,
      peakBytes: PeakMemory.bytes,
      idle: idle,
      due: due,
      takeRate: takeRate
    )
  }

  /// Executes a block, updates the state tree and commits, as a node does. Records the times while
  /// `isMeasured`.
  private mutating func block(_ transactions: [Transaction] = []) throws {
    moment.height += 1
    let clock = ContinuousClock()
    let begin = clock.now
    let outcome = Executor.execute(
      BlockInput(moment: moment),
      transactions: transactions,
      on: state,
      checks: Checks { _, _, _, _, _ in true }
    )
    let executed = clock.now
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: state,
      root: stateRoot
    )
    let hashed = clock.now
    if let failed = outcome.receipts.first(where: { !$0.isSuccess }) {
      throw Failure("the ledger refuses what the measurement does", why: failed.log)
    }
    let commit = record(outcome, update, transactions)
    try store.commit(commit)
    let end = clock.now
    stateRoot = update.root
    guard isMeasured else { return }
    samples.append(
      Sample(
        total: end - begin,
        execution: executed - begin,
        tree: hashed - executed,
        commit: end - hashed,
        stateBytes: commit.state.reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) },
        writtenBytes: commit.size
      )
    )
  }

  private func record(
    _ outcome: BlockOutcome,
    _ update: StateTreeUpdate,
    _ transactions: [Transaction]
  ) -> BlockCommit {
    var header = Header.empty(market.chain, moment.height, moment.time, by: market.operatorKey.address)
    header.stateRoot = stateRoot
    var commit = BlockCommit(
      height: moment.height,
      header: header.encoded,
      body: transactions.flatMap(\.encoded),
      certificate: [],
      receipts: BlockReceipts.encode(outcome)
    )
    commit.state = outcome.changes.map { Change(key: $0.key, value: $0.value) }
    commit.tree = update.pages.map { Change(key: $0.path.encoded(), value: $0.page?.encoded()) }
    commit.transactions = transactions.map(\.hash.bytes)
    return commit
  }

  // MARK: What is measured

  private mutating func measured(_ body: (inout SettlementRun) throws -> Void) throws -> [Sample] {
    samples = []
    isMeasured = true
    defer { isMeasured = false }
    try body(&self)
    return samples
  }

  /// Measures the block that applies a new take rate after a vote on it, with all leases running.
  private mutating func measureTakeRate() throws -> BlockCost {
    var all: [Sample] = []
    let validator = market.operatorKey
    var sequence: UInt64 = 0
    for round in 1...5 {
      let change = ParameterChange(key: "currency.uakt.take_basis_points", value: "\(400 + round)")
      let proposal = SubmitProposal(
        proposer: validator.address,
        title: "take",
        summary: "",
        contents: [.parameters([change])],
        deposit: [Coin(1, .uakt)]
      )
      let vote = Action.vote(
        id: UInt64(round),
        voter: validator.address,
        options: [WeightedVoteOption(option: .yes, weight: Decimal18(1))]
      )
      try block([market.draft(.submitProposal(proposal), by: validator, sequence: sequence)])
      try block([market.draft(vote, by: validator, sequence: sequence + 1)])
      sequence += 2
      moment.time = moment.time.advanced(byMilliseconds: 1_000)
      all += try measured { try $0.block() }
      let rate = LedgerQuery(state: state).currencies.first?.takeBasisPoints
      guard rate == UInt32(400 + round) else { throw Failure("the take rate did not change") }
    }
    return Self.cost(all)
  }

  /// Measures at each tick one block in which `SettlementMarket.dueAccounts` accounts are due, and 20 in
  /// which none is.
  private mutating func measureDue() throws -> (idle: BlockCost, due: BlockCost) {
    var idle: [Sample] = []
    var due: [Sample] = []
    idle += try measured { run in for _ in 0..<20 { try run.idleBlock() } }
    for _ in 0..<market.dueTicks {
      moment.advance(ticks: 1)
      let before = due.count
      due += try measured { try $0.block() }
      guard due.count == before + 1 else { throw Failure("a block was not measured") }
      idle += try measured { run in for _ in 0..<20 { try run.idleBlock() } }
    }
    return (Self.cost(idle), Self.cost(due))
  }

  private mutating func idleBlock() throws {
    moment.time = moment.time.advanced(byMilliseconds: 10)
    try block()
  }

  private static func cost(_ samples: [Sample]) -> BlockCost {
    func median(_ part: (Sample) -> Double) -> Double {
      let sorted = samples.map(part).sorted()
      return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
    return BlockCost(
      samples: samples.count,
      milliseconds: median { $0.total / .milliseconds(1) },
      executionMicroseconds: median { $0.execution / .microseconds(1) },
      treeMicroseconds: median { $0.tree / .microseconds(1) },
      commitMilliseconds: median { $0.commit / .milliseconds(1) },
      stateBytes: Int(median { Double($0.stateBytes) }),
      writtenBytes: Int(median { Double($0.writtenBytes) })
    )
  }
}

extension Header {
  /// A header whose digests are zero.
  static func empty(_ chain: ChainID, _ height: Height, _ time: Timestamp, by proposer: Address) -> Header {
    Header(
      version: 1,
      chain: chain,
      height: height,
      time: time,
      parent: .zero,
      stateRoot: .zero,
      receiptsRoot: .zero,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: .zero,
      nextValidatorsHash: .zero,
      proposer: proposer
    )
  }
}

extension BlockCommit {
  /// The approximate number of bytes that the commit writes to the store.
  fileprivate var size: Int {
    let entries = (state + tree).reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) }
    return entries + header.count + body.count + certificate.count + receipts.count + 40 * transactions.count
  }
}
