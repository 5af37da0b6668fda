import Chain
import Cryptography
import Gossip
import Primitives
import Testing

/// What a neighbour can and cannot do to a node, whatever it sends.
@Suite struct DisseminationAbuseTests {
  let origin = key(1)

  @Test func `STOP and START for unknown origins cost no memory, and a flood of them is a fault`() {
    var test = TestDissemination(neighbours: 2)
    var generator = SeededGenerator(seed: 7)
    var faults: [Fault] = []
    for _ in 0..<400 {
      let tags = (0..<140).map { _ in generator.next() }
      faults += test.step(.stops(tags, from: peer(1))).faults
      faults += test.step(.starts(tags, from: peer(1))).faults
    }
    #expect(test.machine.routeCount == 0)
    #expect(!faults.isEmpty && faults.allSatisfy { $0 == .excessiveControl })
    #expect(test.step(.stops([1], from: peer(2))).faults == [])
  }

  @Test func `a neighbour that stops everything harms only itself`() {
    var test = TestDissemination(neighbours: 3)
    _ = test.accept(origin.token(1), from: 1)
    test.step(.stops([0, origin.publicKey.originTag], from: peer(2)))
    let object = origin.token(2)
    #expect(test.accept(object, from: 1).pushes(of: object) == [peer(3)])
  }

  @Test func `announcements of nothing are bounded, given up, and in the end not listened to`() {
    var test = TestDissemination(neighbours: 2)
    var generator = SeededGenerator(seed: 8)
    for _ in 0..<40 { test.step(.digests((0..<140).map { _ in generator.next() }, from: peer(1))) }
    #expect(test.machine.missingCount <= test.machine.settings.missingPerPeer)
    let effects = test.run(for: 4_000)
    #expect(test.machine.missingCount == 0)
    #expect(Set(effects.wants) == [peer(1)])
    #expect(effects.faults.contains(.emptyAnnouncements))
    // Its digests are ignored for a minute, those of others are not.
    test.step(.digests([1], from: peer(1)))
    #expect(test.machine.missingCount == 0)
    test.step(.digests([2], from: peer(2)))
    #expect(test.machine.missingCount == 1)
    test.now = test.now + .seconds(61)
    test.step(.digests([3], from: peer(1)))
    #expect(test.machine.missingCount == 2)
  }

  @Test func `a liar among the announcers only delays an object`() {
    var test = TestDissemination(neighbours: 3)
    let object = origin.token(1)
    let short = test.short(object, to: 0)
    test.step(.digests([short], from: peer(1)))
    test.step(.digests([short], from: peer(2)))
    #expect(test.run(for: 240).wants == [peer(1), peer(2)])
  }

