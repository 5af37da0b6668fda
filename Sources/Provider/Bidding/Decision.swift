import Chain
import Cryptography
import Primitives

/// The provider's decision on one group of an order, and what became of the bid.
public struct Decision: Hashable, Sendable {
  /// A decline is final, except that the order may be considered again when capacity is released. A bid
  /// becomes won, lost, rejected, outbid, withdrawn (by the tenant or the provider) or expired.
  public enum Outcome: Hashable, Sendable {
    case declined(DeclineReason)
    /// The pricing program is asked.
    case pricing
    case bid(price: DecimalCoin)
    /// The bid could not be published.
    case rejected(String)
    /// Cheaper bids displaced ours in the book.
    case outbid
    case won(LeaseID)
    /// The tenant accepted another provider's bid.
    case lost
    case orderWithdrawn
    case bidWithdrawn
    case expired
  }

  public var order: Digest
  public var deployment: DeploymentID
  public var group: UInt32
  public var outcome: Outcome
  public var at: Timestamp

  /// A word that programs can compare. For a decline it is `declined_` and the code of the reason.
  public var code: String { words.code }
  public var text: String { words.text }

  private var words: (code: String, text: String) {
    switch outcome {
    case .declined(let reason): ("declined_" + reason.code, reason.description)
    case .pricing: ("pricing", "waiting for the pricing program")
    case .bid(let price): ("bid", "bid \(price) per tick")
    case .rejected(let reason): ("rejected", "the bid could not be published: \(reason)")
    case .outbid: ("outbid", "cheaper bids took its place in the order book")
    case .won(let lease): ("won", "won lease \(lease)")
    case .lost: ("lost", "the tenant took another bid")
    case .orderWithdrawn: ("order_withdrawn", "the tenant withdrew the order")
    case .bidWithdrawn: ("bid_withdrawn", "the bid was withdrawn")
    case .expired: ("expired", "the order or the bid expired")
    }
  }
}

/// The newest decision for each group of each order. Decisions are kept for 24 hours, and at most `capacity`
/// of them.
public struct DecisionLog: Hashable, Sendable {
  public static let lifetimeMilliseconds: UInt64 = 86_400_000

  private struct Key: Hashable {
    var order: Digest
    var group: UInt32
  }

  public let capacity: Int
  private var decisions: [Key: Decision] = [:]
  /// The keys of `decisions` in the order of their first decision.
  private var arrivals: [Key] = []

  public init(capacity: Int = 4_096) {
    self.capacity = max(1, capacity)
  }

  public var count: Int { decisions.count }

  public mutating func record(_ decision: Decision) {
    let key = Key(order: decision.order, group: decision.group)
    if decisions.updateValue(decision, forKey: key) == nil { arrivals.append(key) }
    dropOldest(max(0, arrivals.count - capacity))
  }

  /// Deletes decisions that are more than 24 hours old.
  public mutating func expire(at now: Timestamp) {
    let isOld = { (decision: Decision) in now.milliseconds(since: decision.at) >= Self.lifetimeMilliseconds }
    guard decisions.values.contains(where: isOld) else { return }
    decisions = decisions.filter { !isOld($0.value) }
    arrivals.removeAll { decisions[$0] == nil }
  }

  /// Returns the decisions on `order`, sorted by group. If `order` is nil, returns those on all orders, the
  /// newest first.
  public func decisions(on order: Digest? = nil) -> [Decision] {
    guard let order else {
      return decisions.values.sorted {
        $0.at == $1.at ? ($0.order, $0.group) < ($1.order, $1.group) : $0.at > $1.at
      }
    }
    return decisions.values.filter { $0.order == order }.sorted { $0.group < $1.group }
  }

  private mutating func dropOldest(_ count: Int) {
    for key in arrivals.prefix(count) { decisions[key] = nil }
    arrivals.removeFirst(count)
  }
}
