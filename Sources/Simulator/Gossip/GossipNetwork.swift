import Chain
import Cryptography
import Gossip
import Primitives

/// A network of gossip machines (`GossipMachine`) in virtual time.
///
/// Messages take the delays between ten regions (`DelayModel`) and up to 2 ms of batching per hop. A
/// signature check takes 58 µs, and a peer does one at a time. A lost datagram does not arrive; a loss on a
/// stream, which keeps its order, delays the message by 200 ms. Machines choose their neighbours themselves.
final class GossipNetwork<Machine: GossipMachine> {
  /// Something that happens at an instant of virtual time. Numbers without a label are indices of peers.
  enum Event {
    case start(Int)
    case connect(Dial, from: Int, to: Int)
    /// A dial has failed.
    case refused(Dial, Int)
    /// A peer learns that the other side has ended the session.
    case ended(Int, other: Int, session: UInt64)
    /// A message arrives.
    case frame(GossipMessage, from: Int, to: Int, session: UInt64)
    case timer(GossipCore.Timer, Int, incarnation: UInt64)
    /// A peer has checked an object's signature; the content is nil when it is invalid.
    case verified(Digest, ObjectContent?, Int)
    case publish
    /// The counted part of the run begins.
    case startCounting
    /// The Byzantine peers begin to misbehave.
    case attack
    /// Attackers act; every 0.1 s.
    case tick
    /// One peer leaves and another joins.
    case churn
    /// Traffic is no longer counted.
    case stopCounting
  }

  /// One peer of the network. Its index in `peers` never changes, even when it has left.
  struct Peer {
    let key: SigningKey
    let record: SignedObject
    let address: String
    var machine: Machine
    /// Increases when the peer restarts with a new machine; timers of an earlier machine are ignored.
    var incarnation: UInt64 = 0
    /// The number of the session with each neighbour, by the neighbour's index.
    var sessions: [Int: UInt64] = [:]
    /// The neighbours whose session this peer dialed.
    var dialed: Set<Int> = []
    /// When the last message on the stream to each neighbour arrives; no later message may arrive before it.
    var streams: [Int: Instant] = [:]
    /// False when the peer has left.
    var isAlive = true
    var isByzantine = false
    /// Whether the peer cannot be dialed, as behind a NAT. It dials others.
    var isHidden = false
    /// Whether the peer has no UDP and sends everything over streams.
    var usesStreamsOnly = false
    /// When the peer will have finished the signature checks it has begun.
    var busyUntil: Instant = .zero
    var joinedAt: Instant = .zero

    var id: PeerID { key.publicKey }
    /// Whether the peer is in the network and not Byzantine.
    var isHonest: Bool { isAlive && !isByzantine }
  }

  let scenario: GossipScenario
  let chain: ChainID
  let delays = DelayModel(kind: .regions)
  var peers: [Peer] = []
  /// The index of each peer by its key.
  var indexes: [PeerID: Int] = [:]
  /// The index of each peer by its address.
  var addresses: [String: Int] = [:]
  var generator: SeededGenerator
  var events: EventQueue<Event>
  var now: Instant = .zero
  var handled: UInt64 = 0
  var nextSession: UInt64 = 1
  /// The peers that publish objects.
  var origins: [Int] = []
  var published = 0
  /// Whether the counted part of the run has begun.
  var isCounting = false
  /// Whether the Byzantine peers misbehave.
  var isAttacking = false
  var measure: GossipMeasure
  var adversary: GossipAdversary
  /// Decoded bodies of objects, shared by all peers.
  var contents: [Digest: ObjectContent] = [:]
  /// The invalid signatures that attackers made.
  var forged: Set<Signature> = []
  /// The peers whose keys the chain knows, as providers or validators.
  var known: [PeerID] = []
  /// The validators, which keep direct sessions to each other.
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

