import API
import Chain
import Cryptography
import Foundation
import Ledger
import Node
import Primitives
import Storage
import Wire

/// The accounts of a settlement measurement and the leases that run when it begins.
///
/// The ledger executes the agreements that open the leases, tick by tick, as in blocks. But the changes are
/// written to the store without commits, like a snapshot that a node restores, and the state tree is made
/// once at the end. So a million leases take minutes, and the state is the same as after real blocks.
struct SettlementMarket {
  /// How many accounts are due for a payout at each measured tick.
  static let dueAccounts = 100
  /// Ticks between payouts. All leases are opened within one such interval.
  static let interval: UInt64 = 600
  /// The most agreements in one execution of the ledger.
  private static let agreementsPerExecution = 2_000

  let leases: Int
  let dueTicks: Int
  let chain: ChainID
  let operatorKey: SigningKey
  private(set) var moment: Moment
  private let genesis: Genesis
  private let tenants: [SigningKey]
  private let providers: [SigningKey]
  private var sequences: [UInt64]
  private let folder: URL

  /// - Throws: `Failure` for a name that is not legal.
  init(leases: Int, folder: URL) throws {
    self.leases = leases
    self.folder = folder
    dueTicks = min(20, leases / (2 * Self.dueAccounts))
    guard let chain = ChainID("bench") else { throw Failure("the chain's name is not legal") }
    self.chain = chain
    tenants = (0..<256).map { Self.key("tenant \($0)") }
    providers = (0..<64).map { Self.key("provider \($0)") }
    operatorKey = Self.key("validator")
    sequences = Array(repeating: 0, count: 256)
    genesis = Self.genesis(chain, people: tenants + providers + [operatorKey], operatorKey: operatorKey)
    moment = Moment(height: 0, time: genesis.time, tick: 0)
  }

  static func key(_ name: String) -> SigningKey {
    guard let key = SigningKey(seed: Digest.sha256(name.utf8).bytes) else {
      preconditionFailure("a digest has as many bytes as a seed")
    }
    return key
  }

