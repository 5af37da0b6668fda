import Cryptography
import Primitives
import Testing

@testable import Gossip

/// A node and its neighbours, each of which answers as the test says.
private struct ProbedNode {
  var probing: Probing
  var now = Instant.at(milliseconds: 5_000)
  /// Who says `alive` to `ask`.
  var living: Set<UInt64> = []
  /// Who says `found` to whoever looks for these.
  var finders: [UInt64: Set<UInt64>] = [:]
  /// Who sends something of its own each second.
  var talkative: Set<UInt64> = []
  var asked: [UInt64] = []
  var searched: [UInt64] = []
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
    if case .received(_, let sender) = input { probing.heard(sender, at: now) }
    var effects: [Probing.Effect] = []
    probing.step(input, at: now, effects: &effects)
    return effects
  }

  /// Lets seconds pass; neighbours answer within each of them.
  mutating func pass(seconds: Int) {
    for _ in 0..<seconds {
      now = now + .seconds(1)
      for number in talkative.sorted() { probing.heard(peer(number), at: now) }
      for effect in step(.ticked) { answer(effect) }
    }
  }

  private mutating func answer(_ effect: Probing.Effect) {
    switch effect {
    case .send(.ask, let receiver):
      asked.append(Self.number(receiver))
      if living.contains(Self.number(receiver)) { step(.received(.alive, from: receiver)) }
    case .send(.search(let target), let receiver):
      searched.append(Self.number(receiver))
      if finders[Self.number(target)]?.contains(Self.number(receiver)) == true {
        step(.received(.found(target), from: receiver))
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
  @Test func `who talks is not asked, who is silent is asked each ten seconds`() {
    var node = ProbedNode(links: 1...3)
    node.talkative = [1]
    node.living = [2, 3]
    node.pass(seconds: 40)
    #expect(!node.asked.contains(1))
    #expect(node.asked.count { $0 == 2 } == 4)
    #expect(node.ends == [] && node.searched == [])
  }

  @Test func `who answers neither us nor others is given up`() {
    var node = ProbedNode(links: 1...6)
    node.talkative = [2, 3, 4, 5, 6]
    node.pass(seconds: 60)
    // Ten seconds of silence, three for the answer, and six for the others' since our own probe failed.
    #expect(node.ends == [.init(peer: 1, isReachable: false, second: 19)])
    #expect(node.searched.count == 3 && Set(node.searched).isSubset(of: [2, 3, 4, 5, 6]))
  }

  @Test func `whom others reach is asked again before its link is given up`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    node.finders = [1: [3]]
    node.pass(seconds: 90)
    #expect(node.ends.map(\.isReachable) == [true])
    #expect(node.asked == [1, 1])
    #expect((19...45).contains(node.ends.first?.second ?? 0), "before the transport's own limit")
  }

  @Test func `whom others reach and who then answers stays`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    node.finders = [1: [2, 3, 4]]
    node.pass(seconds: 18)
    node.living = [1]
    node.pass(seconds: 60)
    #expect(node.ends == [])
    #expect(node.probing.health == 0)
  }

  @Test func `who hears nobody gives nobody up`() {
    var node = ProbedNode(links: 1...8)
    node.pass(seconds: 300)
    #expect(node.ends == [] && node.searched == [])
    #expect(node.probing.health == Probing.healthLimit)
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
    #expect(node.probing.patience == .seconds(3))
    for _ in 0..<9 {
      node.now = node.now + .seconds(20)
      node.step(.ticked)
    }
    #expect(node.probing.patience == .seconds(12))
  }

  @Test func `a lie about a living peer changes nothing, one about a dead peer keeps no link`() {
    var node = ProbedNode(links: 1...4)
    node.talkative = [2, 3, 4]
    for liar in UInt64(2)...4 { node.step(.received(.found(peer(1)), from: peer(liar))) }
    node.finders = [1: [2, 3, 4]]
    node.pass(seconds: 90)
    #expect(node.ends.map(\.peer) == [1])
  }

  @Test func `a favour is done over our link, or by a dial where there is none`() {
    var node = ProbedNode(links: 1...3)
    #expect(node.step(.received(.search(peer(2)), from: peer(1))) == [.send(.ask, to: peer(2))])
    #expect(node.step(.received(.search(peer(2)), from: peer(3))) == [], "already under way")
    #expect(
      node.step(.received(.alive, from: peer(2)))
        == [.send(.found(peer(2)), to: peer(1)), .send(.found(peer(2)), to: peer(3))]
    )
    #expect(node.step(.received(.search(peer(9)), from: peer(1))) == [.dial(peer(9))])
    #expect(node.step(.proved(peer(9))) == [.send(.found(peer(9)), to: peer(1))])
    #expect(node.step(.proved(peer(9))) == [])
  }

  @Test func `nobody is told what came too late, and favours have a limit`() {
    var node = ProbedNode(links: 1...2)
    _ = node.step(.received(.search(peer(2)), from: peer(1)))
    node.pass(seconds: 3)
    #expect(node.step(.received(.alive, from: peer(2))) == [])
    for number in UInt64(10)...12 { _ = node.step(.received(.search(peer(number)), from: peer(1))) }
    #expect(
      node.step(.received(.search(peer(13)), from: peer(1))) == [.fault(peer(1), .excessiveRequests)]
    )
  }

  @Test func `who asks more than an honest neighbour would is not answered`() {
    var node = ProbedNode(links: 1...1)
    let effects = (0..<20).flatMap { _ in node.step(.received(.ask, from: peer(1))) }
    #expect(effects.count { $0 == .send(.alive, to: peer(1)) } == 8)
    #expect(effects.count { $0 == .fault(peer(1), .excessiveRequests) } == 12)
  }
}
