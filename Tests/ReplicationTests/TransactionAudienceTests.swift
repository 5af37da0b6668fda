import Cryptography
import Testing

@testable import Replication

/// Who is sent a transaction.
@Suite struct TransactionAudienceTests {
  private let validators = (0..<4).map { _ in SigningKey.generate().publicKey }
  private let others = (0..<5).map { _ in SigningKey.generate().publicKey }

  private func audience(_ count: Int, setCount: Int = 5, isValidator: Bool) -> TransactionAudience {
    TransactionAudience(
      validators: Array(validators.prefix(count)),
      others: others,
      setCount: setCount,
      isValidator: isValidator
    )
  }

  @Test func `in a full mesh a validator tells the other validators, once`() {
    let meshed = audience(4, isValidator: true)
    #expect(meshed.peers == validators)
    for peer in validators {
      #expect(meshed.needs(peer, from: nil))
      #expect(meshed.needs(peer, from: others[0]))
      #expect(!meshed.needs(peer, from: validators[0]), "its origin has told all of them")
    }
  }

  @Test func `where the mesh has a hole a validator passes on what another sent`() {
    let holed = audience(3, isValidator: true)
    #expect(holed.needs(validators[1], from: validators[0]))
    #expect(!holed.needs(validators[0], from: validators[0]))
  }

  @Test func `a follower sends to validators, and its own users' also other ways`() {
    let follower = audience(4, isValidator: false)
    #expect(follower.peers.count == 4 + TransactionAudience.detours)
    for peer in follower.peers { #expect(follower.needs(peer, from: nil)) }
    #expect(follower.needs(validators[0], from: others[0]))
    #expect(!follower.needs(others[1], from: others[0]))
  }

  @Test(arguments: [0, 1, 2]) func `with few validators at hand everybody is told`(count: Int) {
    let sparse = audience(count, isValidator: false)
    #expect(sparse.peers.count == count + others.count)
    #expect(sparse.needs(others[1], from: others[0]))
    #expect(!sparse.needs(others[0], from: others[0]))
  }

  @Test func `the only validator there is has nobody to tell`() {
    let alone = TransactionAudience(validators: [], others: others, setCount: 1, isValidator: true)
    #expect(alone.peers.isEmpty)
  }
}
