import Chain
import Cryptography
import Gossip
import Primitives
import Simulator

/// What the reference strategies share with the core: whom they are connected to, and what they have seen.
struct Membership {
  var peers: PeerManager
  var neighbours: [PeerID] = []
  var seen: Set<Digest> = []
  /// Objects between arrival and judgement, with those who sent a copy.
  var waiting: [Digest: (object: SignedObject, senders: [PeerID])] = [:]
  var live: [Digest: SignedObject] = [:]
  private var armed: Instant?

  init(peer: PeerID, settings: GossipCore.Settings, seed: UInt64, at now: Instant) {
    peers = PeerManager(
      peer: peer,
      settings: settings.peers,
      generator: SeededGenerator(seed: seed),
      at: now
    )
  }

  /// Handles what is about sessions; true when the set of neighbours may have changed.
  mutating func manage(
    _ input: GossipCore.Input,
    at now: Instant,
    _ effects: inout [GossipCore.Effect]
  ) {
    var inner = PeerManager.Turn(at: now)
    switch input {
    case .connected(let peer, let connection):
      peers.step(.connected(peer, connection), &inner)
      if peers.connectedPeers.contains(peer) { neighbours.append(peer) }
    case .disconnected(let peer):
      neighbours.removeAll { $0 == peer }
      peers.step(.disconnected(peer), &inner)
    case .dialFailed(let dial): peers.step(.dialFailed(dial), &inner)
    case .chainKnows(let known, let mesh):
      peers.step(.chainKnows(peers: known, mesh: mesh), &inner)
    case .committed(let time): peers.step(.committed(time), &inner)
    case .fired(.peers): peers.step(.fired, &inner)
    default: break
    }
    for effect in inner.effects {
      switch effect {
      case .dial(let dial): effects.append(.dial(dial))
      case .disconnect(let peer, let reason):
        neighbours.removeAll { $0 == peer }
        effects.append(.disconnect(peer, reason))
      case .requestRecords, .sendRecords, .fault: break
      }
    }
    if armed == nil || armed != peers.deadline {
      armed = peers.deadline
      effects.append(.schedule(.peers, at: max(now, peers.deadline)))
    }
  }

  /// A copy came; the first one is to be checked.
  mutating func receive(_ object: SignedObject, from peer: PeerID, _ effects: inout [GossipCore.Effect]) {
    if waiting[object.identifier] != nil {
      waiting[object.identifier]?.senders.append(peer)
    } else if !seen.contains(object.identifier) {
      waiting[object.identifier] = (object, [peer])
      effects.append(.verify(object))
    }
  }

  /// The object and its senders, once it is live.
  mutating func settle(_ identifier: Digest, _ judgement: Judgement) -> (SignedObject, [PeerID])? {
    guard let (object, senders) = waiting.removeValue(forKey: identifier) else { return nil }
    seen.insert(identifier)
    guard judgement == .accepted else { return nil }
    live[identifier] = object
    return (object, senders)
  }

  static func packet(_ object: SignedObject) -> GossipMessage {
    var packet = Packet()
    packet.objects = [object]
    return .packet(packet)
  }
}

/// Every object to every neighbour but those that sent it.
struct FloodMachine: GossipMachine {
  var membership: Membership

  init(peer: PeerID, settings: GossipCore.Settings, seed: UInt64, at now: Instant) {
    membership = Membership(peer: peer, settings: settings, seed: seed, at: now)
  }

  mutating func start(_ turn: inout GossipCore.Turn) {
    membership.manage(.fired(.peers), at: turn.now, &turn.effects)
  }

  mutating func step(_ input: GossipCore.Input, _ turn: inout GossipCore.Turn) {
    switch input {
    case .received(.packet(let packet), let peer):
      for object in packet.objects { membership.receive(object, from: peer, &turn.effects) }
    case .verified(let identifier, let content):
      if let content, let object = membership.waiting[identifier]?.object {
        turn.effects.append(.deliver(object, content, from: nil))
      }
    case .judged(let identifier, let judgement):
      if let (object, senders) = membership.settle(identifier, judgement) {
        push(object, except: senders, &turn.effects)
      }
    case .published(let object):
      guard object.kind != .nodeRecord else { return }
      membership.seen.insert(object.identifier)
      push(object, except: [], &turn.effects)
    default: membership.manage(input, at: turn.now, &turn.effects)
    }
  }

  private func push(_ object: SignedObject, except senders: [PeerID], _ effects: inout [GossipCore.Effect]) {
    for peer in membership.neighbours where !senders.contains(peer) {
      effects.append(.send(peer, Membership.packet(object), via: .datagram))
    }
  }
}

/// GossipSub's scheme: a mesh of eight among the neighbours, built by GRAFT and PRUNE, and once a second the ids of the
/// last seconds to six others, which ask for what they lack. Scores are left out: nobody misbehaves where it is used.
struct MeshMachine: GossipMachine {
  static let degree = 8
  static let lowest = 6
  static let highest = 12
  /// Stands for the mesh in STOP (PRUNE) and START (GRAFT).
  static let topic: OriginTag = 1

  var membership: Membership
  private let own: PeerID
  private var mesh: [PeerID] = []
  private var recent: [(at: Instant, identifier: Digest)] = []
  private var asked: Set<UInt64> = []
  private var generator: SeededGenerator
  private var beatAt: Instant

