import Chain
import Cryptography
import Gossip
import Primitives

/// Many gossip machines under virtual time.
///
/// The delay model: half of the median round trip between ten regions and its spread, up to 2 ms of batching
/// per hop, 58 µs per signature check, one after another per peer. A datagram may be lost; a stream keeps
/// order and is 200 ms late instead. Machines choose their neighbours themselves.
final class GossipNetwork<Machine: GossipMachine> {
  enum Event {
    case start(Int)
    case connect(Dial, from: Int, to: Int)
    case refused(Dial, Int)
    case ended(Int, other: Int, session: UInt64)
    case frame(GossipMessage, from: Int, to: Int, session: UInt64)
    case timer(GossipCore.Timer, Int, life: UInt64)
    case verified(Digest, Bool, Int)
    case publish
    case count
    case attack
    case tick
    case churn
    case measure
  }

  struct Peer {
    let key: SigningKey
    let record: SignedObject
    let address: String
    var machine: Machine
    /// Of the machine: timers of an earlier one mean nothing.
    var life: UInt64 = 0
    /// The session's number, by neighbour.
    var sessions: [Int: UInt64] = [:]
    var dialed: Set<Int> = []
    /// When the last frame over the stream arrives, by receiver.
    var streams: [Int: Instant] = [:]
    var isAlive = true
    var isByzantine = false
    /// Nobody can reach it; it reaches others.
    var isHidden = false
    /// Has no UDP.
    var usesStreamsOnly = false
    var busyUntil: Instant = .zero
    var joinedAt: Instant = .zero

    var id: PeerID { key.publicKey }
    var isHonest: Bool { isAlive && !isByzantine }
  }

  let scenario: GossipScenario
  let chain: ChainID
  let delays = DelayModel(kind: .regions)
  var peers: [Peer] = []
  var indexes: [PeerID: Int] = [:]
  var addresses: [String: Int] = [:]
  var generator: SeededGenerator
  var events: EventQueue<Event>
  var now: Instant = .zero
  var handled: UInt64 = 0
  var nextSession: UInt64 = 1
  var origins: [Int] = []
  var published = 0
  var isCounting = false
  var isAttacking = false
  var measure: GossipMeasure
  var adversary: GossipAdversary
  /// Signatures that do not hold.
  var forged: Set<Signature> = []
  var known: [PeerID] = []
  var mesh: [PeerID] = []

  init(_ scenario: GossipScenario) {
    guard let chain = ChainID("gossip-1") else { preconditionFailure("a literal is well formed") }
    self.scenario = scenario
    self.chain = chain
    generator = SeededGenerator(seed: scenario.seed ^ 0x676F_7373_6970)
    events = EventQueue(seed: scenario.seed)
    measure = GossipMeasure(capacity: scenario.peers + scenario.newcomers)
    adversary = GossipAdversary(scenario)
    for _ in 0..<scenario.peers { addPeer() }
    chooseRoles()
    for index in peers.indices { introduce(index) }
  }

  private func addPeer() {
    let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    guard let key = SigningKey(seed: seed) else { preconditionFailure("a seed has 32 bytes") }
    let index = peers.count
    let isByzantine =
      generator.chance(partsPerMillion: scenario.byzantinePartsPerMillion) && index >= scenario.origins
    // Attackers of an eclipse own few address groups; everybody else sits in his own.
    let host =
      isByzantine && scenario.attack == .eclipse
      ? "10.\(index % 3).\(index / 250).\(index % 250)" : "\(11 + index / 200).\(index % 200).0.1"
    let address = "\(host):26656/26656"
    let isHidden =
      generator.chance(partsPerMillion: scenario.hiddenPartsPerMillion) && index >= scenario.validators
    var peer = Peer(
      key: key,
      record: record(key, isHidden ? [] : [address]),
      address: address,
      machine: machine(key.publicKey, index)
    )
    peer.isByzantine = isByzantine
    peer.isHidden = isHidden
    peer.usesStreamsOnly = generator.chance(partsPerMillion: scenario.streamOnlyPartsPerMillion)
    peer.joinedAt = now
    indexes[peer.id] = index
    addresses[address] = index
    peers.append(peer)
  }

