import Chain
import Cryptography
import Gossip
import Primitives
import Testing

/// One machine with its neighbours played by the test.
struct TestDissemination {
  var machine: Dissemination
  var now = Instant.at(milliseconds: 1_000)

  init(neighbours: UInt64 = 0, _ change: (inout Dissemination.Settings) -> Void = { _ in }) {
    var settings = Dissemination.Settings()
    change(&settings)
    machine = Dissemination(
      peer: peer(0),
      settings: settings,
      generator: SeededGenerator(seed: 1),
      at: .zero
    )
    for number in 0..<neighbours { step(.linked(peer(number + 1))) }
  }

  @discardableResult
  mutating func step(_ input: Dissemination.Input) -> [Dissemination.Effect] {
    var effects: [Dissemination.Effect] = []
    machine.step(input, at: now, effects: &effects)
    return effects
  }

  @discardableResult
  mutating func pass(_ milliseconds: UInt64) -> [Dissemination.Effect] {
    now = now + .milliseconds(milliseconds)
    return step(.fired)
  }

  /// Runs from deadline to deadline.
  mutating func run(for milliseconds: UInt64) -> [Dissemination.Effect] {
    let end = now + .milliseconds(milliseconds)
    var effects: [Dissemination.Effect] = []
    while machine.deadline <= end {
      now = max(now, machine.deadline)
      effects += step(.fired)
    }
    now = end
    return effects
  }

  mutating func receive(_ object: SignedObject, from number: UInt64) -> [Dissemination.Effect] {
    step(.received([object], from: peer(number), isRepair: false))
  }

  /// Checked and accepted at once.
  mutating func accept(_ object: SignedObject, from number: UInt64) -> [Dissemination.Effect] {
    var effects = receive(object, from: number)
    effects += step(.verified(object.identifier, ObjectContent(object)))
    effects += step(.judged(object.identifier, .accepted))
    return effects
  }

  /// The keyed hash under which `object` is announced to `number`.
  func short(_ object: SignedObject, to number: UInt64) -> UInt64 {
    ShortHash(Digest.blake2b(Array("supercloud digest".utf8) + peer(number).bytes))(
      object.identifier
    )
  }
}

extension [Dissemination.Effect] {
  func pushes(of object: SignedObject) -> [PeerID] {
    flatMap { effect in
      if case .push(object, let peers) = effect { peers } else { [] as [PeerID] }
    }
  }

  var stopped: [PeerID] { compactMap { if case .stop(_, let peer) = $0 { peer } else { nil } } }
  var started: [PeerID] { compactMap { if case .start(_, let peer) = $0 { peer } else { nil } } }
  var faults: [Fault] { compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } } }
  var wants: [PeerID] { compactMap { if case .want(_, let peer) = $0 { peer } else { nil } } }

  func announcements(to peer: PeerID) -> [UInt64] {
    flatMap { effect in
      if case .announce(let shorts, peer) = effect { shorts } else { [] as [UInt64] }
    }
  }
}

@Suite struct DisseminationTests {
  let origin = key(1)

