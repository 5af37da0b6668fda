import Chain
import Cryptography
import Gossip
import Primitives
import Testing
import Wire

/// Two machines that answer each other until they are silent.
private struct Pair {
  var machines: [Reconciliation]
  var sets: [Set<Digest>]
  /// Messages and bytes that went either way.
  var messages = 0
  var bytes = 0
  let now = Instant.at(milliseconds: 1_000)

  init(_ left: Set<Digest>, _ right: Set<Digest>) {
    sets = [left, right]
    machines = (0..<2).map { number in
      var settings = Reconciliation.Settings()
      settings.joinRounds = 0
      return Reconciliation(settings: settings, generator: SeededGenerator(seed: UInt64(number)), at: .zero)
    }
    var effects: [Reconciliation.Effect] = []
    for side in 0..<2 {
      machines[side].step(.linked(peer(UInt64(1 - side))), at: .zero, effects: &effects)
      for identifier in sets[side] { machines[side].step(.added(identifier), at: .zero, effects: &effects) }
    }
  }

  /// Begins on the left; objects are delivered as soon as they are supplied.
  mutating func reconcile(at instant: Instant = .at(milliseconds: 20_000), limit: Int = 10_000) throws {
    var effects: [Reconciliation.Effect] = []
    machines[0].step(.fired, at: instant, effects: &effects)
    var queue = effects.map { (side: 0, effect: $0) }
    while !queue.isEmpty {
      let (side, effect) = queue.removeFirst()
      effects = []
      switch effect {
      case .send(let message, _):
        messages += 1
        let encoded = GossipMessage.ranges(message).encoded
        bytes += encoded.count
        guard messages < limit else { return }
        let decoded = try GossipMessage(kind: .ranges, bytes: encoded, chain: chain)
        #expect(decoded == .ranges(message))
        machines[1 - side].step(.received(message, from: peer(UInt64(side))), at: instant, effects: &effects)
      case .supply(let identifiers, _):
        for identifier in identifiers {
          sets[1 - side].insert(identifier)
          machines[1 - side].step(.added(identifier), at: instant, effects: &effects)
        }
        machines[1 - side].step(
          .arrived(identifiers, from: peer(UInt64(side))),
          at: instant,
          effects: &effects
        )
      case .fault(_, let fault): Issue.record("an honest peer is blamed for \(fault)")
      }
      queue += effects.map { (side: 1 - side, effect: $0) }
    }
  }
}

@Suite struct ReconciliationTests {
  private func identifiers(_ count: Int, seed: UInt64) -> Set<Digest> {
    var generator = SeededGenerator(seed: seed)
    return Set(
      (0..<count).map { _ in
        var writer = ByteWriter()
        writer.write(generator.next())
        return Digest.blake2b(writer.bytes)
      }
    )
  }

  @Test func `equal sets are settled by one message and a word that they are equal`() throws {
    let set = identifiers(5_000, seed: 1)
    var pair = Pair(set, set)
    try pair.reconcile()
    #expect(pair.messages == 2 && pair.bytes < 1_200)
  }

  @Test func `a difference costs in proportion to itself, not to the set`() throws {
    let common = identifiers(5_000, seed: 2)
    let left = common.union(identifiers(3, seed: 3))
    let right = common.union(identifiers(4, seed: 4))
    var pair = Pair(left, right)
    try pair.reconcile()
    #expect(pair.sets[0] == left.union(right) && pair.sets[1] == left.union(right))
    #expect(pair.messages <= 10 && pair.bytes < 12_000)
  }

  @Test func `a newcomer gets everything`() throws {
    let set = identifiers(4_000, seed: 5)
    for flipped in [false, true] {
      var pair = flipped ? Pair(set, []) : Pair([], set)
      try pair.reconcile()
      #expect(pair.sets[0] == set && pair.sets[1] == set)
      #expect(pair.messages < 80)
    }
  }

  @Test(arguments: [UInt64](1...8)) func `any two sets become their union within two rounds`(seed: UInt64)
    throws
  {
    var generator = SeededGenerator(seed: seed)
    let common = identifiers(Int(generator.next(below: 600)), seed: seed + 100)
    let left = common.union(identifiers(Int(generator.next(below: 300)), seed: seed + 200))
    let right = common.union(identifiers(Int(generator.next(below: 300)), seed: seed + 300))
    var pair = Pair(left, right)
    try pair.reconcile()
    try pair.reconcile(at: .at(milliseconds: 60_000))
    #expect(pair.sets[0] == left.union(right), "seed \(seed)")
    #expect(pair.sets[1] == left.union(right), "seed \(seed)")
  }

