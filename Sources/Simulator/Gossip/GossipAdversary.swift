import Chain
import Cryptography
import Gossip
import Primitives

/// The common state of all Byzantine peers (attackers) of a gossip network.
struct GossipAdversary {
  let attack: GossipScenario.Attack
  /// Authentic objects and node records that the replay attack sends again; at most 10,000.
  private(set) var kept: [SignedObject] = []
  /// The newest 64 object digests that each neighbour announced, by the attacker's and neighbour's indices.
  var announced: [Int: [Int: [UInt64]]] = [:]
  /// How many old objects were sent again.
  var replayed: UInt64 = 0
  /// How many times 0.1 s have passed since the attack began.
  var ticks = 0
  /// Traffic between attackers and honest peers in an amplification scenario. It is counted in the attack and
  /// in the comparison run without an attack.
  var attackTraffic = AmplificationTraffic()
  /// 64 keys with which attackers sign made-up objects.
  var keys: [SigningKey] = []
  /// The keys that have no account on the chain.
  private var unfunded: Set<PublicKey> = []
  /// The number of objects and records that attackers have made up.
  var madeUpCount: UInt64 = 0
  /// The peer that an eclipse attack isolates; nil before the attack begins.
  var victim: Int?
  var hasRestarted = false

  init(_ scenario: GossipScenario) {
    attack = scenario.attack
    var generator = SeededGenerator(seed: scenario.seed ^ 0x6C69_6172)
    keys = (0..<64).compactMap { _ in
      SigningKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
    unfunded = Set(keys.dropFirst(4).map(\.publicKey))
  }

  /// Whether, in a flood, this is an attacker's key without an account. All but four of their keys are.
  func isUnfunded(_ key: PublicKey) -> Bool { attack == .flood && unfunded.contains(key) }

  /// Whether an attacker lets its gossip core send this message.
  func allows(_ message: GossipMessage, to receiver: Int) -> Bool {
    switch attack {
    case .drop, .eclipse:
      // They take part in choosing suppliers, to be chosen, but send no objects, announcements or records.
      switch message {
      case .packet(let packet): return packet.objects.isEmpty && packet.digests.isEmpty
      case .probe: return true
      case .objects, .ranges, .recordsRequest, .records: return false
      }
    case .flood, .replay, .amplification, .censorship: return true
    }
  }

  /// Stores an object for the replay attack.
  mutating func keep(_ object: SignedObject, _ index: Int) {
    guard attack == .replay, kept.count < 10_000 else { return }
    kept.append(object)
  }
}

extension GossipNetwork {
  /// Lets the Byzantine peers begin. The victim is the first honest, reachable peer that publishes nothing.
  func beginAttack() {
    guard scenario.byzantinePartsPerMillion > 0 else { return }
    guard !scenario.isBaseline else {
      events.insert(.tick, at: now)
      return
    }
    isAttacking = true
    adversary.victim = peers.indices.first {
      peers[$0].isHonest && !origins.contains($0) && !peers[$0].isHidden
    }
    if scenario.attack != .drop, scenario.attack != .censorship { events.insert(.tick, at: now) }
  }

  /// One step of all attackers; it is repeated every 0.1 s.
  func attackTick() {
    adversary.ticks += 1
    countSessions()
    events.insert(.tick, at: now + .milliseconds(100))
    guard isAttacking else { return }
    for index in peers.indices where peers[index].isByzantine && peers[index].isAlive {
      switch scenario.attack {
      case .flood: flood(from: index)
      case .replay: replay(from: index)
      case .amplification: requestLargeAnswers(from: index)
      case .eclipse: dialVictim(from: index)
      case .drop, .censorship: break
      }
    }
    if scenario.attack == .eclipse { restartVictim() }
  }

  /// Handles a message that an attacker receives besides its gossip core. The attacker stores what its attack can
  /// use; in an eclipse attack it answers a request for records with made-up ones.
  func received(_ message: GossipMessage, from sender: Int, byAttacker index: Int) {
    switch (scenario.attack, message) {
    case (.amplification, .packet(let packet)) where !packet.digests.isEmpty:
      var list = adversary.announced[index]?[sender] ?? []
      list.append(contentsOf: packet.digests)
      adversary.announced[index, default: [:]][sender] = Array(list.suffix(64))
    case (.replay, .packet(let packet)):
      for object in packet.objects where object.kind == .nodeRecord { adversary.keep(object, index) }
    case (.replay, .records(let records)): for record in records { adversary.keep(record, index) }
    case (.eclipse, .recordsRequest): inject(.records(madeUpRecords()), from: index, to: sender, via: .stream)
    default: break
    }
  }

  /// Sends a message over an attacker's session, without its gossip core.
  private func inject(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    via delivery: GossipCore.Delivery
  ) {
    guard let session = peers[index].sessions[other] else { return }
    transmit(message, from: index, to: other, session: session, via: delivery)
  }