  @Test
  func `an object is checked once, judged once, and forwarded to those that have not sent it`() {
    var test = TestDissemination(neighbours: 4)
    let object = origin.token(1)
    #expect(test.receive(object, from: 1) == [.verify(object)])
    #expect(test.receive(object, from: 2) == [])
    #expect(
      test.step(.verified(object.identifier, ObjectContent(object))) == [
        .deliver(object, ObjectContent(object), from: peer(1))
      ]
    )
    #expect(test.receive(object, from: 1) == [])
    let effects = test.step(.judged(object.identifier, .accepted))
    #expect(
      effects == [.useful(peer(1)), .accepted(object), .push(object, to: [peer(3), peer(4)])]
    )
    #expect(test.receive(object, from: 3) == [])
    #expect(test.machine.counters.duplicates == 3)
  }

  @Test func `a refused object is not forwarded, not asked for again, and nobody's fault`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    _ = test.receive(object, from: 1)
    test.step(.verified(object.identifier, ObjectContent(object)))
    #expect(test.step(.judged(object.identifier, .refused)) == [])
    test.step(.digests([test.short(object, to: 0)], from: peer(2)))
    #expect(test.run(for: 1_000).wants == [])
    #expect(test.receive(object, from: 2) == [])
    // Our state may have caught up after a while.
    test.now = test.now + .seconds(25)
    // Judged again, not checked again.
    #expect(
      test.receive(object, from: 2) == [.deliver(object, ObjectContent(object), from: peer(2))]
    )
  }

  @Test func `a malformed object is its senders' fault`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    _ = test.receive(object, from: 1)
    _ = test.receive(object, from: 2)
    test.step(.verified(object.identifier, ObjectContent(object)))
    let effects = test.step(.judged(object.identifier, .malformed))
    #expect(effects == [.fault(peer(1), .malformedObject), .fault(peer(2), .malformedObject)])
  }

  @Test func `a forged signature does not keep the real one out`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    let fake = forged(object)
    #expect(test.receive(fake, from: 1) == [.verify(fake)])
    // The real one comes while the forged one is being checked, and once more after it.
    #expect(test.receive(object, from: 2) == [])
    let effects = test.step(.verified(object.identifier, nil))
    #expect(effects == [.fault(peer(1), .forgedSignature), .verify(object)])
    #expect(
      test.step(.verified(object.identifier, ObjectContent(object))) == [
        .deliver(object, ObjectContent(object), from: peer(1))
      ]
    )
    let other = origin.token(2)
    _ = test.receive(forged(other), from: 1)
    test.step(.verified(other.identifier, nil))
    #expect(test.receive(other, from: 2) == [.verify(other)])
  }

  @Test func `only those who sent the forged signature are at fault`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    _ = test.receive(object, from: 1)
    _ = test.receive(forged(object), from: 2)
    test.step(.verified(object.identifier, ObjectContent(object)))
    #expect(test.step(.judged(object.identifier, .accepted)).faults == [])
  }

  @Test func `the slowest deliverers are stopped until two are left for an origin`() {
    var test = TestDissemination(neighbours: 12) { $0.routeAfter = 1 }
    var delivering = Set<UInt64>(1...12)
    var copies: [Int] = []
    for number in 0..<10 {
      let object = origin.token(UInt64(number))
      // The higher the number, the later.
      var effects: [Dissemination.Effect] = []
      for neighbour in delivering.sorted() { effects += test.receive(object, from: neighbour) }
      copies.append(delivering.count)
      test.step(.verified(object.identifier, ObjectContent(object)))
      effects += test.step(.judged(object.identifier, .accepted))
      effects += test.run(for: 400)
      for effect in effects {
        if case .stop(_, let stopped) = effect {
          delivering = delivering.filter { peer($0) != stopped }
        }
        if case .start(_, let started) = effect {
          delivering.formUnion((1...12).filter { peer($0) == started })
        }
      }
    }
    #expect(copies.suffix(3) == [2, 2, 2])
    // The fastest is kept for sure, the other by lot among the fast.
    #expect(delivering.contains(1) && delivering.allSatisfy { $0 <= 4 })
    #expect(copies.reduce(0, +) <= 70)
  }

  @Test func `a neighbour that stopped an origin gets digests instead until it starts again`() {
    var test = TestDissemination(neighbours: 3)
    _ = test.accept(origin.token(1), from: 1)
    test.step(.stops([origin.publicKey.originTag], from: peer(2)))
    let second = origin.token(2)
    #expect(test.accept(second, from: 1).pushes(of: second) == [peer(3)])
    #expect(test.pass(50).announcements(to: peer(2)) == [test.short(second, to: 2)])
    test.step(.starts([origin.publicKey.originTag], from: peer(2)))
    let third = origin.token(3)
    #expect(test.accept(third, from: 1).pushes(of: third) == [peer(2), peer(3)])
  }

  @Test func `tag zero stops all origins that were not asked for by name`() {
    var test = TestDissemination(neighbours: 3)
    _ = test.accept(origin.token(1), from: 1)
    test.step(.stops([0], from: peer(2)))
    test.step(.stops([0], from: peer(3)))
    test.step(.starts([origin.publicKey.originTag], from: peer(3)))
    let named = origin.token(2)
    #expect(test.accept(named, from: 1).pushes(of: named) == [peer(3)])
    let stranger = key(2).token(1)
    #expect(test.accept(stranger, from: 1).pushes(of: stranger) == [])
  }

  @Test func `our own objects go to all that have not stopped this very origin`() {
    var test = TestDissemination(neighbours: 3)
    test.step(.stops([0], from: peer(2)))
    let first = origin.token(1)
    #expect(test.step(.published(first)).pushes(of: first) == [peer(1), peer(2), peer(3)])
    test.step(.stops([origin.publicKey.originTag], from: peer(3)))
    let second = origin.token(2)
    #expect(test.step(.published(second)).pushes(of: second) == [peer(1), peer(2)])
  }

  @Test func `a missing object is asked of its announcers in turn, not before 80 ms`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    let short = test.short(object, to: 0)
    test.step(.digests([short], from: peer(1)))
    test.now = test.now + .milliseconds(5)
    test.step(.digests([short], from: peer(2)))
    #expect(test.pass(74).wants == [])
    #expect(test.pass(1) == [.want([short], from: peer(1))])
    #expect(test.pass(149).wants == [])
    #expect(test.pass(1) == [.want([short], from: peer(2))])
    _ = test.accept(object, from: 2)
    #expect(test.machine.missingCount == 0)
    #expect(test.run(for: 2_000).wants == [])
  }

  @Test func `an announcement that the push overtakes costs nothing`() {
    var test = TestDissemination(neighbours: 2)
    let object = origin.token(1)
    test.step(.digests([test.short(object, to: 0)], from: peer(1)))
    _ = test.accept(object, from: 2)
    #expect(test.run(for: 2_000).wants == [])
    // Nobody is announced what it announced itself.
    #expect(test.machine.counters.announced == 0)
  }

  @Test func `a request is answered only to whom the object was announced`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    test.step(.stops([0], from: peer(2)))
    _ = test.accept(object, from: 1)
    test.pass(50)
    #expect(
      test.step(.wants([test.short(object, to: 2)], from: peer(2))) == [
        .answer(object, to: peer(2))
      ]
    )
    #expect(test.step(.wants([test.short(object, to: 3)], from: peer(3))) == [])
    #expect(test.step(.wants([1, 2, 3], from: peer(2))) == [])
    test.step(.retired([object.identifier]))
    #expect(test.step(.wants([test.short(object, to: 2)], from: peer(2))) == [])
  }

  @Test func `a lost supplier is replaced at once`() {
    var test = TestDissemination(neighbours: 6) { $0.routeAfter = 1 }
    var delivering = Set<UInt64>(1...6)
    for number in 0..<8 {
      let object = origin.token(UInt64(number))
      for neighbour in delivering.sorted() { _ = test.receive(object, from: neighbour) }
      test.step(.verified(object.identifier, ObjectContent(object)))
      test.step(.judged(object.identifier, .accepted))
      for stopped in test.run(for: 400).stopped {
        delivering = delivering.filter { peer($0) != stopped }
      }
    }
    #expect(delivering.count == 2)
    let effects = test.step(.unlinked(peer(1)))
    #expect(
      effects.started.count == 1 && !delivering.contains { peer($0) == effects.started.first }
    )
  }

  @Test func `a newcomer is told to stop once the shared suppliers are known`() {
    var test = TestDissemination(neighbours: 8)
    var delivering = Set<UInt64>(1...8)
    // Many origins, one object each: none earns a route of its own.
    for number in 0..<12 {
      let object = key(100 + UInt64(number)).token(1)
      for neighbour in delivering.sorted() { _ = test.receive(object, from: neighbour) }
      test.step(.verified(object.identifier, ObjectContent(object)))
      test.step(.judged(object.identifier, .accepted))
      for effect in test.run(for: 400) {
        if case .stop(let tags, let stopped) = effect {
          #expect(tags == [0])
          delivering = delivering.filter { peer($0) != stopped }
        }
      }
    }
    #expect(delivering.count == 3)
    #expect(test.step(.linked(peer(50))) == [.stop([0], peer(50))])
  }

  @Test func `objects from reconciliation are announced, not pushed`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    test.step(.received([object], from: peer(1), isRepair: true))
    test.step(.verified(object.identifier, ObjectContent(object)))
    #expect(test.step(.judged(object.identifier, .accepted)).pushes(of: object) == [])
    #expect(test.pass(50).announcements(to: peer(2)) == [test.short(object, to: 2)])
  }

  @Test func `restored objects are live but not spread`() {
    var test = TestDissemination(neighbours: 2)
    let object = origin.token(1)
    #expect(test.step(.restored([object])) == [.accepted(object)])
    #expect(test.receive(object, from: 1) == [])
    #expect(test.machine.object(object.identifier) == object)
    #expect(test.run(for: 500).announcements(to: peer(2)) == [])
  }

  @Test func `every half minute one idle neighbour gets another chance`() {
    var test = TestDissemination(neighbours: 3) {
      $0.routeAfter = 1
      $0.routeSamples = 0
      $0.suppliers = 1
    }
    for origin in 0..<30 {
      let object = key(200 + UInt64(origin)).token(1)
      for neighbour in 1...3 { _ = test.receive(object, from: UInt64(neighbour)) }
      test.step(.verified(object.identifier, ObjectContent(object)))
      test.step(.judged(object.identifier, .accepted))
      _ = test.run(for: 400)
    }
    let effects = test.run(for: 20_000 + 100_000)
    // One object each has cost every origin its slowest supplier only.
    #expect(Set(effects.started) == [peer(3)])
    #expect(effects.stopped == [])
  }
}
