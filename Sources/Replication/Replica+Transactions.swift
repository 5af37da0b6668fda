public import Chain
import Cryptography
public import Gossip
import Ledger
import Primitives

extension Replica {
  /// Takes authentic transactions from a user or a peer, in their order.
  ///
  /// - Returns: what became of each; those that are accepted are announced to others.
  public mutating func admit(_ transactions: [Transaction], from peer: PeerID?) -> [Admission] {
    let check = TransactionCheck(on: state, at: moment)
    return transactions.map { admit($0, from: peer, by: check) }
  }

  /// Takes one authentic transaction.
  public mutating func admit(_ transaction: Transaction, from peer: PeerID?) -> Admission {
    admit(transaction, from: peer, by: TransactionCheck(on: state, at: moment))
  }

  private mutating func admit(
    _ transaction: Transaction,
    from peer: PeerID?,
    by check: TransactionCheck
  ) -> Admission {
    guard !mempool.contains(transaction.hash) else { return .known }
    let expected = check.sequence(of: transaction.sender)
    let next = mempool.nextSequence(of: transaction.sender, committed: expected)
    // A later sequence number may wait for the gap to close; the ledger judges it as if it had.
    let judged = max(next, transaction.sequence)
    if let rejection = check.rejection(of: transaction, expectedSequence: judged) {
      return .rejected(rejection)
    }
    let outcome = mempool.insert(transaction, expected: expected, at: tip.height)
    guard outcome == .added else { return .refused(outcome) }
    announcements.append((transaction.encoded, peer))
    return .accepted
  }

  /// The sequence number that `sender`'s next transaction should carry.
  public func nextSequence(of sender: Address) -> UInt64 {
    mempool.nextSequence(of: sender, committed: LedgerQuery(state: state).sequence(of: sender))
  }

  /// Tells consensus of this batch's transactions, and sends each to those who still need it.
  mutating func announceTransactions(at clock: Clock, _ effects: inout [ReplicaEffect]) {
    guard !announcements.isEmpty else { return }
    signalWork(at: clock, &effects)
    let audience = TransactionAudience(
      validators: validatorPeers,
      others: peers.keys.filter { peers[$0]?.role != .validator }.sorted(),
      setCount: tip.validators.count,
      isValidator: configuration.consensusKey.map { tip.validators.index(ofKey: $0) != nil } ?? false
    )
    for peer in audience.peers {
      var batch: [[UInt8]] = []
      var size = 0
      for (bytes, origin) in announcements where audience.needs(peer, from: origin) {
        if size + bytes.count > Self.announcementBytes {
          effects.append(.send(.transactions(batch), to: peer))
          batch = []
          size = 0
        }
        batch.append(bytes)
        size += bytes.count
      }
      if !batch.isEmpty { effects.append(.send(.transactions(batch), to: peer)) }
    }
    announcements.removeAll(keepingCapacity: true)
  }

  /// Of transactions in one frame.
  private static var announcementBytes: Int { 512 * 1024 }
}
