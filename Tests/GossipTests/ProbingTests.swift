import Cryptography
import Primitives
import Testing

@testable import Gossip

/// A node and its neighbours, each of which answers as the test says.
private struct ProbedNode {
  var probing: Probing
  var now = Instant.at(milliseconds: 5_000)
  /// Who answers a ping.
  var living: Set<UInt64> = []
  /// By peer, those that have an ack from it when they are asked to ping it.
  var reachedBy: [UInt64: Set<UInt64>] = [:]
  /// Who sends something of its own each second.
  var talkative: Set<UInt64> = []
  var pinged: [UInt64] = []
  var helpers: [UInt64] = []
  var ends: [End] = []

  struct End: Equatable {
    let peer: UInt64
    let isReachable: Bool
    let second: UInt64
  }

  init(links: ClosedRange<UInt64>) {
    probing = Probing(generator: SeededGenerator(seed: 1), at: .at(milliseconds: 5_000))
    for number in links { _ = step(.linked(peer(number))) }
  }

  static func number(_ id: PeerID) -> UInt64 { (0...99).first { peer($0) == id } ?? .max }

  @discardableResult
  mutating func step(_ input: Probing.Input) -> [Probing.Effect] {
    if case .received(_, let sender) = input { probing.recordHeard(sender, at: now) }
    var effects: [Probing.Effect] = []
    probing.step(input, at: now, effects: &effects)
    return effects
  }

  /// Lets seconds pass; neighbours answer within each of them.
  mutating func pass(seconds: Int) {
    for _ in 0..<seconds {
      now = now + .seconds(1)
      for number in talkative.sorted() { probing.recordHeard(peer(number), at: now) }
      for effect in step(.ticked) { answer(effect) }
    }
  }

  private mutating func answer(_ effect: Probing.Effect) {
    switch effect {
    case .send(.ping, let receiver):
      pinged.append(Self.number(receiver))
      if living.contains(Self.number(receiver)) { step(.received(.ack, from: receiver)) }
    case .send(.pingRequest(let target), let receiver):
      helpers.append(Self.number(receiver))
      if reachedBy[Self.number(target)]?.contains(Self.number(receiver)) == true {
        step(.received(.indirectAck(target), from: receiver))
      }
    case .silent(let silent, let isReachable):
      ends.append(
        End(peer: Self.number(silent), isReachable: isReachable, second: now.nanoseconds / 1_000_000_000 - 5)
      )
      step(.unlinked(silent))
    case .send, .dial, .fault: break
    }
  }
}

@Suite struct ProbingTests {
  @Test func `who talks is not pinged, who is silent is pinged each ten seconds`() {
    var node = ProbedNode(links: 1...3)
    node.talkative = [1]
    node.living = [2, 3]
    node.pass(seconds: 40)
    #expect(!node.pinged.contains(1))
    #expect(node.pinged.count { $0 == 2 } == 4)
    #expect(node.ends == [] && node.helpers == [])
  }

  @Test func `who answers neither this node nor others loses its session`() {
    var node = ProbedNode(links: 1...6)
    node.talkative = [2, 3, 4, 5, 6]
    node.pass(seconds: 60)
    // Ten seconds of silence, three for the answer, and six for the others' since our own probe failed.
    #expect(node.ends == [.init(peer: 1, isReachable: false, second: 19)])
    #expect(node.helpers.count == 3 && Set(node.helpers).isSubset(of: [2, 3, 4, 5, 6]))
  }

  @Test func `whom others reach is pinged again before its session ends`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    node.reachedBy = [1: [3]]
    node.pass(seconds: 90)
    #expect(node.ends.map(\.isReachable) == [true])
    #expect(node.pinged == [1, 1])
    #expect((19...45).contains(node.ends.first?.second ?? 0), "before the transport's own limit")
  }

  @Test func `whom others reach and who then answers stays`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    node.reachedBy = [1: [2, 3, 4]]
    node.pass(seconds: 18)
    node.living = [1]
    node.pass(seconds: 60)
    #expect(node.ends == [])
    #expect(node.probing.localHealth == 0)
  }

  @Test func `who hears nobody ends no session`() {
    var node = ProbedNode(links: 1...8)
    node.pass(seconds: 300)
    #expect(node.ends == [] && node.helpers == [])
    #expect(node.probing.localHealth == Probing.localHealthLimit)
  }

  @Test func `what was said while the node stood still is not held against its neighbours`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    node.pass(seconds: 12)
    node.now = node.now + .seconds(30)
    node.living = [1]
    node.pass(seconds: 30)
    #expect(node.ends == [])
  }

  @Test func `a node that does not keep up waits longer`() {
    var node = ProbedNode(links: 1...4)
    #expect(node.probing.ackTimeout == .seconds(3))
    for _ in 0..<9 {
      node.now = node.now + .seconds(20)
      node.step(.ticked)
    }
    #expect(node.probing.ackTimeout == .seconds(12))
  }

  @Test func `a lie about a living peer changes nothing, one about a dead peer keeps no link`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    for liar in UInt64(2)...4 { node.step(.received(.indirectAck(peer(1)), from: peer(liar))) }
    node.reachedBy = [1: [2, 3, 4]]
    node.pass(seconds: 90)
    #expect(node.ends.map(\.peer) == [1])
  }

  @Test func `a ping-req is served over the session with the target, or by a dial where there is none`() {
    var node = ProbedNode(links: 1...3)
    #expect(node.step(.received(.pingRequest(peer(2)), from: peer(1))) == [.send(.ping, to: peer(2))])
    #expect(node.step(.received(.pingRequest(peer(2)), from: peer(3))) == [], "already under way")
    #expect(
      node.step(.received(.ack, from: peer(2)))
        == [.send(.indirectAck(peer(2)), to: peer(1)), .send(.indirectAck(peer(2)), to: peer(3))]
    )
    #expect(node.step(.received(.pingRequest(peer(9)), from: peer(1))) == [.dial(peer(9))])
    #expect(node.step(.reached(peer(9))) == [.send(.indirectAck(peer(9)), to: peer(1))])
    #expect(node.step(.reached(peer(9))) == [])
  }

  @Test func `an ack that comes too late is told to nobody, and ping-reqs have a limit`() {
    var node = ProbedNode(links: 1...2)
    _ = node.step(.received(.pingRequest(peer(2)), from: peer(1)))
    node.pass(seconds: 3)
    #expect(node.step(.received(.ack, from: peer(2))) == [])
    for number in UInt64(10)...12 { _ = node.step(.received(.pingRequest(peer(number)), from: peer(1))) }
    #expect(
      node.step(.received(.pingRequest(peer(13)), from: peer(1))) == [.fault(peer(1), .excessiveRequests)]
    )
  }

  @Test func `who asks more than an honest neighbour would is not answered`() {
    var node = ProbedNode(links: 1...1)
    let effects = (0..<20).flatMap { _ in node.step(.received(.ping, from: peer(1))) }
    #expect(effects.count { $0 == .send(.ack, to: peer(1)) } == 8)
    #expect(effects.count { $0 == .fault(peer(1), .excessiveRequests) } == 12)
  }
}
