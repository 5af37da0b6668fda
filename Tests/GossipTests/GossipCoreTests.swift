import Chain
import Cryptography
import Primitives
import Testing
import Wire

@testable import Gossip

/// One core with its neighbours played by the test.
struct TestCore {
  var core: GossipCore
  var now = Instant.at(milliseconds: 1_000)
  let id = key(0)

  init(_ change: (inout GossipCore.Settings) -> Void = { _ in }) {
    var settings = GossipCore.Settings()
    settings.peers.outbound = 0
    settings.reconciliation.joinRounds = 0
    change(&settings)
    core = GossipCore(peer: key(0).publicKey, settings: settings, seed: 1, at: .zero)
    step(.committed(.start))
  }

  @discardableResult
  mutating func step(_ input: GossipCore.Input) -> [GossipCore.Effect] {
    var effects: [GossipCore.Effect] = []
    core.step(input, at: now, effects: &effects)
    return effects
  }

  mutating func connect(_ numbers: ClosedRange<UInt64>) -> [GossipCore.Effect] {
    numbers.flatMap {
      step(.connected(peer($0), Connection(direction: .inbound, host: "10.\($0).0.1")))
    }
  }

  mutating func accept(_ object: SignedObject, from number: UInt64) -> [GossipCore.Effect] {
    var packet = Packet()
    packet.objects = [object]
    var effects = step(.received(.packet(packet), from: peer(number)))
    effects += step(.verified(object.identifier, ObjectContent(object)))
    effects += step(.judged(object.identifier, .accepted))
    return effects
  }
}

extension [GossipCore.Effect] {
  func messages(to peer: PeerID) -> [GossipMessage] {
    compactMap { if case .send(peer, let message, _) = $0 { message } else { nil } }
  }

  var datagrams: [GossipMessage] {
    compactMap { if case .send(_, let message, .datagram) = $0 { message } else { nil } }
  }

  var faults: [Fault] { compactMap { if case .fault(_, let fault) = $0 { fault } else { nil } } }
}

@Suite struct GossipCoreTests {
  @Test func `small objects share datagrams of at most 1,150 bytes, large ones take the stream`()
    throws
  {
    var test = TestCore()
    _ = test.connect(1...2)
    var effects: [GossipCore.Effect] = []
    var wanted: [UInt64] = []
    test.step(
      .received(
        .packet(
          {
            var packet = Packet()
            packet.stops = [0]
            return packet
          }()
        ),
        from: peer(2)
      )
    )
    for number in UInt64(0)..<40 { effects += test.accept(key(3).token(number), from: 1) }
    test.now = test.now + .milliseconds(50)
    for case .packet(let packet) in test.step(.fired(.dissemination)).messages(to: peer(2)) {
      wanted += packet.digests
    }
    #expect(wanted.count == 40)
    var request = Packet()
    request.wants = wanted
    let answers = test.step(.received(.packet(request), from: peer(2)))
    let packets = answers.messages(to: peer(2))
    #expect(packets.count >= 5 && packets.count <= 9)
    for message in answers.datagrams {
      #expect(message.encoded.count <= Packet.byteLimit)
      #expect(try GossipMessage(kind: .packet, bytes: message.encoded, chain: chain) == message)
    }
    let large = key(3).order(groups: 20)
    #expect(large.encoded.count > Packet.byteLimit)
    test.step(
      .received(
        .packet(
          {
            var packet = Packet()
            packet.starts = [0]
            return packet
          }()
        ),
        from: peer(2)
      )
    )
    effects = test.accept(large, from: 1)
    #expect(effects.contains(.send(peer(2), .objects([large]), via: .stream)))
  }

  @Test func `orders and bids leave before offers and records`() throws {
    var test = TestCore()
    _ = test.connect(1...1)
    let offer = key(3).signed(GossipTests.offer(by: key(3)))
    let order = key(4).order()
    var packet = Packet()
    packet.objects = [offer, order]
    test.step(.received(.packet(packet), from: peer(1)))
    for object in [offer, order] {
      test.step(.verified(object.identifier, ObjectContent(object)))
      test.step(.judged(object.identifier, .accepted))
    }
    _ = test.connect(2...2)
    // Reconciliation supplies both; what a single step pushes is sorted by urgency.
    let both = [offer, order].map { object in test.core.dissemination.object(object.identifier) }
    #expect(both == [offer, order])
    let sent = packet.messages.flatMap { message, _ -> [SignedObject] in
      if case .packet(let packet) = message { packet.objects } else { [] }
    }
    #expect(sent == [order, offer])
  }