  private static func genesis(_ chain: ChainID, people: [SigningKey], operatorKey: SigningKey) -> Genesis {
    var parameters = Parameters()
    parameters[.payoutInterval] = interval
    // The measurement leaps over many ticks at once.
    parameters[.maximumBilledInterval] = ParameterKey.maximumBilledInterval.definition.range.upperBound
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
      accounts: people.map { .init(address: $0.address, coins: [Coin(50_000_000_000_000, .uakt)]) },
      validators: [
        .init(
          operatorAddress: operatorKey.address,
          consensusKey: key("consensus").publicKey,
          moniker: "validator",
          stake: Amount(1_000_000_000),
          commission: Decimal18(raw: Decimal18.one / 10)
        )
      ]
    )
  }

  // MARK: Opening

  /// Opens the leases and closes the store, which is then that of a node. Returns the state's root.
  ///
  /// In each of the first `dueTicks` ticks it opens `dueAccounts` leases, whose payouts are measured later.
  /// It opens the others in later ticks of the interval.
  mutating func open(_ progress: (Int) -> Void) throws -> Digest {
    // Restoring may use more memory than a node; the measurement itself runs with a node's options.
    var options = DatabaseOptions()
    options.writeBufferBytes = 384 << 20
    options.cacheBytes = 256 << 20
    let store = try NodeStore(path: folder.path, options: options)
    let state = StoreState(store: store)
    try stage(Executor.genesis(genesis).changes, in: store)
    let registrations = providers.map { key in
      let record = ProviderRecord(owner: key.address, hostURI: "https://p.example", attributes: [])
      return draft(.registerProvider(record), by: key, sequence: 0)
    }
    try execute(registrations, on: state, store)
    try openAll(on: state, store, progress)
    let count = LedgerQuery(state: state).runningLeaseCount
    guard count == leases else { throw Failure("\(count) leases are running, not \(leases)") }
    let root = try makeTree(of: state, store)
    try store.initialize(
      StoreOrigin(chainID: chain.text, genesisDigest: genesis.digest.bytes, height: moment.height)
    )
    try store.database.flush()
    _ = store.database.close()
    // The measurement begins at the last tick before the first payouts.
    moment.advance(ticks: Self.interval - 1 - moment.tick)
    return root
  }

  private mutating func openAll(on state: StoreState, _ store: NodeStore, _ progress: (Int) -> Void) throws {
    var total = 0
    for _ in 0..<dueTicks {
      try open(Self.dueAccounts, from: &total, on: state, store)
      moment.advance(ticks: 1)
    }
    let first = dueTicks * Self.dueAccounts
    let ticksLeft = Int(Self.interval) - 2 * dueTicks
    var next = max(leases / 10, total + 1)
    for tick in 0..<ticksLeft {
      let target = first + (leases - first) * (tick + 1) / ticksLeft
      while total < target {
        try open(min(Self.agreementsPerExecution, target - total), from: &total, on: state, store)
      }
      if total >= next, total < leases {
        progress(total)
        next = total + leases / 10
      }
      moment.advance(ticks: 1)
    }
  }

  private mutating func open(
    _ count: Int,
    from next: inout Int,
    on state: StoreState,
    _ store: NodeStore
  ) throws {
    var transactions: [Transaction] = []
    for index in next..<(next + count) {
      let tenant = index % tenants.count
      let action = try agreement(index, tenant: tenants[tenant], provider: providers[index % providers.count])
      transactions.append(draft(action, by: tenants[tenant], sequence: sequences[tenant]))
      sequences[tenant] += 1
    }
    next += count
    try execute(transactions, on: state, store)
  }

  private mutating func execute(_ transactions: [Transaction], on state: StoreState, _ store: NodeStore)
    throws
  {
    moment.height += 1
    let outcome = Executor.execute(
      BlockInput(moment: moment),
      transactions: transactions,
      on: state,
      checks: Checks { _, _, _, _, _ in true }
    )
    if let failed = outcome.receipts.first(where: { !$0.isSuccess }) {
      throw Failure("the ledger refuses what the measurement does", why: failed.log)
    }
    try stage(outcome.changes, in: store)
  }

  private func stage(_ changes: [StateChange], in store: NodeStore) throws {
    let entries = try changes.map { change in
      // Opening leases never removes an entry, and staging could not remove one.
      guard let value = change.value else { throw Failure("opening leases removed an entry") }
      return Entry(key: change.key, value: value)
    }
    try store.stage(state: entries, tree: [], marks: [])
  }

  /// Makes and stores the state tree over all entries and returns its root. It handles a sixteenth of the key
  /// digests at a time, to bound the memory for pages.
  private func makeTree(of state: StoreState, _ store: NodeStore) throws -> Digest {
    var parts: [[StateTreeChange]] = Array(repeating: [], count: 16)
    var from: [UInt8] = []
    while true {
      let entries = try store.stateEntries(from: from, limit: 4_096)
      for entry in entries {
        let change = StateTreeChange(key: entry.key, value: entry.value)
        parts[Int(change.key.bytes[0] >> 4)].append(change)
      }
      guard let last = entries.last, entries.count == 4_096 else { break }
      from = last.key + [0]
    }
    var root = StateTree.emptyRoot
    for part in parts.indices {
      let update = try StateTree.apply(parts[part], to: state, root: root)
      parts[part] = []
      var pages = update.pages[...]
      while !pages.isEmpty {
        let entries = pages.prefix(4_096).compactMap { path, page in
          page.map { Entry(key: path.encoded(), value: $0.encoded()) }
        }
        try store.stage(state: [], tree: entries, marks: [])
        pages = pages.dropFirst(4_096)
      }
      root = update.root
    }
    return root
  }

  // MARK: What people sign

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
    let signed = try object(.order, order.encoded, of: tenant)
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
        bids: [try object(.bid, bid.encoded, of: provider)],
        choices: [.init(group: 1, bid: 0)]
      )
    )
  }

  /// A signed object whose signature is all zeros, since nothing checks it.
  private func object(_ kind: SignedObject.Kind, _ body: [UInt8], of key: SigningKey) throws -> SignedObject {
    var wire = Supercloud_Market_V1_SignedObject()
    wire.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    wire.publicKey = Data(key.publicKey.bytes)
    wire.body = Data(body)
    wire.signature = Data(count: 64)
    return try SignedObject(decoding: wire.encoded, chain: chain)
  }

  /// A transaction whose signature is all zeros, since nothing checks it.
  func draft(_ action: Action, by key: SigningKey, sequence: UInt64) -> Transaction {
    TransactionDraft(actions: [action], sequence: sequence, fee: Fee(amount: nil))
      .signed(by: key.publicKey, chain: chain) { _ in
        guard let signature = Signature(Array(repeating: 0, count: 64)) else {
          preconditionFailure("a signature has 64 bytes")
        }
        return signature
      }
  }
}

extension Moment {
  /// Ticks of six seconds.
  mutating func advance(ticks: UInt64) {
    tick += ticks
    time = time.advanced(byMilliseconds: ticks * 6_000)
  }
}