  func record(_ key: SigningKey, _ addresses: [String]) -> SignedObject {
    let record = NodeRecord(
      sequence: 1,
      addresses: addresses,
      role: .full,
      protocolVersion: 1,
      expiresAt: GossipScenario.time.advanced(byMilliseconds: 86_400_000)
    )
    return SignedObject(kind: .nodeRecord, body: record.encoded, signer: key, chain: chain)
  }

  func machine(_ peer: PeerID, _ index: Int) -> Machine {
    var settings = scenario.settings
    settings.peers.outbound = scenario.outbound
    // Whom the chain vouches for gets more dials than others and is taken to be well connected.
    settings.peers.inbound = isStaked(index) ? 64 : 24
    return Machine(peer: peer, settings: settings, seed: generator.next(), at: now)
  }

  /// The validators, and a fixed share of all peers.
  func isStaked(_ index: Int) -> Bool {
    index < scenario.validators
      || UInt64(index) * 7_919 % 1_000 < scenario.stakedPartsPerMillion / 1_000 && !isAttackerByIndex(index)
  }

  /// Stake is what attackers of an eclipse lack.
  private func isAttackerByIndex(_ index: Int) -> Bool {
    scenario.attack == .eclipse && index < peers.count && peers[index].isByzantine
  }

  private func chooseRoles() {
    known = peers.indices.filter { isStaked($0) && !(scenario.attack == .eclipse && peers[$0].isByzantine) }
      .map { peers[$0].id }
    mesh = peers.prefix(scenario.validators).map(\.id)
    let honest = peers.indices.filter { !peers[$0].isByzantine }
    while origins.count < min(scenario.origins, honest.count) {
      let candidate = honest[Int(generator.next(below: UInt64(honest.count)))]
      if !origins.contains(candidate) { origins.append(candidate) }
    }
  }

  /// Gives a peer some records from an earlier run and starts it within a second.
  func introduce(_ index: Int) {
    var records: [SignedObject] = []
    for _ in 0..<min(96, peers.count) {
      let other = Int(generator.next(below: UInt64(peers.count)))
      if other != index, !peers[other].isHidden { records.append(peers[other].record) }
    }
    // Validators find each other by the records that the chain vouches for.
    if index < scenario.validators { records += peers.prefix(scenario.validators).map(\.record) }
    peers[index].machine.learn(records, at: now)
    events.insert(.start(index), at: now + Interval(nanoseconds: generator.next(below: 1_000_000_000)))
  }

  /// A newcomer takes the place of one who left.
  func join() -> Int {
    addPeer()
    let index = peers.count - 1
    peers[index].isByzantine = false
    introduce(index)
    return index
  }

  /// Runs until `end`.
  func run(until end: Instant) {
    while let (at, event) = events.next(until: end) {
      now = at
      handled += 1
      handle(event)
    }
    now = end
  }
}

extension GossipScenario {
  /// The time of the newest block, which stands still.
  static let time = Timestamp(milliseconds: 1_700_000_000_000)

  var newcomers: Int { Int(UInt64(peers) * churnPartsPerMillion / 1_000_000) }
  var warmUpObjects: Int { origins * warmUp }

  /// When the Byzantine peers begin, and when counting does.
  ///
  /// Routes settle for a second before anybody misbehaves; an eclipse is prepared for a minute.
  var attackAt: Instant {
    .zero + settling + Interval(nanoseconds: UInt64(warmUpObjects) * interval.nanoseconds) + .seconds(1)
  }
  var countingAt: Instant { attackAt + (attack == .eclipse ? .seconds(60) : .seconds(1)) }
  var end: Instant {
    countingAt + Interval(nanoseconds: UInt64(messages) * interval.nanoseconds) + tail
  }
}