  /// Adds a peer with properties drawn from the scenario's shares.
  private func addPeer() {
    let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    guard let key = SigningKey(seed: seed) else { preconditionFailure("a seed has 32 bytes") }
    let index = peers.count
    let isByzantine =
      generator.chance(partsPerMillion: scenario.byzantinePartsPerMillion)
      && index >= scenario.origins
    // The attackers of an eclipse have addresses in three groups only; every other peer has its own group.
    let host =
      isByzantine && scenario.attack == .eclipse
      ? "10.\(index % 3).\(index / 250).\(index % 250)" : "\(11 + index / 200).\(index % 200).0.1"
    let address = "\(host):26656/26656"
    let isHidden =
      generator.chance(partsPerMillion: scenario.hiddenPartsPerMillion)
      && index >= scenario.validators
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

  /// A signed node record with these addresses.
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

  /// A new machine for a peer.
  func machine(_ peer: PeerID, _ index: Int) -> Machine {
    var settings = scenario.settings
    settings.peers.outbound = scenario.outbound
    // Peers dial peers that the chain knows more often, so such peers get more inbound places: 64, not 24.
    settings.peers.inbound = isKnownToChain(index) ? 64 : 24
    return Machine(peer: peer, settings: settings, seed: generator.next(), at: now)
  }

  /// Whether the chain knows the peer's key: true for the validators and for a share of the other peers.
  func isKnownToChain(_ index: Int) -> Bool {
    index < scenario.validators
      || UInt64(index) * 7_919 % 1_000 < scenario.knownPartsPerMillion / 1_000
        && !isEclipseAttacker(index)
  }

  /// Whether the peer is an attacker of an eclipse. Such attackers have no stake.
  private func isEclipseAttacker(_ index: Int) -> Bool {
    scenario.attack == .eclipse && index < peers.count && peers[index].isByzantine
  }

  /// Chooses the peers that the chain knows, the validators and the origins.
  private func chooseRoles() {
    known = peers.indices.filter { isKnownToChain($0) && !isEclipseAttacker($0) }.map { peers[$0].id }
    mesh = peers.prefix(scenario.validators).map(\.id)
    let honest = peers.indices.filter { !peers[$0].isByzantine }
    while origins.count < min(scenario.origins, honest.count) {
      let candidate = honest[Int(generator.next(below: UInt64(honest.count)))]
      if !origins.contains(candidate) { origins.append(candidate) }
    }
  }

  /// Gives a peer up to 96 node records, as from an earlier run, and starts it within a second.
  func introduce(_ index: Int) {
    var records: [SignedObject] = []
    for _ in 0..<min(96, peers.count) {
      let other = Int(generator.next(below: UInt64(peers.count)))
      if other != index, !peers[other].isHidden { records.append(peers[other].record) }
    }
    // A validator also knows the records of all validators.
    if index < scenario.validators { records += peers.prefix(scenario.validators).map(\.record) }
    peers[index].machine.learn(records, at: now)
    events.insert(.start(index), at: now + Interval(nanoseconds: generator.next(below: 1_000_000_000)))
  }

  /// Adds an honest peer and returns its index.
  func join() -> Int {
    addPeer()
    let index = peers.count - 1
    peers[index].isByzantine = false
    introduce(index)
    return index
  }

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
  /// The time of the newest block. No block follows during a run.
  static let time = Timestamp(milliseconds: 1_700_000_000_000)

  /// The number of peers that join during the run.
  var newcomers: Int { Int(UInt64(peers) * churnPartsPerMillion / 1_000_000) }
  /// The number of objects that are published before the counting begins.
  var warmUpObjects: Int { origins * warmUpObjectsPerOrigin }

  /// When the Byzantine peers begin to misbehave: 1 s after the last object of the warm-up.
  var attackAt: Instant {
    .zero + settlingTime + Interval(nanoseconds: UInt64(warmUpObjects) * interval.nanoseconds)
      + .seconds(1)
  }
  /// When the counting begins: 1 s after the attack, in an eclipse 60 s after it.
  var countingAt: Instant { attackAt + (attack == .eclipse ? .seconds(60) : .seconds(1)) }
  /// When the run ends.
  var end: Instant { countingAt + Interval(nanoseconds: UInt64(messages) * interval.nanoseconds) + tailTime }
}
