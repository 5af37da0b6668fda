import Chain
import Cryptography
import Primitives
import Testing

@testable import Gossip

/// What a node does about its book when nothing happens.
@Suite struct PeerUpkeepTests {
  @Test
  func
    `who has nothing new to tell is asked less and less often, and at once when it had something`()
  {
    var test = TestCore {
      $0.peers.recordInterval = .seconds(1)
      $0.peers.outbound = 8
    }
    var requests: [UInt64] = []
    let known = record(by: key(9), addresses: ["10.9.0.1:1"])
    func answer(_ effects: [GossipCore.Effect], _ object: SignedObject) {
      guard effects.messages(to: peer(1)).contains(.recordsRequest(count: 16)) else { return }
      requests.append(test.now.nanoseconds / 1_000_000_000)
      let found = test.step(.received(.records([object]), from: peer(1)))
      guard found.contains(where: { if case .verify = $0 { true } else { false } }) else { return }
      test.step(.verified(object.identifier, ObjectContent(object)))
    }
    answer(test.connect(1...1), known)
    while test.now < .at(milliseconds: 180_000) {
      test.now = test.now + .milliseconds(250)
      answer(test.step(.fired(.peers)), known)
    }
    let gaps = zip(requests.dropFirst(), requests).map { $0 - $1 }
    #expect(gaps.first ?? 0 <= 2)
    #expect(zip(gaps, gaps.dropFirst()).allSatisfy { $0 <= $1 + 1 }, "\(gaps)")
    #expect(requests.count < 10, "\(gaps)")
    #expect(gaps.allSatisfy { $0 <= 61 })

    // News: the next request comes after the short interval.
    let before = requests.count
    while requests.count == before {
      test.now = test.now + .milliseconds(250)
      answer(test.step(.fired(.peers)), record(by: key(10), addresses: ["10.10.0.1:1"]))
    }
    let asked = requests.count
    while requests.count == asked, test.now < .at(milliseconds: 400_000) {
      test.now = test.now + .milliseconds(250)
      answer(test.step(.fired(.peers)), known)
    }
    #expect((requests.last ?? 0) - requests[asked - 1] <= 2)
  }

  @Test func `a contest for a place does not wait behind one whose holder is connected`() throws {
    var test = TestPeers {
      $0.outbound = 0
      $0.feelerInterval = .seconds(5)
    }
    // Four tried buckets of 64 places are all that one group reaches.
    for number in UInt64(1)...420 {
      let address = "10.1.\(number / 200).\(number % 200):1/1"
      test.step(.records([opened(record(by: key(number), addresses: [address]))], from: nil))
      test.step(
        .connected(
          key(number).publicKey,
          Connection(direction: .outbound(address: address), host: "10.1.0.1")
        )
      )
    }
    let contests = test.manager.book.contests
    try #require(contests.count > 1)
    let other = try #require(contests.first { $0.incumbent != contests[0].incumbent })
    test.step(.disconnected(other.incumbent))
    test.now = test.now + .seconds(30)
    let dials = test.step(.fired).dials
    #expect(dials.contains { $0.purpose == .feeler && $0.expectedKey == other.incumbent })
  }
}