  @Test func `a new neighbour is given our own record, and its own goes into the book`() throws {
    var test = TestCore { $0.peers = .local }
    let own = record(by: key(0), addresses: ["127.0.0.1:1/1"])
    test.step(.published(own))
    let effects = test.connect(1...1)
    #expect(
      effects.messages(to: peer(1)).contains {
        if case .packet(let packet) = $0 { packet.objects == [own] } else { false }
      }
    )
    _ = test.connect(2...2)
    let theirs = record(by: key(7), addresses: ["127.0.0.1:7/7"])
    var packet = Packet()
    packet.objects = [theirs]
    #expect(test.step(.received(.packet(packet), from: peer(1))).contains(.verify(theirs)))
    let passed = test.step(.verified(theirs.identifier, ObjectContent(theirs)))
    #expect(test.core.peers.book[key(7).publicKey]?.record.addresses == ["127.0.0.1:7/7"])
    #expect(passed.datagrams == [.packet(packet)])
    #expect(!passed.contains { if case .deliver = $0 { true } else { false } })
  }

  @Test func `records of strangers stay here when the chain does not know them`() throws {
    var test = TestCore()
    _ = test.connect(1...2)
    let theirs = record(by: key(7), addresses: ["10.7.0.1:7/7"])
    var packet = Packet()
    packet.objects = [theirs]
    test.step(.received(.packet(packet), from: peer(1)))
    #expect(test.step(.verified(theirs.identifier, ObjectContent(theirs))).datagrams == [])
    #expect(test.core.peers.book.count == 1)
    test.step(.chainKnows(peers: [key(8).publicKey], mesh: []))
    let staked = record(by: key(8), addresses: ["10.8.0.1:7/7"])
    packet.objects = [staked]
    test.step(.received(.packet(packet), from: peer(1)))
    #expect(
      test.step(.verified(staked.identifier, ObjectContent(staked))).datagrams == [.packet(packet)]
    )
  }

  @Test func `records that nobody asked for are a fault, an answer is taken once`() throws {
    var test = TestCore()
    let asked = test.connect(1...1)
    #expect(asked.messages(to: peer(1)).contains(.recordsRequest(count: 16)))
    let records = (10...12).map { record(by: key($0), addresses: ["10.\($0).0.1:1/1"]) }
    let effects = test.step(.received(.records(records), from: peer(1)))
    #expect(effects.filter { if case .verify = $0 { true } else { false } }.count == 3)
    for record in records { test.step(.verified(record.identifier, ObjectContent(record))) }
    #expect(test.core.peers.book.count == 3)
    #expect(test.step(.received(.records(records), from: peer(1))).faults == [.unrequestedRecords])
  }

  @Test
  func `a forged object ends the session of its sender, and nothing is sent to it after that`() {
    var test = TestCore()
    _ = test.connect(1...3)
    let object = key(3).token(1)
    var packet = Packet()
    packet.objects = [forged(object)]
    test.step(.received(.packet(packet), from: peer(1)))
    let effects = test.step(.verified(object.identifier, nil))
    #expect(effects.contains(.disconnect(peer(1), .banned(seconds: 3_600))))
    #expect(test.core.neighbours == [peer(2), peer(3)].sorted())
    let accepted = test.accept(object, from: 2)
    #expect(accepted.messages(to: peer(1)).isEmpty && accepted.messages(to: peer(3)).count == 1)
    #expect(
      test.connect(1...1).contains {
        if case .disconnect(peer(1), .banned) = $0 { true } else { false }
      }
    )
  }

  @Test func `what is retired is neither supplied nor compared any more`() {
    var test = TestCore()
    _ = test.connect(1...1)
    let objects = (UInt64(0)..<5).map { key(3).token($0) }
    for object in objects { _ = test.accept(object, from: 1) }
    #expect(test.core.reconciliation.liveCount == 5)
    test.step(.retired(objects.prefix(2).map(\.identifier)))
    #expect(test.core.reconciliation.liveCount == 3 && test.core.dissemination.liveCount == 3)
    var ranges = RangeMessage()
    ranges.wanted = objects.map(\.identifier)
    let effects = test.step(.received(.ranges(ranges), from: peer(1)))
    #expect(effects.contains(.send(peer(1), .objects(Array(objects.suffix(3))), via: .stream)))
  }

  @Test func `timers are armed once, and again when something is due sooner`() {
    var test = TestCore()
    var effects: [GossipCore.Effect] = []
    test.core.start(at: test.now, effects: &effects)
    func schedules(_ effects: [GossipCore.Effect], _ timer: GossipCore.Timer) -> [Instant] {
      effects.compactMap { if case .schedule(timer, let at) = $0 { at } else { nil } }
    }
    #expect(schedules(test.connect(1...2), .dissemination) == [])
    let later = schedules(test.accept(key(3).token(1), from: 1), .dissemination)
    #expect(later == [test.now + .milliseconds(250)])
    #expect(schedules(test.accept(key(3).token(2), from: 1), .dissemination) == [])
    test.now = later[0]
    #expect(schedules(test.step(.fired(.dissemination)), .dissemination).count == 1)
  }
}

