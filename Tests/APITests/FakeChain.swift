import Cryptography
import Foundation
import Primitives
import Synchronization

@testable import API
@testable import Chain

/// A chain of one account, as far as a wallet sees it: a sequence number, a mempool and one block.
final class FakeChain: Sendable {
  private struct State {
    var sequence: UInt64 = 0
    var pool: [String: UInt64] = [:]
    var committed: [String: UInt64] = [:]
    var isStanding: Bool
    /// How many of the next transactions find their sequence number taken.
    var rivals = 0
    /// Whether the node answers no more questions about transactions once it has taken one.
    var isAiling = false
  }

  /// As the wallet of the test has it.
  static let name = "fake-1"
  private let state: Mutex<State>

  /// `isStanding`: no block comes.
  /// `rivals`: so many transactions find that somebody who uses the same key elsewhere was faster.
  /// `isAiling`: once the node has taken a transaction, it answers everything about transactions with 503.
  init(isStanding: Bool = false, rivals: Int = 0, isAiling: Bool = false) {
    state = Mutex(State(isStanding: isStanding, rivals: rivals, isAiling: isAiling))
  }

  var payments: Int { state.withLock { $0.committed.count + $0.pool.count } }

  func account(_ address: String) -> Answer.Account {
    state.withLock { state in
      let coin = Answer.Coin(denomination: "uakt", amount: "1000000000")
      return Answer.Account(address: address, sequence: state.sequence, balances: [coin], locked: [])
    }
  }

  func submit(_ bytes: [UInt8], wait: Bool) async throws -> Answer.TransactionResult {
    guard let chain = ChainID(Self.name) else { throw FakeNode.Surprise() }
    let transaction = try Transaction(decoding: bytes, chain: chain)
    let hash = transaction.hash.description
    try state.withLock { state in
      if state.isAiling, !(state.pool.isEmpty && state.committed.isEmpty) {
        throw ServingError.unavailable("the node stops")
      }
      if state.pool[hash] != nil { return }
      if state.rivals > 0, state.committed[hash] == nil {
        state.rivals -= 1
        state.sequence += 1
      }
      guard transaction.sequence == state.sequence else {
        throw ServingError.rejected(
          code: 32,
          codespace: "sdk",
          message:
            "the account's sequence number is \(state.sequence), the transaction has \(transaction.sequence)"
        )
      }
      state.sequence += 1
      if state.isStanding {
        state.pool[hash] = transaction.sequence
      } else {
        state.committed[hash] = transaction.sequence
      }
    }
    guard wait else { return result(hash, height: 0) }
    if state.withLock({ $0.isStanding }) { try await Task.sleep(for: .seconds(600)) }
    return result(hash, height: 5)
  }

  func transaction(_ hash: String) throws -> Answer.TransactionResult {
    if state.withLock({ $0.isAiling }) { throw ServingError.unavailable("the node stops") }
    let (isPooled, isCommitted) = state.withLock { ($0.pool[hash] != nil, $0.committed[hash] != nil) }
    guard isPooled || isCommitted else { throw ServingError.notFound("no transaction \(hash) is known here") }
    return result(hash, height: isCommitted ? 5 : 0)
  }

  private func result(_ hash: String, height: UInt64) -> Answer.TransactionResult {
    Answer.TransactionResult(hash: hash, height: height, code: 0, codespace: "", log: "", events: [])
  }
}
