import Cryptography
import Primitives

/// How much a node sends because somebody asked: answers to WANT, ranges of reconciliation, objects supplied, records.
///
/// Requests are smaller than their answers, so without a bound a neighbour draws traffic for next to nothing. The rule:
/// in a session, answers take **two bytes for each byte that the neighbour sent**, which with what was saved up stays
/// below the three that QUIC allows towards an address that nobody validated (RFC 9000 § 8.1), no more than 8 KiB/s of
/// them, and a **trickle of 1 KiB/s** besides.
/// A newcomer has nothing to send yet: in the first half minute of its first session it is given a backfill, from a
/// budget that all newcomers share, and no more of it than there is to be known: who asks for the same list again and
/// again, and is banned, finds the next node as thrifty. What is over the budget is not sent; who asked asks others.
struct AnswerBudget: Sendable {
  static let factor: UInt64 = 2
  /// And of these no more than so much a second: with the trickle and all headers, thirty-two neighbours that make the
  /// most of it stay below a third of an uplink of 10 Mbit/s.
  static let load = TokenBucket.Rate(perSecond: 8 << 10, burst: 16 << 10)
  static let trickle = TokenBucket.Rate(perSecond: 1_024, burst: 4_096)
  /// Twenty thousand live objects of 250 bytes, with their identifiers.
  static let backfill: UInt64 = 6 << 20
  /// Records, and lists that are asked for when there is next to nothing.
  static let leastBackfill: UInt64 = 16 << 10
  static let backfillTime = Interval.seconds(30)
  /// For all newcomers: four megabits a second, and a handful of them at once.
  static let backfills = TokenBucket.Rate(perSecond: 512 << 10, burst: 32 << 20)
  /// What a neighbour can save up for later.
  static let savings: UInt64 = 16 << 10

  private struct Account {
    var since: Instant
    var earned: UInt64 = 0
    var load = TokenBucket()
    var trickle = TokenBucket()
    let isNew: Bool
    /// Of the backfill, what was given.
    var filled: UInt64 = 0
  }

  private var accounts: [PeerID: Account] = [:]
  private var shared = TokenBucket()
  /// Who had its backfill within the last minutes does not get another by connecting again.
  private var filled = GenerationSet<PeerID>(capacity: 8_192, period: .seconds(600))
  /// Answers that were not given.
  private(set) var refused: UInt64 = 0

  mutating func link(_ peer: PeerID, at now: Instant) {
    let isNew = !filled.contains(peer, at: now)
    filled.insert(peer, at: now)
    accounts[peer] = Account(since: now, isNew: isNew)
  }

  mutating func unlink(_ peer: PeerID) { accounts[peer] = nil }

  mutating func received(_ bytes: Int, from peer: PeerID) {
    guard let earned = accounts[peer]?.earned else { return }
    accounts[peer]?.earned = min(earned + Self.factor * UInt64(bytes), Self.savings)
  }

  /// Whether an answer of `bytes` may go to `peer`; charges it. `whole` is what telling all that we hold takes.
  mutating func take(_ bytes: Int, for peer: PeerID, whole: Int, at now: Instant) -> Bool {
    let bytes = UInt64(bytes)
    guard let account = accounts[peer] else { return false }
    if account.earned >= bytes, accounts[peer]?.load.take(bytes, at: now, Self.load) == true {
      accounts[peer]?.earned -= bytes
      return true
    }
    if accounts[peer]?.trickle.take(bytes, at: now, Self.trickle) == true { return true }
    let backfill = min(Self.backfill, Self.leastBackfill + UInt64(whole))
    if account.isNew, now.since(account.since) < Self.backfillTime, account.filled + bytes <= backfill,
      shared.take(bytes, at: now, Self.backfills)
    {
      accounts[peer]?.filled += bytes
      return true
    }
    refused += 1
    return false
  }
}
