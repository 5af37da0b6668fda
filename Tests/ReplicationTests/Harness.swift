import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives
import Synchronization

@testable import Replication
@testable import Simulator

/// Committed state in memory.
final class MemoryStore: ReplicaState {
  struct Contents {
    var state = MemoryState()
    var pages: [NibblePath: StateTreePage] = [:]
    var tip: Tip
    var blocks: [CommittedBlock] = []
  }

  private let contents: Mutex<Contents>

  init(_ contents: Contents) {
    self.contents = Mutex(contents)
  }

  var snapshot: Contents { contents.withLock { $0 } }
  var tip: Tip { contents.withLock { $0.tip } }
  var blocks: [CommittedBlock] { contents.withLock { $0.blocks } }

  func value(for key: [UInt8]) -> [UInt8]? { contents.withLock { $0.state.value(for: key) } }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    contents.withLock { $0.state.entries(from: from, to: to, limit: limit) }
  }

  func page(at path: NibblePath) -> StateTreePage? { contents.withLock { $0.pages[path] } }

  func write(_ commit: Commit) {
    contents.withLock { contents in
      contents.state.apply(commit.outcome.changes)
      for (path, page) in commit.pages { contents.pages[path] = page }
      contents.tip = commit.tip
      contents.blocks.append(
        CommittedBlock(block: commit.block.encoded, certificate: commit.certificate.encoded)
      )
    }
  }
}

/// A chain of a few validators with equal stakes, and an account with money.
struct World {
  static let chain = ChainID("replicas-1")!

  let validators: [SigningKey]
  let tenant: SigningKey
  let genesis: Genesis
  let origin: MemoryStore.Contents

  static func key(_ number: Int) -> SigningKey {
    SigningKey(seed: Array(repeating: UInt8(number), count: 32))!
  }

  init(validators count: Int = 4, parameters: [ParameterKey: UInt64] = [:]) throws {
    validators = (0..<count).map { Self.key($0 + 1) }
    tenant = Self.key(100)
    let currency = Currency(
      denomination: .uakt,
      symbol: "AKT",
      exponent: 6,
      minimumDeposit: Amount(500_000),
      leaseDeposit: Amount(500_000),
      minimumFee: Amount(10),
      takeBasisPoints: 400
    )
    var values = Parameters()
    for key in ParameterKey.allCases { if let value = parameters[key] { values[key] = value } }
    genesis = Genesis(
      chain: Self.chain,
      time: Timestamp(milliseconds: 1_700_000_000_000),
      currencies: [currency],
      parameters: values,
      accounts: [Genesis.Account(address: tenant.address, coins: [Coin(1_000_000_000_000, .uakt)])],
      validators: validators.enumerated().map { index, key in
        Genesis.Validator(
          operatorAddress: key.address,
          consensusKey: key.publicKey,
          moniker: "\(index)",
          stake: Amount(1_000_000_000),
          commission: Decimal18("0.05")!
        )
      }
    )
    let outcome = try Executor.genesis(genesis)
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot
    )
    var contents = MemoryStore.Contents(
      tip: try Tip(genesis: genesis, stateRoot: update.root, validators: outcome.validators)
    )
    contents.state.apply(outcome.changes)
    for (path, page) in update.pages { contents.pages[path] = page }
    origin = contents
  }

  func transfer(_ sequence: UInt64, to: Address = World.key(200).address, by key: SigningKey? = nil)
    -> Transaction
  {
    let key = key ?? tenant
    let send = Send(from: key.address, to: to, amount: [Coin(7, .uakt)])
    return TransactionDraft(
      actions: [.send(send)],
      sequence: sequence,
      fee: Fee(amount: Coin(10, .uakt))
    )
    .signed(by: key, chain: genesis.chain)
  }
}

