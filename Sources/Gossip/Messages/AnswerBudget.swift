import Cryptography
import Primitives

/// Limits the bytes that a node sends in answer to a peer's requests: WANT, ranges of reconciliation,
/// objects, and node records.
///
/// A request is smaller than its answer, so without a limit a neighbour could make this node send much traffic at
/// little cost of its own (traffic amplification). A neighbour is answered from three budgets, tried in this order:
///
/// 1. **Earned**: 2 bytes for each byte that the neighbour sent in this session, at most 8 KiB/s. With what can be saved
///    up, this stays below the factor of 3 that QUIC allows towards an unvalidated address (RFC 9000 § 8.1).
/// 2. **Trickle**: 1 KiB/s, whatever the neighbour sent.
/// 3. **Backfill**: a new neighbour has not sent anything yet, but needs all live objects. For the first 30 s of its
///    first session it may draw on a budget that all new neighbours share, up to the size of what this node holds.
///
/// An answer that fits into none of them is not sent. The neighbour asks another node.
struct AnswerBudget: Sendable {
  /// Bytes earned for each byte received.
  static let earnedPerByte: UInt64 = 2
  /// The most that is paid from earned bytes. With the trickle and all headers, 32 neighbours that use it fully take
  /// less than a third of an uplink of 10 Mbit/s.
  static let earnedRate = TokenBucket.Rate(perSecond: 8 << 10, burst: 16 << 10)
  static let trickleRate = TokenBucket.Rate(perSecond: 1_024, burst: 4_096)
  /// The most backfill bytes for one neighbour: 20,000 live objects of 250 bytes, with their identifiers.
  static let backfillLimit: UInt64 = 6 << 20
  /// Backfill bytes for node records and range messages, in addition to the size of the live objects.
  static let extraBackfill: UInt64 = 16 << 10
  static let backfillTime = Interval.seconds(30)
  /// The rate for all new neighbours together: 4 Mbit/s, with a burst for about five full backfills.
  static let backfillRate = TokenBucket.Rate(perSecond: 512 << 10, burst: 32 << 20)
  /// The most earned bytes that a neighbour can save up.
  static let earnedLimit: UInt64 = 16 << 10

  private struct Account {
    var since: Instant
    var earned: UInt64 = 0
    var earnedBucket = TokenBucket()
    var trickleBucket = TokenBucket()
    /// True if the peer has had no session lately, so that it gets a backfill.
    let isNew: Bool
    /// The backfill bytes sent so far.
    var backfilled: UInt64 = 0
  }

  private var accounts: [PeerID: Account] = [:]
  private var backfillBucket = TokenBucket()
  /// Peers that had a session within the last 10 to 20 minutes. They get no second backfill when they connect
  /// again.
  private var backfilledPeers = Generations<PeerID, Void>(capacity: 8_192, period: .seconds(600))
  /// The number of answers that were not sent because no budget allowed them.
  private(set) var refused: UInt64 = 0

  mutating func link(_ peer: PeerID, at now: Instant) {
    let isNew = !backfilledPeers.contains(peer, at: now)
    backfilledPeers.insert(peer, at: now)
    accounts[peer] = Account(since: now, isNew: isNew)
  }

  mutating func unlink(_ peer: PeerID) { accounts[peer] = nil }

  mutating func received(_ bytes: Int, from peer: PeerID) {
    guard let earned = accounts[peer]?.earned else { return }
    accounts[peer]?.earned = min(earned + Self.earnedPerByte * UInt64(bytes), Self.earnedLimit)
  }

  /// Charges an answer of `bytes` bytes to `peer`; false when it must not be sent.
  ///
  /// `fullSync` is the number of bytes needed to send everything that this node holds.
  mutating func take(_ bytes: Int, for peer: PeerID, fullSync: Int, at now: Instant) -> Bool {
    let bytes = UInt64(bytes)
    guard let account = accounts[peer] else { return false }
    if account.earned >= bytes, accounts[peer]?.earnedBucket.take(bytes, at: now, Self.earnedRate) == true {
      accounts[peer]?.earned -= bytes
      return true
    }
    if accounts[peer]?.trickleBucket.take(bytes, at: now, Self.trickleRate) == true { return true }
    let backfill = min(Self.backfillLimit, Self.extraBackfill + UInt64(fullSync))
    if account.isNew, now.since(account.since) < Self.backfillTime, account.backfilled + bytes <= backfill,
      backfillBucket.take(bytes, at: now, Self.backfillRate)
    {
      accounts[peer]?.backfilled += bytes
      return true
    }
    refused += 1
    return false
  }
}