  /// Sends every neighbour 100 new objects, 64 STOP entries and 64 announcements; called ten times a second.
  /// One attacker in ten forges the signature of one of the objects.
  private func flood(from index: Int) {
    let neighbours = peers[index].sessions.keys.sorted()
    guard !neighbours.isEmpty else { return }
    var objects: [SignedObject] = []
    for _ in 0..<100 {
      adversary.madeUpCount += 1
      let key = adversary.keys[Int(adversary.madeUpCount) % adversary.keys.count]
      objects.append(bid(by: key, adversary.madeUpCount + 1 << 40))
    }
    if index.isMultiple(of: 10), let first = objects.popLast() { objects.append(forge(first)) }
    var tags: [UInt64] = []
    for _ in 0..<64 { tags.append(generator.next()) }
    for other in neighbours {
      for start in stride(from: 0, to: objects.count, by: 4) {
        var packet = Packet()
        packet.objects = Array(objects[start..<min(start + 4, objects.count)])
        inject(.packet(packet), from: index, to: other, via: .datagram)
      }
      var packet = Packet()
      packet.stops = tags
      packet.digests = tags
      inject(.packet(packet), from: index, to: other, via: .datagram)
    }
  }

  /// The object with one bit of its encoding flipped, so that its signature is invalid.
  private func forge(_ object: SignedObject) -> SignedObject {
    var bytes = object.encoded
    bytes[bytes.count - 1] ^= 1
    guard let copy = try? SignedObject(decoding: bytes, chain: chain) else { return object }
    forged.insert(copy.signature)
    return copy
  }

  /// Sends every neighbour 20 old objects.
  private func replay(from index: Int) {
    guard !adversary.kept.isEmpty else { return }
    for other in peers[index].sessions.keys.sorted() {
      for _ in 0..<5 {
        var packet = Packet()
        for _ in 0..<4 {
          packet.objects.append(adversary.kept[Int(generator.next(below: UInt64(adversary.kept.count)))])
        }
        adversary.replayed += UInt64(packet.objects.count)
        inject(.packet(packet), from: index, to: other, via: .datagram)
      }
    }
  }

  /// Asks every neighbour for large answers with small requests: the newest 64 objects that it announced, 16
  /// node records, and a reconciliation with an empty set. Half of the attackers do so only every 2 s.
  private func requestLargeAnswers(from index: Int) {
    guard !AmplificationTraffic.asksOnlyWhenDue(index) || adversary.ticks.isMultiple(of: 20) else { return }
    for other in peers[index].sessions.keys.sorted() {
      var packet = Packet()
      packet.wants = adversary.announced[index]?[other] ?? []
      if !packet.wants.isEmpty { inject(.packet(packet), from: index, to: other, via: .datagram) }
      inject(.recordsRequest(count: 16), from: index, to: other, via: .stream)
      var ranges = RangeMessage()
      ranges.ranges = [.init(upper: nil, content: .listed([]))]
      inject(.ranges(ranges), from: index, to: other, via: .stream)
    }
  }

  /// Dials the victim, with a probability of 1/10 in each call, to fill its inbound places.
  private func dialVictim(from index: Int) {
    guard let victim = adversary.victim, peers[index].sessions[victim] == nil,
      generator.next(below: 10) == 0
    else { return }
    let dial = Dial(address: peers[victim].address, expectedKey: peers[victim].id, purpose: .outbound)
    events.insert(.connect(dial, from: index, to: victim), at: now + delay(index, victim))
  }

  /// Node records with new keys whose addresses lie in three address groups.
  private func madeUpRecords() -> [SignedObject] {
    (0..<GossipLimits.records).compactMap { _ in
      let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      adversary.madeUpCount += 1
      let host =
        "10.\(adversary.madeUpCount % 3).\(adversary.madeUpCount / 250 % 250).\(adversary.madeUpCount % 250)"
      return SigningKey(seed: seed).map { record($0, ["\(host):26656"]) }
    }
  }

  /// 40 s after the attack began, restarts the victim once: it loses its sessions and its memory, and
  /// restores its address book and anchors (the peers to dial first), as from disk.
  private func restartVictim() {
    guard let victim = adversary.victim, !adversary.hasRestarted,
      now >= scenario.attackAt + .seconds(40)
    else { return }
    adversary.hasRestarted = true
    let persisted = peers[victim].machine.persisted
    peers[victim].isAlive = false
    for other in peers[victim].sessions.keys.sorted() { breakSession(victim, other) }
    peers[victim].isAlive = true
    peers[victim].incarnation += 1
    peers[victim].machine = machine(peers[victim].id, victim)
    step(victim, .committed(GossipScenario.time))
    do {
      try peers[victim].machine.restore(
        book: persisted.book,
        anchors: persisted.anchors,
        chain: chain,
        at: now
      )
    } catch {
      preconditionFailure("a book that was just written is damaged: \(error)")
    }
    events.insert(.start(victim), at: now + .seconds(1))
  }
}