  @Test func `what was asked for a moment ago is not asked for again`() throws {
    var machine = Reconciliation(generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [Reconciliation.Effect] = []
    machine.step(.linked(peer(1)), at: .zero, effects: &effects)
    machine.step(.linked(peer(2)), at: .zero, effects: &effects)
    var message = RangeMessage()
    message.held = identifiers(3, seed: 9).sorted()
    effects = []
    machine.step(.received(message, from: peer(1)), at: .zero, effects: &effects)
    guard case .send(let reply, peer(1))? = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(reply.wanted == message.held)
    effects = []
    machine.step(.received(message, from: peer(2)), at: .at(milliseconds: 500), effects: &effects)
    #expect(effects == [])
    machine.step(.received(message, from: peer(2)), at: .at(milliseconds: 25_000), effects: &effects)
    #expect(effects.count == 1)
  }

  @Test func `lies cost the liar's own allowance and no memory beyond the limit`() {
    var settings = Reconciliation.Settings()
    settings.neededLimit = 500
    settings.steps = .init(perSecond: 4, burst: 20)
    var machine = Reconciliation(settings: settings, generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [Reconciliation.Effect] = []
    machine.step(.linked(peer(1)), at: .zero, effects: &effects)
    effects = []
    for round in 0..<40 {
      var message = RangeMessage()
      message.held = identifiers(1_000, seed: UInt64(round)).sorted()
      message.ranges = [.init(upper: nil, content: .fingerprint(Fingerprint(high: UInt64(round), low: 1)))]
      machine.step(.received(message, from: peer(1)), at: .at(milliseconds: 1), effects: &effects)
    }
    let asked = effects.reduce(0) { sum, effect in
      if case .send(let message, _) = effect { sum + message.wanted.count } else { sum }
    }
    #expect(asked <= settings.chunk)
    #expect(effects.contains(.fault(peer(1), .excessiveRequests)))
  }

  @Test func `a peer that does not deliver is given up for the round`() {
    var machine = Reconciliation(generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [Reconciliation.Effect] = []
    machine.step(.linked(peer(1)), at: .zero, effects: &effects)
    var message = RangeMessage()
    message.held = identifiers(300, seed: 1).sorted()
    machine.step(.received(message, from: peer(1)), at: .zero, effects: &effects)
    machine.step(.fired, at: .at(milliseconds: 10_000), effects: &effects)
    effects = []
    message.held = identifiers(2, seed: 2).sorted()
    machine.step(.received(message, from: peer(1)), at: .at(milliseconds: 10_001), effects: &effects)
    guard case .send(let reply, _)? = effects.first else {
      Issue.record("\(effects)")
      return
    }
    #expect(reply.wanted == message.held)
  }

  /// Whom rounds were begun with.
  private func partners(_ effects: [Reconciliation.Effect]) -> [PeerID] {
    effects.compactMap {
      if case .send(let message, let peer) = $0, !message.ranges.isEmpty { peer } else { nil }
    }
  }

  private var equal: RangeMessage {
    var message = RangeMessage()
    message.ranges = [.init(upper: nil, content: .settled)]
    return message
  }

  @Test func `a newcomer whose first neighbours are silent soon asks others, until enough of them answered`()
  {
    var machine = Reconciliation(generator: SeededGenerator(seed: 1), at: .zero)
    var effects: [Reconciliation.Effect] = []
    for number in 1...8 { machine.step(.linked(peer(UInt64(number))), at: .zero, effects: &effects) }
    #expect(partners(effects) == [peer(1), peer(2)])
    var asked = Set(partners(effects))
    var now = Instant.zero
    var answered = 0
    while answered < 2 {
      #expect(machine.deadline <= now + machine.settings.answerTimeout)
      now = machine.deadline
      effects = []
      machine.step(.fired, at: now, effects: &effects)
      for partner in partners(effects) {
        #expect(
          asked.insert(partner).inserted,
          "who did not answer is asked again though others were not asked"
        )
        guard asked.count > 5 else { continue }
        answered += 1
        machine.step(.received(equal, from: partner), at: now, effects: &effects)
      }
    }
    #expect(machine.deadline >= now + machine.settings.interval)
    #expect(now <= .zero + .seconds(10))
  }

  @Test func `a round without an answer is soon followed by one with another neighbour`() {
    var settings = Reconciliation.Settings()
    settings.joinRounds = 0
    var machine = Reconciliation(settings: settings, generator: SeededGenerator(seed: 3), at: .zero)
    var effects: [Reconciliation.Effect] = []
    for number in 1...6 { machine.step(.linked(peer(UInt64(number))), at: .zero, effects: &effects) }
    let silent: Set = [peer(1), peer(2), peer(3)]
    var blamed: [PeerID: Int] = [:]
    for _ in 0..<60 {
      let now = machine.deadline
      effects = []
      machine.step(.fired, at: now, effects: &effects)
      let partner = partners(effects)[0]
      if silent.contains(partner) {
        blamed[partner, default: 0] += 1
        #expect(machine.deadline == now + settings.answerTimeout)
      } else {
        machine.step(.received(equal, from: partner), at: now, effects: &effects)
        #expect(machine.deadline >= now + settings.interval)
      }
    }
    #expect(blamed.values.allSatisfy { $0 == 1 } && blamed.count == 3)
    // Who speaks at last is one of the partners again; so are all, if all are silent.
    machine.step(.received(equal, from: peer(1)), at: machine.deadline, effects: &effects)
    for number in 4...6 { machine.step(.unlinked(peer(UInt64(number))), at: .zero, effects: &effects) }
    effects = []
    machine.step(.fired, at: machine.deadline, effects: &effects)
    machine.step(.fired, at: machine.deadline, effects: &effects)
    #expect(partners(effects).first == peer(1) && partners(effects).count == 2)
  }

  @Test func `fingerprints are sums with counts`() {
    // A set whose sum is that of another by adding and removing is equal; order does not matter.
    let set = identifiers(300, seed: 1).sorted()
    var left = Pair(Set(set), [])
    var effects: [Reconciliation.Effect] = []
    for identifier in set.prefix(299) {
      left.machines[0].step(.removed(identifier), at: .zero, effects: &effects)
    }
    #expect(left.machines[0].liveCount == 1)
    for identifier in set.prefix(299).reversed() {
      left.machines[0].step(.added(identifier), at: .zero, effects: &effects)
    }
    var right = Pair(Set(set), [])
    #expect(left.machines[0].liveCount == 300)
    func first(_ pair: inout Pair) -> [Reconciliation.Effect] {
      var effects: [Reconciliation.Effect] = []
      pair.machines[0].step(.fired, at: .at(milliseconds: 50_000), effects: &effects)
      return effects
    }
    #expect(first(&left) == first(&right))
  }
}
