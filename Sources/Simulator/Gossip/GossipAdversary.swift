import Chain
import Cryptography
import Gossip
import Primitives

/// What the Byzantine peers share, and what it cost the honest ones.
struct GossipAdversary {
  let attack: GossipScenario.Attack
  /// Authentic objects to be sent again.
  private(set) var kept: [SignedObject] = []
  /// What neighbours announced, by attacker and neighbour.
  var announced: [Int: [Int: [UInt64]]] = [:]
  /// Old objects that were sent again.
  var replayed: UInt64 = 0
  var ticks = 0
  /// What passes between attackers and honest peers while traffic is counted, whether they attack or, for comparison,
  /// behave.
  var draws = Draws()
  /// Keys under which objects and records are made up.
  var keys: [SigningKey] = []
  private var unfunded: Set<PublicKey> = []
  var made: UInt64 = 0
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

  /// All but four of the made-up keys.
  func isUnfunded(_ key: PublicKey) -> Bool {
    attack == .flood && unfunded.contains(key)
  }

  /// Whether an attacker's machine may send this.
  func lets(_ message: GossipMessage, to receiver: Int) -> Bool {
    switch attack {
    case .drop, .eclipse:
      // They keep up appearances: suppliers are managed, nothing is given.
      switch message {
      case .packet(let packet): return packet.objects.isEmpty && packet.digests.isEmpty
      case .probe: return true
      case .objects, .ranges, .recordsRequest, .records: return false
      }
    case .flood, .replay, .amplification, .censorship: return true
    }
  }

  mutating func keep(_ object: SignedObject, _ index: Int) {
    guard attack == .replay, kept.count < 10_000 else { return }
    kept.append(object)
  }
}

extension GossipNetwork {
  func beginAttack() {
    guard scenario.byzantinePartsPerMillion > 0 else { return }
    guard !scenario.isCalm else {
      events.insert(.tick, at: now)
      return
    }
    isAttacking = true
    adversary.victim = peers.indices.first {
      peers[$0].isHonest && !origins.contains($0) && !peers[$0].isHidden
    }
    if scenario.attack != .drop, scenario.attack != .censorship { events.insert(.tick, at: now) }
  }

  /// A tenth of a second of every attacker's work.
  func attackTick() {
    adversary.ticks += 1
    countSessions()
    events.insert(.tick, at: now + .milliseconds(100))
    guard isAttacking else { return }
    for index in peers.indices where peers[index].isByzantine && peers[index].isAlive {
      switch scenario.attack {
      case .flood: flood(from: index)
      case .replay: replay(from: index)
      case .amplification: ask(from: index)
      case .eclipse: surround(from: index)
      case .drop, .censorship: break
      }
    }
    if scenario.attack == .eclipse { restartVictim() }
  }

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

  /// Sends over an attacker's session what its machine did not say.
  private func inject(
    _ message: GossipMessage,
    from index: Int,
    to other: Int,
    via delivery: GossipCore.Delivery
  ) {
    guard let session = peers[index].sessions[other] else { return }
    transmit(message, from: index, to: other, session: session, via: delivery)
  }

  /// A thousand objects a second to every neighbour, with as many control entries; one attacker in ten forges.
  private func flood(from index: Int) {
    let neighbours = peers[index].sessions.keys.sorted()
    guard !neighbours.isEmpty else { return }
    var objects: [SignedObject] = []
    for _ in 0..<100 {
      adversary.made += 1
      let key = adversary.keys[Int(adversary.made) % adversary.keys.count]
      objects.append(bid(by: key, adversary.made + 1 << 40))
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

  private func forge(_ object: SignedObject) -> SignedObject {
    var bytes = object.encoded
    bytes[bytes.count - 1] ^= 1
    guard let copy = try? SignedObject(decoding: bytes, chain: chain) else { return object }
    forged.insert(copy.signature)
    return copy
  }

  /// Twenty old objects to every neighbour.
  private func replay(from index: Int) {
    guard !adversary.kept.isEmpty else { return }
    for other in peers[index].sessions.keys.sorted() {
      for _ in 0..<5 {
        var packet = Packet()
        for _ in 0..<4 {
          packet.objects.append(
            adversary.kept[Int(generator.next(below: UInt64(adversary.kept.count)))]
          )
        }
        adversary.replayed += UInt64(packet.objects.count)
        inject(.packet(packet), from: index, to: other, via: .datagram)
      }
    }
  }

  /// Everything that a neighbour announced, again and again; records; a comparison with an empty set.
  private func ask(from index: Int) {
    guard !Draws.isThrifty(index) || adversary.ticks.isMultiple(of: 20) else { return }
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

  /// Takes the victim's inbound places.
  private func surround(from index: Int) {
    guard let victim = adversary.victim, peers[index].sessions[victim] == nil,
      generator.next(below: 10) == 0
    else { return }
    let dial = Dial(address: peers[victim].address, expectedKey: peers[victim].id, purpose: .outbound)
    events.insert(.connect(dial, from: index, to: victim), at: now + delay(index, victim))
  }

  private func madeUpRecords() -> [SignedObject] {
    (0..<GossipLimits.records).compactMap { _ in
      let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      adversary.made += 1
      let host = "10.\(adversary.made % 3).\(adversary.made / 250 % 250).\(adversary.made % 250)"
      return SigningKey(seed: seed).map { record($0, ["\(host):26656"]) }
    }
  }

  /// After forty seconds the victim loses its sessions and comes back with what it has on disk.
  private func restartVictim() {
    guard let victim = adversary.victim, !adversary.hasRestarted,
      now >= scenario.attackAt + .seconds(40)
    else { return }
    adversary.hasRestarted = true
    let persisted = peers[victim].machine.persisted
    peers[victim].isAlive = false
    for other in peers[victim].sessions.keys.sorted() { cut(victim, other) }
    peers[victim].isAlive = true
    peers[victim].life += 1
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
