import Chain
import Cryptography
import Primitives
import Testing

@testable import Gossip

extension [GossipCore.Effect] {
  fileprivate var checks: [SignedObject] {
    compactMap { if case .verify(let object) = $0 { object } else { nil } }
  }
  fileprivate var deliveries: [SignedObject] {
    compactMap { if case .deliver(let object, _, _) = $0 { object } else { nil } }
  }
  fileprivate var requests: Int {
    count { if case .send(_, .recordsRequest, _) = $0 { true } else { false } }
  }
}

/// One signature check per object and node, however often and by whatever way it comes.
@Suite struct RepeatedChecksTests {
  private func packet(_ object: SignedObject) -> GossipMessage {
    var packet = Packet()
    packet.objects = [object]
    return .packet(packet)
  }

  @Test func `what was refused is judged again, not checked again`() {
    var test = TestCore()
    _ = test.connect(1...2)
    let object = key(3).token(1)
    #expect(test.step(.received(packet(object), from: peer(1))).checks == [object])
    test.step(.verified(object.identifier, ObjectContent(object)))
    test.step(.judged(object.identifier, .refused))
    test.now = test.now + .seconds(21)
    let again = test.step(.received(packet(object), from: peer(2)))
    #expect(again.checks.isEmpty && again.deliveries == [object])
    test.step(.judged(object.identifier, .refused))
    test.now = test.now + .seconds(21)
    // Another signature over the same content proves nothing.
    #expect(test.step(.received(packet(forged(object)), from: peer(2))).checks == [forged(object)])
  }

  @Test func `what was retired and forgotten is not checked again`() {
    var test = TestCore()
    _ = test.connect(1...2)
    let object = key(3).token(1)
    _ = test.accept(object, from: 1)
    test.step(.retired([object.identifier]))
    test.now = test.now + .seconds(300)
    #expect(test.step(.received(packet(object), from: peer(2))).checks.isEmpty)
    #expect(test.core.dissemination.counters.checksSpared == 1)
  }

  @Test func `a record is checked once, and an older one than the book has never`() {
    var test = TestCore { $0.peers.bookTarget = 1_000 }
    _ = test.connect(1...1)
    let (old, new) = (
      record(by: key(9), addresses: ["10.9.0.1:1"]),
      record(by: key(9), sequence: 2, addresses: ["10.9.0.1:1"])
    )
    let expired = record(by: key(8), addresses: ["10.8.0.1:1"], expiresAt: .start)
    #expect(
      test.step(.received(.records([new, expired]), from: peer(1))).checks == [new, expired]
    )
    for object in [new, expired] { test.step(.verified(object.identifier, ObjectContent(object))) }
    test.now = test.now + .seconds(60)
    test.step(.fired(.peers))
    let again = test.step(.received(.records([old, new, expired]), from: peer(1)))
    #expect(again.checks.isEmpty && again.faults.isEmpty)
  }

  @Test func `an answer that comes over the next session was asked for all the same`() {
    var test = TestCore()
    let asked = test.connect(1...1)
    #expect(asked.requests == 1)
    test.step(.disconnected(peer(1)))
    #expect(test.connect(1...1).requests == 0, "it was asked a moment ago")
    let answer = GossipMessage.records([record(by: key(9), addresses: ["10.9.0.1:1"])])
    #expect(test.step(.received(answer, from: peer(1))).faults.isEmpty)
    #expect(test.step(.received(answer, from: peer(1))).faults == [.unrequestedRecords])
  }
}
