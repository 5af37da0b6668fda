import Chain
import Cryptography
import Gossip
import Primitives
import Testing

struct TestPeers {
  var manager: PeerManager
  var now = Instant.at(milliseconds: 10_000)

  init(_ change: (inout PeerManager.Settings) -> Void = { _ in }) {
    var settings = PeerManager.Settings()
    settings.firstFeelers = 0
    change(&settings)
    manager = PeerManager(
      peer: key(0).publicKey,
      settings: settings,
      generator: SeededGenerator(seed: 1),
      at: .zero
    )
    step(.committed(.start))
  }

  @discardableResult
  mutating func step(_ input: PeerManager.Input) -> [PeerManager.Effect] {
    var effects: [PeerManager.Effect] = []
    manager.step(input, at: now, effects: &effects)
    return effects
  }

  mutating func pass(_ milliseconds: UInt64) -> [PeerManager.Effect] {
    now = now + .milliseconds(milliseconds)
    return step(.fired)
  }

  /// Records of nodes 1 to `count`, each in its own group.
  mutating func learn(_ numbers: ClosedRange<UInt64>) -> [PeerManager.Effect] {
    step(.records(numbers.map { opened(record(by: key($0), addresses: [Self.address($0)])) }, from: nil))
  }

  static func address(_ number: UInt64) -> String { "10.\(number).0.1:26656/26656" }

  mutating func connect(_ number: UInt64) -> [PeerManager.Effect] {
    step(
      .connected(
        key(number).publicKey,
        Connection(direction: .outbound(address: Self.address(number)), host: "10.\(number).0.1")
      )
    )
  }

  mutating func accept(_ number: UInt64, host: String? = nil) -> [PeerManager.Effect] {
    step(.connected(key(number).publicKey, Connection(direction: .inbound, host: host ?? "10.\(number).0.1")))
  }
}

extension [PeerManager.Effect] {
  var dials: [Dial] { compactMap { if case .dial(let dial) = $0 { dial } else { nil } } }
  var disconnects: [PeerID] { compactMap { if case .disconnect(let peer, _) = $0 { peer } else { nil } } }
}