/// One replica whose effects are performed at once: everything is durable as soon as it is asked for.
final class Harness {
  let world: World
  let key: SigningKey?
  let store: MemoryStore
  let checks: Checks
  let name: PeerID
  var replica: Replica<MemoryStore>
  var now = Instant.zero
  var sent: [(message: PeerMessage, to: PeerID)] = []
  var records: [ReplicaRecord] = []
  var released: [SignedMessage] = []
  var requests: [SigningRequest] = []
  /// Messages of the own key that came from outside.
  var foundOwn: [SignedMessage] = []
  var alarms: [Alarm] = []
  var faults: [Fault] = []
  /// While true, what goes to the disk waits there in its order, and so do the answers.
  var isDiskSlow = false {
    didSet { if !isDiskSlow { finishWriting() } }
  }
  private var waiting: [ReplicaEffect] = []
  private var receipts: [Digest: Receipt] = [:]
  var dials: [Dial] = []
  /// Node keys of the validators, and their consensus keys, as the transport was told last.
  var reserved: [PeerID] = []
  var validatorKeys: [PublicKey] = []
  private var vouched: [PeerID] = []
  /// What was committed after each height.
  var contents: [Height: MemoryStore.Contents] = [:]
  private var timers = EventQueue<ReplicaTimer>(seed: 1)
  private var answers: [ReplicaInput] = []

  /// `key`: nil for a follower.
  init(
    _ world: World,
    key: SigningKey?,
    contents: MemoryStore.Contents? = nil,
    checks: Checks = .ed25519,
    name: Int = 50
  ) {
    self.world = world
    self.key = key
    let store = MemoryStore(contents ?? world.origin)
    self.store = store
    self.checks = checks
    self.name = World.key(name).publicKey
    replica = Self.replica(world, key, store: store, name: self.name, checks: checks)
    self.contents[store.tip.height] = store.snapshot
  }

  /// A replica as a node makes it when it starts.
  static func replica(
    _ world: World,
    _ key: SigningKey?,
    store: MemoryStore,
    name: PeerID,
    checks: Checks = .ed25519
  ) -> Replica<MemoryStore> {
    var configuration = ReplicaConfiguration(
      genesis: world.genesis,
      consensusKey: key?.publicKey,
      timeouts: .lan,
      checks: checks
    )
    configuration.compactThreshold = 0
    return Replica(
      configuration: configuration,
      tip: store.tip,
      state: store,
      gossip: GossipCore(peer: name, settings: .local, seed: 7, at: .zero)
    )
  }

  private func makeTurn() -> ReplicaTurn {
    let milliseconds = now.nanoseconds / 1_000_000
    return ReplicaTurn(at: now, wall: world.genesis.time.advanced(byMilliseconds: 1 + milliseconds))
  }

  /// Told of all that is hashed in a step.
  var hashes: HashMeter?

  func step(_ input: ReplicaInput) {
    guard let hashes else { return handle(input) }
    hashes.counting { handle(input) }
  }

  /// What became of a transaction that a block had.
  func receipt(of transaction: Transaction) -> Receipt? { receipts[transaction.hash] }

  private func handle(_ input: ReplicaInput) {
    answers.append(input)
    while !answers.isEmpty {
      var turn = makeTurn()
      replica.step(answers.removeFirst(), &turn)
      replica.step(.batchEnded, &turn)
      for effect in turn.effects { perform(effect) }
    }
  }

  @discardableResult
  func admit(_ transaction: Transaction) -> Admission {
    var turn = makeTurn()
    replica.step(.submitted([transaction], Ticket(0)), &turn)
    for effect in turn.effects { perform(effect) }
    drain()
    for case .answer(_, .admitted(let admissions)) in turn.effects { return admissions[0] }
    preconditionFailure("a submission is answered in its turn")
  }

  func connect(_ peer: PeerID, role: NodeRecord.Role = .validator) {
    step(
      .connected(
        peer,
        Connection(direction: .inbound, host: "peer"),
        role: role,
        voucher: role == .validator ? voucher(for: peer) : nil
      )
    )
  }

  /// Every peer that is to be a validator gets a key of the set, from the second one on.
  private func voucher(for peer: PeerID) -> NodeVoucher? {
    if !vouched.contains(peer) { vouched.append(peer) }
    guard let place = vouched.firstIndex(of: peer), place < world.validators.count else {
      return nil
    }
    return NodeVoucher(
      for: peer,
      as: .validator,
      by: world.validators[(place + 1) % world.validators.count],
      expiresAt: world.genesis.time.advanced(byMilliseconds: NodeVoucher.lifetime),
      chain: world.genesis.chain
    )
  }

