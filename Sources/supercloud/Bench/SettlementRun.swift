import Chain
import Cryptography
import Foundation
import Ledger
import Node
import Primitives
import Replication
import Storage

/// One size: a store, its genesis, its leases, and blocks that are timed.
struct SettlementRun {
  /// Accounts that fall due at each measured tick.
  private static let dueAccounts = 100
  private static let opened = 2_000
  /// Ticks between payouts: leases are opened within one interval.
  private static let interval: UInt64 = 600

  private let leases: Int
  private let dueTicks: Int
  private let chain: ChainID
  let store: NodeStore
  private let state: StoreState
  private(set) var root: Digest
  private(set) var moment: Moment
  private let tenants: [SigningKey]
  private let providers: [SigningKey]
  private let validator: SigningKey
  private var sequences: [UInt64]
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

  init(leases: Int, folder: URL) throws {
    self.leases = leases
    dueTicks = min(20, leases / (2 * Self.dueAccounts))
    guard let chain = ChainID("bench") else { throw Failure("the chain's name is not legal") }
    self.chain = chain
    tenants = (0..<256).map { Self.key("tenant \($0)") }
    providers = (0..<64).map { Self.key("provider \($0)") }
    validator = Self.key("validator")
    sequences = Array(repeating: 0, count: 256)
    let genesis = Self.genesis(chain, tenants: tenants, providers: providers, validator: validator)
    store = try NodeStore(path: folder.path)
    let outcome = try Executor.genesis(genesis)
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot
    )
    var origin = StoreOrigin(chainID: chain.text, genesisDigest: genesis.digest.bytes)
    origin.state = outcome.changes.compactMap { change in
      change.value.map { Entry(key: change.key, value: $0) }
    }
    origin.tree = update.pages.compactMap { path, page in
      page.map { Entry(key: path.encoded(), value: $0.encoded()) }
    }
    try store.initialize(origin)
    state = StoreState(store: store)
    root = update.root
    moment = Moment(height: 0, time: genesis.time, tick: 0)
  }

  static func key(_ name: String) -> SigningKey {
    guard let key = SigningKey(seed: Digest.sha256(name.utf8).bytes) else {
      preconditionFailure("a digest has as many bytes as a seed")
    }
    return key
  }

  private static func genesis(
    _ chain: ChainID,
    tenants: [SigningKey],
    providers: [SigningKey],
    validator: SigningKey
  ) -> Genesis {
    var parameters = Parameters()
    parameters[.payoutInterval] = interval
    parameters[.proposalMinimumDeposit] = 1
    parameters[.votingPeriod] = 1_000
    let currency = Currency(
      denomination: .uakt,
      symbol: "AKT",
      exponent: 6,
      minimumDeposit: Amount(1),
      leaseDeposit: .zero,
      minimumFee: .zero,
      takeBasisPoints: 400
    )
    return Genesis(
      chain: chain,
      time: Timestamp(milliseconds: 1_800_000_000_000),
      currencies: [currency],
      parameters: parameters,
      accounts: (tenants + providers + [validator]).map {
        .init(address: $0.address, coins: [Coin(50_000_000_000_000, .uakt)])
      },
      validators: [
        .init(
          operatorAddress: validator.address,
          consensusKey: key("consensus").publicKey,
          moniker: "validator",
          stake: Amount(1_000_000_000),
          commission: Decimal18(raw: Decimal18.one / 10)
        )
      ]
    )
  }

  /// Opens the leases and measures.
  mutating func measure(_ progress: (String) -> Void) throws -> SettlementRow {
    let opening = try openLeases(progress)
    progress("\(leases) leases: measuring")
    let takeRate = try measureTakeRate()
    let (idle, due) = try measureDue()
    return SettlementRow(leases: leases, openingSeconds: opening, idle: idle, due: due, takeRate: takeRate)
  }

  /// Returns the seconds that it took.
  mutating func openLeases(_ progress: (String) -> Void) throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    let registrations = providers.map { key in
      let record = ProviderRecord(owner: key.address, hostURI: "https://p.example", attributes: [])
      return draft(.registerProvider(record), by: key, sequence: 0)
    }
    try block(registrations)
    let leases = leases
    try openAll { progress("\(leases) leases: \($0) are open") }
    let opening = (clock.now - start).seconds
    progress("\(leases) leases: opened in \(String(format: "%.1f", opening)) s")
    try store.database.flush()
    return opening
  }

  /// The first ticks get as many leases as are due at once later; the others are opened after them, within an interval.
  private mutating func openAll(_ progress: (Int) -> Void) throws {
    var total = 0
    for _ in 0..<dueTicks {
      try open(Self.dueAccounts, from: &total)
      advance(ticks: 1)
    }
    let ticksLeft = Int(Self.interval) - 2 * dueTicks
    var next = leases / 10
    for tick in 0..<ticksLeft {
      let target =
        dueTicks * Self.dueAccounts + (leases - dueTicks * Self.dueAccounts) * (tick + 1) / ticksLeft
      while total < target { try open(min(Self.opened, target - total), from: &total) }
      if total >= next, total < leases {
        progress(total)
        next += leases / 10
      }
      advance(ticks: 1)
    }
    let count = LedgerQuery(state: state).runningLeaseCount
    guard count == leases else { throw Failure("\(count) leases are running, not \(leases)") }
    // Up to the tick before the first payouts.
    advance(ticks: Self.interval - 1 - moment.tick)
  }

  private mutating func open(_ count: Int, from next: inout Int) throws {
    var transactions: [Transaction] = []
    for index in next..<(next + count) {
      let tenant = index % tenants.count
      let action = try agreement(index, tenant: tenants[tenant], provider: providers[index % providers.count])
      transactions.append(draft(action, by: tenants[tenant], sequence: sequences[tenant]))
      sequences[tenant] += 1
    }
    next += count
    try block(transactions)
  }

  private func agreement(_ index: Int, tenant: SigningKey, provider: SigningKey) throws -> Action {
    let price = DecimalCoin(Decimal18(raw: Decimal18.one * 5 / 4), .uakt)
    let resources = Resources(
      id: 1,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)]
    )
    let spec = GroupSpec(
      name: "group",
      requirements: PlacementRequirements(),
      units: [ResourceUnit(resources: resources, count: 1, price: price)]
    )
    let order = Order(
      deployment: DeploymentID(owner: tenant.address, sequence: UInt64(index) + 1),
      groups: [.init(sequence: 1, spec: spec)],
      manifestHash: .zero,
      deposit: Coin(10_000_000, .uakt),
      expiresAt: moment.time.advanced(byMilliseconds: 600_000)
    )
    let signed = SignedObject(kind: .order, body: order.encoded, signer: tenant, chain: chain)
    let bid = Bid(
      order: signed.identifier,
      provider: provider.address,
      groups: [.init(sequence: 1, price: price, offer: [ResourceOffer(resources: resources, count: 1)])],
      expiresAt: order.expiresAt
    )
    return .agreeLease(
      AgreeLease(
        owner: tenant.address,
        order: signed,
        bids: [SignedObject(kind: .bid, body: bid.encoded, signer: provider, chain: chain)],
        choices: [.init(group: 1, bid: 0)]
      )
    )
  }

  private func draft(_ action: Action, by key: SigningKey, sequence: UInt64) -> Transaction {
    TransactionDraft(actions: [action], sequence: sequence, fee: Fee(amount: nil))
      .signed(by: key.publicKey, chain: chain) { _ in
        guard let signature = Signature(Array(repeating: 0, count: 64)) else {
          preconditionFailure("a signature has 64 bytes")
        }
        return signature
      }
  }

  private mutating func advance(ticks: UInt64) {
    moment.tick += ticks
    moment.time = moment.time.advanced(byMilliseconds: ticks * 6_000)
  }

  /// Executes, makes the tree and commits, as a node does.
  private mutating func block(_ transactions: [Transaction] = []) throws {
    moment.height += 1
    let clock = ContinuousClock()
    let begin = clock.now
    let outcome = Executor.execute(
      BlockInput(moment: moment, proposer: validator.address),
      transactions: transactions,
      on: state,
      isAuthentic: { _, _ in true }
    )
    let executed = clock.now
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: state,
      root: root
    )
    let hashed = clock.now
    if let failed = outcome.receipts.first(where: { !$0.isSuccess }) {
      throw Failure("the ledger refuses what the measurement does", why: failed.log)
    }
    let commit = record(outcome, update, transactions)
    try store.commit(commit)
    let end = clock.now
    root = update.root
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
    let header = Header(
      version: 1,
      chain: chain,
      height: moment.height,
      time: moment.time,
      parent: .zero,
      stateRoot: root,
      receiptsRoot: .zero,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: .zero,
      nextValidatorsHash: .zero,
      proposer: validator.address
    )
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

  /// A vote on the rate is over: the block that applies it, with all leases running.
  private mutating func measureTakeRate() throws -> BlockCost {
    var all: [Sample] = []
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
        options: [WeightedVote(option: .yes, weight: Decimal18(1))]
      )
      let submission = draft(.submitProposal(proposal), by: validator, sequence: sequence)
      try block([submission])
      let ballot = draft(vote, by: validator, sequence: sequence + 1)
      try block([ballot])
      sequence += 2
      moment.time = moment.time.advanced(byMilliseconds: 1_000)
      all += try measured { try $0.block() }
      let rate = LedgerQuery(state: state).currencies.first?.takeBasisPoints
      guard rate == UInt32(400 + round) else { throw Failure("the take rate did not change") }
    }
    return Self.cost(all)
  }

  /// At each tick: a block in which 100 accounts are due, then blocks in which nothing is.
  private mutating func measureDue() throws -> (idle: BlockCost, due: BlockCost) {
    var idle: [Sample] = []
    var due: [Sample] = []
    idle += try measured { run in for _ in 0..<20 { try run.idleBlock() } }
    for _ in 0..<dueTicks {
      advance(ticks: 1)
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
      milliseconds: median { $0.total.seconds * 1_000 },
      executionMicroseconds: median { $0.execution.seconds * 1_000_000 },
      treeMicroseconds: median { $0.tree.seconds * 1_000_000 },
      commitMilliseconds: median { $0.commit.seconds * 1_000 },
      stateBytes: Int(median { Double($0.stateBytes) }),
      writtenBytes: Int(median { Double($0.writtenBytes) })
    )
  }
}

extension BlockCommit {
  /// Bytes of keys and values.
  fileprivate var size: Int {
    let entries = (state + tree).reduce(0) { $0 + $1.key.count + ($1.value?.count ?? 0) }
    return entries + header.count + body.count + certificate.count + receipts.count + 40 * transactions.count
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