@Suite struct PeerManagerTests {
  @Test func `outbound sessions are dialed up to the target and replaced when lost`() {
    var test = TestPeers { $0.outbound = 3 }
    let dials = test.learn(1...10).dials
    #expect(dials.count == 3 && Set(dials.map(\.expectedKey)).count == 3)
    let numbers = (1...10).filter { number in
      dials.contains { $0.expectedKey == key(UInt64(number)).publicKey }
    }
    for number in numbers { #expect(test.connect(UInt64(number)).dials == []) }
    test.now = test.now + .seconds(20)
    #expect(test.step(.disconnected(key(UInt64(numbers[0])).publicKey)).dials.count == 1)
  }

  @Test func `half of the outbound dials go to keys that the chain knows`() {
    var test = TestPeers { $0.outbound = 8 }
    _ = test.step(.chainKnows(peers: (1...4).map { key($0).publicKey }, mesh: []))
    let dials = test.learn(1...60).dials
    #expect(dials.count == 8)
    let known = Set((1...4).map { key($0).publicKey })
    #expect(Set(dials.compactMap(\.expectedKey)).intersection(known) == known)
  }

  @Test func `no two outbound sessions lead into one address group`() {
    var test = TestPeers()
    let records = (1...20).map { record(by: key($0), addresses: ["10.1.\($0).1:1/1"]) }
    let dials = test.step(.records(records.map(opened), from: nil)).dials
    for dial in dials.prefix(1) {
      let number = (1...20).first { key(UInt64($0)).publicKey == dial.expectedKey }!
      _ = test.step(
        .connected(
          key(UInt64(number)).publicKey,
          Connection(direction: .outbound(address: dial.address), host: "10.1.0.1")
        )
      )
    }
    for dial in dials.dropFirst() { test.step(.dialFailed(dial)) }
    #expect(test.pass(60_000).dials == [])
  }

  @Test func `a failed dial is retried later and later`() {
    var test = TestPeers {
      $0.outbound = 1
      $0.feelerInterval = .seconds(100_000)
    }
    var dial = test.learn(1...1).dials[0]
    var waits: [UInt64] = []
    for _ in 0..<6 {
      test.step(.dialFailed(dial))
      var waited: UInt64 = 0
      while true {
        waited += 100
        if let next = test.pass(100).dials.first {
          dial = next
          break
        }
        guard waited < 1_000_000 else { break }
      }
      waits.append(waited)
    }
    for (earlier, later) in zip(waits, waits.dropFirst(2)) { #expect(later > earlier, "\(waits)") }
    #expect(waits[0] >= 500 && waits[0] <= 1_100)
  }

  @Test func `seeds are dialed while there is nobody else, with or without a known key`() {
    var test = TestPeers {
      $0.seeds = [
        .init(address: "seed.example:1/1", key: nil), .init(address: "10.9.0.1:1/1", key: key(9).publicKey),
      ]
    }
    let dials = test.step(.fired).dials + test.pass(1_000).dials
    #expect(dials.isEmpty)
    // They went out with the first event.
    var fresh = TestPeers()
    fresh.manager = PeerManager(
      peer: key(0).publicKey,
      settings: test.manager.settings,
      generator: SeededGenerator(seed: 1),
      at: .zero
    )
    #expect(fresh.step(.fired).dials.map(\.address) == ["seed.example:1/1", "10.9.0.1:1/1"])
  }

  @Test func `validators keep a mesh beside the other slots`() {
    var test = TestPeers {
      $0.outbound = 0
      $0.inbound = 1
    }
    _ = test.learn(1...5)
    let keys = (UInt64(1)...5).map { key($0).publicKey }
    let dials = test.step(.chainKnows(peers: keys, mesh: keys + [key(0).publicKey])).dials
    #expect(Set(dials.compactMap(\.expectedKey)) == Set(keys) && dials.allSatisfy { $0.purpose == .mesh })
    for number in UInt64(1)...5 { #expect(test.accept(number).disconnects == []) }
    #expect(test.accept(20).disconnects == [])
    #expect(test.accept(21).disconnects.count == 1)
  }

  @Test func `when inbound slots are full the youngest of the largest group goes`() {
    var test = TestPeers {
      $0.inbound = 12
      $0.outbound = 0
    }
    for number in UInt64(1)...6 { #expect(test.accept(number, host: "10.\(number).0.1").disconnects == []) }
    for number in UInt64(7)...12 {
      test.now = test.now + .seconds(1)
      #expect(test.accept(number, host: "99.1.0.\(number)").disconnects == [])
    }
    test.now = test.now + .seconds(1)
    #expect(test.accept(13, host: "10.77.0.1").disconnects == [key(12).publicKey])
    // A useful peer of the group stays.
    test.step(.useful(key(11).publicKey))
    test.now = test.now + .seconds(1)
    #expect(test.accept(14, host: "10.78.0.1").disconnects == [key(10).publicKey])
  }

  @Test func `a newcomer that finds no room leaves with records of others`() {
    var test = TestPeers {
      $0.inbound = 2
      $0.outbound = 2
    }
    _ = test.learn(20...21)
    for number in UInt64(20)...21 { _ = test.connect(number) }
    for number in UInt64(1)...2 { _ = test.accept(number) }
    test.now = test.now + .seconds(1)
    let effects = test.accept(3)
    #expect(effects.disconnects == [key(3).publicKey])
    let records = effects.compactMap { if case .sendRecords(_, let records) = $0 { records } else { nil } }
    #expect(Set(records.first?.map(\.key) ?? []) == [key(20).publicKey, key(21).publicKey])
  }

  @Test func `a peer that hangs up at once is not dialed again at once`() {
    var test = TestPeers { $0.outbound = 1 }
    _ = test.learn(1...1)
    _ = test.connect(1)
    #expect(test.step(.disconnected(key(1).publicKey)).dials == [])
    #expect(test.pass(1_100).dials.count == 1)
    _ = test.connect(1)
    test.now = test.now + .seconds(60)
    #expect(test.step(.disconnected(key(1).publicKey)).dials.count == 1)
  }

  @Test func `a feeler proves an address and hangs up`() {
    var test = TestPeers {
      $0.outbound = 0
      $0.feelerInterval = .seconds(5)
    }
    _ = test.learn(1...1)
    #expect(test.manager.book[key(1).publicKey]?.isTried == false)
    let dials = test.pass(6_000).dials
    #expect(dials.map(\.purpose) == [.feeler])
    #expect(test.connect(1).disconnects == [key(1).publicKey])
    #expect(test.manager.book[key(1).publicKey]?.isTried == true)
  }

  @Test func `only tested records are handed on, at most sixteen, no more often than allowed`() {
    var test = TestPeers { $0.outbound = 40 }
    _ = test.learn(1...30)
    for number in UInt64(1)...20 { _ = test.connect(number) }
    let effects = test.step(.recordsRequested(count: 1_000, from: key(1).publicKey))
    guard
      case .sendRecords(_, let records)? = effects.first(where: {
        if case .sendRecords = $0 { true } else { false }
      })
    else {
      Issue.record("\(effects)")
      return
    }
    #expect(records.count == 16)
    #expect(records.allSatisfy { object in (1...20).contains { key($0).publicKey == object.key } })
    var faults = 0
    for _ in 0..<10 {
      for case .fault(_, .excessiveRequests) in test.step(
        .recordsRequested(count: 16, from: key(1).publicKey)
      ) {
        faults += 1
      }
    }
    #expect(faults >= 6)
  }

  @Test func `a ban ends the session and refuses the next`() {
    var test = TestPeers()
    _ = test.accept(1)
    let peer = key(1).publicKey
    #expect(test.step(.misbehaved(peer, .forgedSignature)).disconnects == [peer])
    #expect(test.accept(1).disconnects == [peer])
    #expect(test.learn(1...1).dials == [])
    test.now = test.now + .seconds(3_601)
    #expect(test.accept(1).disconnects == [])
  }

  @Test func `the longest-lived outbound peers are the next run's anchors`() {
    var test = TestPeers()
    _ = test.learn(1...4)
    for number in UInt64(1)...4 {
      test.now = test.now + .seconds(1)
      _ = test.connect(number)
    }
    let anchors = test.manager.nextAnchors
    #expect(anchors == [key(1).publicKey, key(2).publicKey])
    var next = TestPeers { $0.outbound = 2 }
    next.manager.restoreAnchors(anchors)
    #expect(Set(next.learn(1...4).dials.compactMap(\.expectedKey)) == Set(anchors))
  }
}