  private func drain() {
    while !answers.isEmpty { step(answers.removeFirst()) }
  }

  var isWaitingToSign: Bool { waiting.contains { if case .sign = $0 { true } else { false } } }

  /// Lets the slow disk do its next job.
  func writeOne() {
    guard !waiting.isEmpty else { return }
    performNow(waiting.removeFirst())
    drain()
  }

  private func finishWriting() {
    let effects = waiting
    waiting = []
    for effect in effects { performNow(effect) }
    drain()
  }

  private func perform(_ effect: ReplicaEffect) {
    if isDiskSlow {
      switch effect {
      case .log, .sign, .commit: return waiting.append(effect)
      default: break
      }
    }
    performNow(effect)
  }

  private func performNow(_ effect: ReplicaEffect) {
    switch effect {
    case .send(let message, let peers): for peer in peers { sent.append((message, peer)) }
    case .log(let record): records.append(record)
    case .sign(let request):
      requests.append(request)
      guard let key else { return }
      let signature = key.sign(
        domain: request.domain,
        chain: world.genesis.chain.text,
        request.signBody
      )
      guard let message = request.message(with: signature) else { return }
      released.append(message)
      answers.append(.signed(message))
    case .commit(let commit):
      store.write(commit)
      for (transaction, receipt) in zip(commit.transactions, commit.outcome.receipts) {
        receipts[transaction.hash] = receipt
      }
      contents[commit.tip.height] = store.snapshot
      answers.append(.durable(commit.tip.height))
    case .schedule(let timer, let interval):
      timers.insert(timer, at: now + interval, keepsOrder: true)
    case .verifyTransactions(let raw, let block):
      let transactions = raw.compactMap {
        try? checks.transaction($0.bytes, hash: $0.hash, on: world.genesis.chain)
      }
      let isAuthentic = transactions.count == raw.count
      answers.append(.transactionsVerified(block: block, isAuthentic ? transactions : nil))
    case .verify(let object):
      let content = ObjectContent(of: object, on: world.genesis.chain, checkedBy: checks)
      answers.append(.objectVerified(object.identifier, content))
    case .serveBlocks(let peer, let from, let count):
      let blocks = store.blocks.dropFirst(Int(from) - 1).prefix(Int(count))
      sent.append((.blocksResponse(Array(blocks)), peer))
    case .foundOwn(let message): foundOwn.append(message)
    case .alarm(let alarm): alarms.append(alarm)
    case .faulted(_, let fault): faults.append(fault)
    case .dial(let dial): dials.append(dial)
    case .validatorsKnown(let nodes, let keys):
      reserved = nodes
      validatorKeys = keys
    default: break
    }
  }

  /// Lets time pass until `condition` holds or the limit is over.
  @discardableResult
  func run(for limit: Interval = .seconds(60), until condition: (Harness) -> Bool) -> Bool {
    let end = now + limit
    while !condition(self) {
      guard let (at, timer) = timers.next(until: end) else { return false }
      now = max(now, at)
      step(.timeout(timer))
    }
    return true
  }

  /// A chain that one validator alone makes, with a few transfers in each block.
  static func chain(_ world: World, heights: Height) -> Harness {
    let maker = Harness(world, key: world.validators[0], name: 60)
    maker.step(.started)
    var sequence: UInt64 = 0
    while maker.store.tip.height < heights {
      for _ in 0..<3 {
        maker.admit(world.transfer(sequence))
        sequence += 1
      }
      let height = maker.store.tip.height
      maker.run { $0.store.tip.height > height }
    }
    return maker
  }
}

extension Header {
  /// Of a legal block on `tip`, so many milliseconds later.
  init(on tip: Tip, milliseconds: UInt64) {
    self.init(
      version: 1,
      chain: World.chain,
      height: tip.height + 1,
      time: tip.time.advanced(byMilliseconds: milliseconds),
      parent: tip.block,
      stateRoot: tip.stateRoot,
      receiptsRoot: tip.receiptsRoot,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: tip.validators.hash,
      nextValidatorsHash: tip.nextValidators.hash,
      proposer: tip.validators.members[0].address
    )
  }
}
