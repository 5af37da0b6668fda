public import Chain
import Cryptography
public import Gossip
import Ledger
import Primitives

extension Replica {
  /// Takes an authentic transaction from a user or a peer.
  ///
  /// - Returns: what became of it; a peer's is announced to the others when it is accepted.
  public mutating func admit(
    _ transaction: Transaction,
    from peer: PeerID?,
    at clock: Clock,
    _ effects: inout [ReplicaEffect]
  ) -> Admission {
    guard !mempool.contains(transaction.hash) else { return .known }
    let sender = transaction.sender
    let expected = LedgerQuery(state: state).sequence(of: sender)
    let next = mempool.nextSequence(of: sender, committed: expected)
    // A later sequence number may wait for the gap to close; the ledger judges it as if it had.
    let judged = max(next, transaction.sequence)
    if let rejection = Executor.check(transaction, at: moment, on: state, expectedSequence: judged) {
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