/// Cores with books of their own on a lossless line.
@Suite struct GossipJoinTests {
  /// Delivers everything between two cores until both are silent; every object is judged by a book.
  private func settle(
    _ cores: inout [GossipCore],
    _ books: inout [TestBook],
    _ effects: [(Int, GossipCore.Effect)]
  ) throws {
    var queue = effects
    var generator = SeededGenerator(seed: 3)
    let now = Instant.at(milliseconds: 2_000)
    let names = [key(50).publicKey, key(51).publicKey]
    while !queue.isEmpty {
      let (index, effect) = queue.removeFirst()
      var input: (Int, GossipCore.Input)?
      switch effect {
      case .send(_, let message, _):
        let decoded = try GossipMessage(kind: message.kind, bytes: message.encoded, chain: chain)
        input = (1 - index, .received(decoded, from: names[index]))
      case .verify(let object):
        input = (
          index,
          .verified(object.identifier, ObjectContent(of: object, on: chain, checkedBy: .ed25519))
        )
      case .deliver(let object, _, _):
        let outcome = try books[index].put(object)
        let isLive = books[index].book.contains(object.identifier)
        #expect(isLive, "\(outcome)")
        input = (index, .judged(object.identifier, isLive ? .accepted : .refused))
      case .fault(_, let fault): Issue.record("\(fault)")
      case .dial, .disconnect, .schedule, .vouched: break
      }
      guard let input else { continue }
      var next: [GossipCore.Effect] = []
      cores[input.0].step(input.1, at: now, effects: &next)
      _ = generator.next()
      queue += next.map { (input.0, $0) }
    }
  }

  @Test func `a newcomer's book is filled when it joins`() throws {
    var settings = GossipCore.Settings.local
    settings.peers.outbound = 0
    var cores = [50, 51].map {
      GossipCore(peer: key(UInt64($0)).publicKey, settings: settings, seed: UInt64($0), at: .zero)
    }
    var books = [TestBook(), TestBook()]
    var effects: [GossipCore.Effect] = []
    var objects: [SignedObject] = []
    for number in 0..<40 {
      let order = key(60 + UInt64(number)).order(groups: number.isMultiple(of: 10) ? 12 : 1)
      objects.append(order)
      objects += (0..<4).map { key(200 + $0).bid(on: order.identifier, "\(10 + $0)") }
    }
    for object in objects {
      try books[0].put(object)
      cores[0].step(.published(object), at: .zero, effects: &effects)
    }
    effects = []
    var queue: [(Int, GossipCore.Effect)] = []
    for index in 0..<2 {
      cores[index].step(
        .connected(
          key(51 - UInt64(index)).publicKey,
          Connection(direction: .inbound, host: "127.0.0.1")
        ),
        at: .at(milliseconds: 1_000),
        effects: &effects
      )
      queue += effects.map { (index, $0) }
      effects = []
    }
    try settle(&cores, &books, queue)
    #expect(books[1].book.liveIdentifiers == books[0].book.liveIdentifiers)
    #expect(books[1].book.bidCount == 160)
    #expect(cores[1].reconciliation.liveCount == 200)
  }

  @Test func `a newcomer is told once what there is, however often it asks`() {
    var test = TestCore()
    _ = test.connect(1...1)
    for number in UInt64(1)...20 { _ = test.accept(key(10).token(number), from: 1) }
    _ = test.connect(2...2)
    var question = RangeMessage()
    question.ranges = [.init(upper: nil, content: .listed([]))]
    var told = 0
    for _ in 0..<60 {
      let effects = test.step(.received(.ranges(question), from: peer(2)))
      for message in effects.messages(to: peer(2)) { told += message.cost }
    }
    // The list twice over and the objects once, what was asked doubled, and a small sum besides.
    let asked = 60 * GossipMessage.ranges(question).cost
    #expect(told > 20 * 34 && told < 20 * 400 + 2 * asked + (16 + 4) << 10)
  }
}
