import Cryptography
import Gossip
import Primitives
import Testing

@Suite struct NearPeersTests {
  /// Four outbound sessions, each after 200 ms; the chain knows two of them. Six more records wait for feelers.
  private func connected() -> TestPeers {
    var test = TestPeers {
      $0.outbound = 4
      $0.nearby = 2
      $0.firstFeelers = 24
    }
    _ = test.step(.chainKnows(peers: [key(1).publicKey, key(2).publicKey], mesh: []))
    _ = test.learn(1...4)
    test.now = test.now + .milliseconds(200)
    for number in UInt64(1)...4 { _ = test.connect(number) }
    _ = test.learn(5...10)
    return test
  }

  /// Lets time pass up to the next feeler and has it answered after `milliseconds`.
  private func answerNextFeeler(_ test: inout TestPeers, after milliseconds: UInt64) -> (
    UInt64, [PeerManager.Effect]
  )? {
    for _ in 0..<10 {
      guard let dial = test.pass(1_000).dials.first(where: { $0.purpose == .feeler }) else { continue }
      guard let number = (UInt64(1)...10).first(where: { key($0).publicKey == dial.expectedKey }) else {
        return nil
      }
      test.now = test.now + .milliseconds(milliseconds)
      return (number, test.connect(number))
    }
    return nil
  }

  @Test func `a feeler that answers in less than half the time takes the place of one chosen by lot`() throws
  {
    var test = connected()
    let (number, effects) = try #require(answerNextFeeler(&test, after: 90))
    #expect(effects.disconnects == [])
    let later = test.pass(1_000)
    let gone = try #require(later.disconnects.first)
    #expect(later.contains(.disconnect(gone, .nearer)))
    #expect([key(3).publicKey, key(4).publicKey].contains(gone))
    #expect(test.manager.connectedPeers.contains(key(number).publicKey))
    #expect(test.manager.connectedPeers.count == 4)
  }

  @Test func `one that is only somewhat faster is tested as ever`() throws {
    var test = connected()
    let (number, effects) = try #require(answerNextFeeler(&test, after: 110))
    #expect(effects.contains(.disconnect(key(number).publicKey, .tested)))
  }

  @Test func `the quickest hold two places, and whom the chain knows never gives way`() throws {
    var test = connected()
    for milliseconds: UInt64 in [60, 50, 9, 8, 7, 1] {
      let (number, effects) = try #require(answerNextFeeler(&test, after: milliseconds))
      let isKept = effects.disconnects == []
      #expect(isKept == [60, 50, 9, 8, 1].contains(milliseconds), "\(milliseconds) ms")
      if !isKept { test.step(.disconnected(key(number).publicKey)) }
    }
    _ = test.pass(1_000)
    #expect(test.manager.connectedPeers.count == 4)
    let connected = Set(test.manager.connectedPeers)
    #expect(connected.isSuperset(of: [key(1).publicKey, key(2).publicKey]))
  }

  @Test func `a near peer without room for us costs nobody his place`() throws {
    var test = connected()
    let (number, _) = try #require(answerNextFeeler(&test, after: 10))
    test.now = test.now + .milliseconds(30)
    _ = test.step(.disconnected(key(number).publicKey))
    for _ in 0..<2 { #expect(test.pass(400).disconnects == []) }
    #expect(Set(test.manager.connectedPeers) == Set((1...4).map { key($0).publicKey }))
  }

  @Test func `feelers that nobody answers leave half of the dials to others`() {
    var test = connected()
    _ = test.learn(5...30)
    var feelers = 0
    for _ in 0..<20 { feelers += test.pass(1_000).dials.count { $0.purpose == .feeler } }
    #expect(feelers == 4)
    #expect(test.step(.disconnected(key(1).publicKey)).dials.contains { $0.purpose == .outbound })
  }
}
