import Cryptography
import Testing

@testable import Replication

/// Who is sent a transaction, and who is told of it.
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

  @Test func `in a full mesh a user's transaction goes to each validator once, whole`() {
    let meshed = audience(4, isValidator: true)
    #expect(meshed.pushReceivers(from: nil) == validators)
    #expect(meshed.announceReceivers(from: nil).isEmpty)
    #expect(
      meshed.pushReceivers(from: others[0]).isEmpty && meshed.pushReceivers(from: validators[0]).isEmpty
    )
    #expect(meshed.announceReceivers(from: others[0]) == validators)
    #expect(meshed.announceReceivers(from: validators[0]).isEmpty, "its origin has sent it to all of them")
  }

  @Test func `where the mesh has a hole a validator tells of what another sent`() {
    #expect(
      audience(3, isValidator: true).announceReceivers(from: validators[0]) == [validators[1], validators[2]]
    )
  }

  @Test func `a follower sends its users' transactions to validators and tells them of others'`() {
    let follower = audience(4, isValidator: false)
    #expect(follower.pushReceivers(from: nil) == validators && follower.announceReceivers(from: nil).isEmpty)
    #expect(follower.announceReceivers(from: others[0]) == validators)
  }

  @Test(arguments: [0, 1, 2]) func `with few validators at hand everybody is told`(count: Int) {
    let sparse = audience(count, isValidator: false)
    #expect(sparse.pushReceivers(from: nil).count == count + TransactionAudience.sparsePushCount)
    #expect(sparse.announceReceivers(from: nil).count == others.count - TransactionAudience.sparsePushCount)
    #expect(sparse.announceReceivers(from: others[0]) == Array(validators.prefix(count)) + others.dropFirst())
  }

  @Test func `the only validator there is has nobody to tell`() {
    let alone = TransactionAudience(validators: [], others: others, setCount: 1, isValidator: true)
    #expect(alone.pushReceivers(from: nil).isEmpty && alone.announceReceivers(from: others[0]).isEmpty)
  }
}
