import Cryptography
import Primitives

/// The score of one peer in points. Useful deliveries raise it, faults lower it, and it halves every ten
/// minutes.
struct PeerScore: Hashable, Sendable {
  static let halfLife = Interval.seconds(600)
  /// From here down the peer keeps its session, but is evicted before others.
  static let graylistAt: Int64 = -50
  static let banAt: Int64 = -100
  /// The greatest score that useful deliveries can reach.
  static let creditLimit: Int64 = 20
  /// The length of the first ban. Every further ban doubles it, up to `longestBan`.
  static let firstBan = Interval.seconds(3_600)
  static let longestBan = Interval.seconds(86_400)

  /// The score at `updatedAt`, in thousandths of a point.
  private var milliPoints: Int64 = 0
  private var updatedAt: Instant
  private var bans: UInt8 = 0
  private var bannedUntil: Instant?

  init(at now: Instant) { updatedAt = now }

  func points(at now: Instant) -> Int64 { decayed(at: now) / 1_000 }

  /// Counts a fault. Returns the length of the ban if the fault causes one.
  mutating func punish(_ fault: Fault, at now: Instant) -> Interval? {
    settle(at: now)
    milliPoints = max(milliPoints - fault.weight * 1_000, 10 * Self.banAt * 1_000)
    guard milliPoints <= Self.banAt * 1_000 else { return nil }
    if let bannedUntil, now < bannedUntil { return nil }
    let ban = min(Interval(nanoseconds: Self.firstBan.nanoseconds << UInt64(min(bans, 8))), Self.longestBan)
    bans = min(bans + 1, 8)
    bannedUntil = now + ban
    // After the ban the peer starts again with the score of a graylisted peer.
    milliPoints = Self.graylistAt * 1_000
    return ban
  }

  /// Credits one object that this peer was the first to deliver and that turned out valid.
  mutating func credit(at now: Instant) {
    settle(at: now)
    milliPoints = min(milliPoints + 100, Self.creditLimit * 1_000)
  }

  private mutating func settle(at now: Instant) {
    milliPoints = decayed(at: now)
    updatedAt = max(updatedAt, now)
  }

  /// The score at `now`. It halves every `halfLife` and falls linearly in between, which needs integers only.
  private func decayed(at now: Instant) -> Int64 {
    let elapsed = now.since(updatedAt).nanoseconds
    let (halvings, rest) = elapsed.quotientAndRemainder(dividingBy: Self.halfLife.nanoseconds)
    guard halvings < 40 else { return 0 }
    let halved = milliPoints / (1 << Int64(halvings))
    let parts = Int64(rest / (Self.halfLife.nanoseconds / 1_000))
    return halved - halved * parts / 2_000
  }
}

/// The scores of peers. A score is kept for one to two hours after its last change, or less if many others
/// change. Therefore a new session does not reset it.
struct ScoreBook: Sendable {
  static let capacity = 4_096

  private var scores = Generations<PeerID, PeerScore>(capacity: Self.capacity, period: .seconds(3_600))
  /// The end of each peer's ban. When the table is full, the ban that ends first is dropped.
  private var bans: [PeerID: Instant] = [:]

  mutating func punish(_ peer: PeerID, _ fault: Fault, at now: Instant) -> Interval? {
    var score = scores[peer] ?? PeerScore(at: now)
    let ban = score.punish(fault, at: now)
    scores.set(peer, to: score, at: now)
    if let ban { remember(peer, until: now + ban, at: now) }
    return ban
  }

  mutating func credit(_ peer: PeerID, at now: Instant) {
    var score = scores[peer] ?? PeerScore(at: now)
    score.credit(at: now)
    scores.set(peer, to: score, at: now)
  }

  func points(_ peer: PeerID, at now: Instant) -> Int64 { scores[peer]?.points(at: now) ?? 0 }

  /// The end of the peer's ban; nil when it may have a session now.
  func ban(of peer: PeerID, at now: Instant) -> Instant? {
    guard let until = bans[peer], now < until else { return nil }
    return until
  }

  private mutating func remember(_ peer: PeerID, until: Instant, at now: Instant) {
    if bans.count >= Self.capacity {
      bans = bans.filter { now < $0.value }
      if bans.count >= Self.capacity, let first = bans.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
        bans[first.key] = nil
      }
    }
    bans[peer] = until
  }
}