  init(peer: PeerID, settings: GossipCore.Settings, seed: UInt64, at now: Instant) {
    own = peer
    membership = Membership(peer: peer, settings: settings, seed: seed, at: now)
    generator = SeededGenerator(seed: seed ^ 0x6D65_7368)
    beatAt = now + Interval(nanoseconds: generator.next(below: 1_000_000_000))
  }

  mutating func start(_ turn: inout GossipCore.Turn) {
    membership.manage(.fired(.peers), at: turn.now, &turn.effects)
    turn.effects.append(.schedule(.dissemination, at: beatAt))
  }

  mutating func step(_ input: GossipCore.Input, _ turn: inout GossipCore.Turn) {
    switch input {
    case .received(.packet(let packet), let peer): receive(packet, from: peer, &turn.effects)
    case .verified(let identifier, let content):
      if let content, let object = membership.waiting[identifier]?.object {
        turn.effects.append(.deliver(object, content, from: nil))
      }
    case .judged(let identifier, let judgement):
      if let (object, senders) = membership.settle(identifier, judgement) {
        push(object, to: mesh.filter { !senders.contains($0) }, at: turn.now, &turn.effects)
      }
    case .published(let object):
      guard object.kind != .nodeRecord else { return }
      membership.seen.insert(object.identifier)
      membership.live[object.identifier] = object
      // Flood publishing, as since GossipSub 1.1.
      push(object, to: membership.neighbours, at: turn.now, &turn.effects)
    case .fired(.dissemination): beat(at: turn.now, &turn.effects)
    default:
      membership.manage(input, at: turn.now, &turn.effects)
      mesh.removeAll { !membership.neighbours.contains($0) }
    }
  }

  private mutating func receive(
    _ packet: Packet,
    from peer: PeerID,
    _ effects: inout [GossipCore.Effect]
  ) {
    for object in packet.objects { membership.receive(object, from: peer, &effects) }
    if packet.starts.contains(Self.topic) {
      if mesh.count < Self.highest, !mesh.contains(peer) {
        mesh.append(peer)
      } else if !mesh.contains(peer) {
        control(stop: true, peer, &effects)
      }
    }
    if packet.stops.contains(Self.topic) { mesh.removeAll { $0 == peer } }
    var answer = Packet()
    let known = Dictionary(
      membership.seen.union(membership.waiting.keys).map { (short($0), $0) },
      uniquingKeysWith: { first, _ in first }
    )
    answer.wants = packet.digests.filter { known[$0] == nil && asked.insert($0).inserted }
    if !answer.wants.isEmpty { effects.append(.send(peer, .packet(answer), via: .datagram)) }
    for want in packet.wants {
      if let object = known[want].flatMap({ membership.live[$0] }) {
        effects.append(.send(peer, Membership.packet(object), via: .datagram))
      }
    }
  }

  private mutating func beat(at now: Instant, _ effects: inout [GossipCore.Effect]) {
    beatAt = now + .seconds(1)
    effects.append(.schedule(.dissemination, at: beatAt))
    asked.removeAll()
    var others = membership.neighbours.filter { !mesh.contains($0) }
    if mesh.count < Self.lowest {
      while mesh.count < Self.degree, !others.isEmpty {
        let peer = others.remove(at: Int(generator.next(below: UInt64(others.count))))
        mesh.append(peer)
        control(stop: false, peer, &effects)
      }
    }
    while mesh.count > Self.highest {
      control(stop: true, mesh.remove(at: Int(generator.next(below: UInt64(mesh.count)))), &effects)
    }
    recent.removeAll { now.since($0.at) > .seconds(3) }
    guard !recent.isEmpty else { return }
    var packet = Packet()
    packet.digests = recent.map { short($0.identifier) }
    for _ in 0..<6 where !others.isEmpty {
      let peer = others.remove(at: Int(generator.next(below: UInt64(others.count))))
      effects.append(.send(peer, .packet(packet), via: .datagram))
    }
  }

  private func control(stop: Bool, _ peer: PeerID, _ effects: inout [GossipCore.Effect]) {
    var packet = Packet()
    if stop { packet.stops = [Self.topic] } else { packet.starts = [Self.topic] }
    effects.append(.send(peer, .packet(packet), via: .stream))
  }

  private mutating func push(
    _ object: SignedObject,
    to peers: [PeerID],
    at now: Instant,
    _ effects: inout [GossipCore.Effect]
  ) {
    recent.append((now, object.identifier))
    for peer in peers { effects.append(.send(peer, Membership.packet(object), via: .datagram)) }
  }

  private func short(_ identifier: Digest) -> UInt64 {
    identifier.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension GossipMachine where Self: HasMembership {
  mutating func learn(_ records: [SignedObject], at now: Instant) {
    for object in records {
      guard case .nodeRecord(let content) = ObjectContent(object) else { continue }
      _ = membership.peers.insert(.init(object: object, content: content), from: nil)
    }
  }

  var figures: GossipMachineFigures { GossipMachineFigures() }

  var persisted: (book: [UInt8], anchors: [PeerID]) { (membership.peers.book.encoded, []) }

  mutating func restore(book: [UInt8], anchors: [PeerID], chain: ChainID, at now: Instant)
    throws(DecodingError)
  {
    try membership.peers.restoreBook(book, chain: chain, at: now)
  }
}

protocol HasMembership {
  var membership: Membership { get set }
}

extension FloodMachine: HasMembership {}
extension MeshMachine: HasMembership {}
