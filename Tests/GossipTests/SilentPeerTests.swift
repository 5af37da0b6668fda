import Cryptography
import Primitives
import Testing

@testable import Gossip

/// What a node does about a session without life.
@Suite struct SilentPeerTests {
  /// Four peers that we dialed, of which only the last three still answer.
  private func test() -> TestCore {
    var test = TestCore { $0.peers.outbound = 4 }
    for number in UInt64(1)...4 {
      let host = "10.\(number).0.1"
      test.core.learn([record(by: key(number), addresses: ["\(host):1/1"])], at: test.now)
      let connection = Connection(direction: .outbound(address: "\(host):1/1"), host: host)
      test.step(.connected(key(number).publicKey, connection))
    }
    return test
  }

  /// Plays the neighbours for some seconds; returns what else the node wanted.
  private func pass(
    _ seconds: Int,
    _ test: inout TestCore,
    finder: UInt64? = nil
  ) -> [GossipCore.Effect] {
    var others: [GossipCore.Effect] = []
    for _ in 0..<seconds {
      test.now = test.now + .seconds(1)
      for effect in test.step(.fired(.peers)) {
        switch effect {
        case .send(let peer, .probe(.ping), _) where peer != key(1).publicKey:
          test.step(.received(.probe(.ack), from: peer))
        case .send(let peer, .probe(.pingRequest(let target)), _) where finder != nil:
          test.step(.received(.probe(.indirectAck(target)), from: peer))
        default: others.append(effect)
        }
      }
    }
    return others
  }

  private func dials(_ effects: [GossipCore.Effect]) -> Int {
    effects.count { if case .dial(let dial) = $0 { dial.expectedKey == key(1).publicKey } else { false } }
  }

  @Test func `a peer that answers nobody loses its session and is not dialed at once`() {
    var test = test()
    let effects = pass(30, &test)
    #expect(effects.contains(.disconnect(key(1).publicKey, .silent)))
    #expect(!test.core.neighbours.contains(key(1).publicKey) && test.core.neighbours.count == 3)
    #expect(test.core.peers.book[key(1).publicKey]?.failures == 1)
    #expect(effects.faults == [])
  }

  @Test func `a peer that others reach is dialed again at once`() throws {
    var test = test()
    let effects = pass(45, &test, finder: 2)
    let end = try #require(effects.firstIndex(of: .disconnect(key(1).publicKey, .silent)))
    #expect(dials(Array(effects[end...].prefix(3))) == 1)
    #expect(test.core.peers.book[key(1).publicKey]?.failures == 0)
  }

  @Test func `what a peer says to other rooms counts as life`() {
    var test = test()
    for _ in 0..<60 {
      test.core.recordHeard(key(1).publicKey, at: test.now)
      #expect(!pass(1, &test).contains(.disconnect(key(1).publicKey, .silent)))
    }
  }

  @Test func `whom somebody looks for is tested by a feeler`() throws {
    var test = test()
    test.core.learn([record(by: key(9), addresses: ["10.9.0.1:1/1"])], at: test.now)
    let effects = test.step(.received(.probe(.pingRequest(key(9).publicKey)), from: key(2).publicKey))
    let expected = Dial(address: "10.9.0.1:1/1", expectedKey: key(9).publicKey, purpose: .feeler)
    #expect(effects.contains(.dial(expected)))
    let connection = Connection(direction: .outbound(address: "10.9.0.1:1/1"), host: "10.9.0.1")
    let proof = test.step(.connected(key(9).publicKey, connection))
    #expect(proof.messages(to: key(2).publicKey) == [.probe(.indirectAck(key(9).publicKey))])
    #expect(proof.contains(.disconnect(key(9).publicKey, .tested)))
  }

  @Test func `whom nobody knows is not looked for`() {
    var test = test()
    let effects = test.step(.received(.probe(.pingRequest(peer(77))), from: key(2).publicKey))
    #expect(!effects.contains { if case .dial = $0 { true } else { false } })
    #expect(effects.messages(to: key(2).publicKey) == [])
  }
}