  @Test func `one neighbour fills at most a quarter of the checking queue`() {
    var test = TestDissemination(neighbours: 3) {
      $0.pendingLimit = 40
      $0.checks = .init(perSecond: 200, burst: 1_000)
    }
    for number in 0..<30 { _ = test.receive(origin.token(UInt64(number)), from: 1) }
    #expect(test.machine.pendingCount == 10)
    let other = key(2).token(1)
    #expect(test.receive(other, from: 2) == [.verify(other)])
    // When the neighbour leaves, what it sent is judged all the same and its share is free again.
    test.step(.unlinked(peer(1)))
    let first = origin.token(0)
    #expect(
      test.step(.verified(first.identifier, ObjectContent(first))) == [
        .deliver(first, ObjectContent(first), from: nil)
      ]
    )
  }

  @Test func `when the queue fills, offers and records give way to orders and bids`() throws {
    var test = TestDissemination(neighbours: 4) { $0.pendingLimit = 40 }
    for number in 0..<20 {
      _ = test.receive(origin.token(UInt64(number)), from: 1 + UInt64(number) / 8)
    }
    let offer = key(2).signed(GossipTests.offer(by: key(2)))
    #expect(test.receive(offer, from: 4) == [])
    let order = key(2).order()
    #expect(test.receive(order, from: 4) == [.verify(order)])
  }

  @Test func `signature checks that a neighbour may cause are limited`() {
    var test = TestDissemination(neighbours: 2) {
      $0.checks = .init(perSecond: 10, burst: 5)
    }
    let checks = (0..<20).map { test.receive(origin.token(UInt64($0)), from: 1).count }
    #expect(checks.reduce(0, +) == 5)
    // What was asked for comes in anyway.
    let wanted = key(2).token(1)
    test.step(.digests([test.short(wanted, to: 0)], from: peer(1)))
    _ = test.run(for: 80)
    #expect(test.receive(wanted, from: 1) == [.verify(wanted)])
  }

  @Test func `an origin beyond its allowance is dropped without anybody's fault`() {
    var test = TestDissemination(neighbours: 2) {
      $0.origin = .init(perSecond: 1, burst: 3)
    }
    _ = test.accept(origin.token(0), from: 1)
    var delivered = 0
    for number in 1..<10 {
      let object = origin.token(UInt64(number))
      _ = test.receive(object, from: 1)
      let effects = test.step(.verified(object.identifier, ObjectContent(object)))
      #expect(effects.faults == [])
      delivered += effects.count
      test.step(.judged(object.identifier, .accepted))
    }
    #expect(delivered == 3)
    #expect(test.machine.counters.overOriginLimit == 6)
    #expect(test.machine.pendingCount == 0)
  }

  @Test func `forged objects in an origin's name do not use up its allowance`() {
    var test = TestDissemination(neighbours: 2) {
      $0.origin = .init(perSecond: 1, burst: 2)
    }
    _ = test.accept(origin.token(0), from: 1)
    for number in 1..<10 {
      let object = forged(origin.token(UInt64(number)))
      _ = test.receive(object, from: 1)
      test.step(.verified(object.identifier, nil))
    }
    let real = origin.token(50)
    _ = test.receive(real, from: 2)
    #expect(
      test.step(.verified(real.identifier, ObjectContent(real))) == [
        .deliver(real, ObjectContent(real), from: peer(2))
      ]
    )
  }

  @Test func `many origins do not grow the table of routes beyond its limit`() {
    var test = TestDissemination(neighbours: 2) {
      $0.routeLimit = 32
      $0.routelessAllowance = .init(perSecond: 100, burst: 10_000)
    }
    for number in 0..<200 {
      _ = test.accept(key(1_000 + UInt64(number)).token(1), from: 1)
      test.now = test.now + .milliseconds(1)
    }
    #expect(test.machine.routeCount <= 32)
  }

  @Test(arguments: [UInt64](1...4))
  func `any sequence of inputs leaves the machine within its bounds`(
    seed: UInt64
  ) {
    var generator = SeededGenerator(seed: seed)
    var test = TestDissemination(neighbours: 5) {
      $0.pendingLimit = 64
      $0.missingLimit = 128
      $0.missingPerPeer = 64
      $0.routeLimit = 16
      $0.announcedPerPeer = 32
    }
    let objects = (0..<60).map { key(300 + UInt64($0) % 20).token(UInt64($0)) }
    var verifying: [Digest] = []
    for _ in 0..<2_000 {
      let number = 1 + generator.next(below: 6)
      let object = objects[Int(generator.next(below: 60))]
      let shorts = (0..<generator.next(below: 20)).map { _ in
        generator.next(below: 2) == 0
          ? generator.next() : test.short(object, to: generator.next(below: 6))
      }
      let input: Dissemination.Input
      switch generator.next(below: 12) {
      case 0: input = .linked(peer(number))
      case 1: input = generator.next(below: 4) == 0 ? .unlinked(peer(number)) : .fired
      case 2: input = .digests(shorts, from: peer(number))
      case 3: input = .wants(shorts, from: peer(number))
      case 4: input = .stops([object.key.originTag, generator.next(below: 2)], from: peer(number))
      case 5: input = .starts([object.key.originTag, generator.next()], from: peer(number))
      case 6: input = .retired([object.identifier])
      case 7: input = .published(object)
      case 8:
        let content = generator.next(below: 5) > 0 ? ObjectContent(object) : nil
        input = .verified(verifying.last ?? object.identifier, content)
      case 9:
        let judgements: [Judgement] = [.accepted, .accepted, .refused, .malformed]
        input = .judged(
          verifying.popLast() ?? object.identifier,
          judgements[Int(generator.next(below: 4))]
        )
      default:
        let sent = generator.next(below: 8) == 0 ? forged(object) : object
        input = .received([sent], from: peer(number), isRepair: generator.next(below: 6) == 0)
      }
      for effect in test.step(input) {
        if case .verify(let object) = effect { verifying.append(object.identifier) }
      }
      if generator.next(below: 3) == 0 {
        test.now = test.now + .milliseconds(generator.next(below: 200))
      }
      #expect(test.machine.pendingCount <= 64 && test.machine.missingCount <= 128, "seed \(seed)")
      #expect(test.machine.routeCount <= 16, "seed \(seed)")
    }
    _ = test.run(for: 60_000)
    #expect(test.machine.missingCount == 0, "seed \(seed)")
  }
}
