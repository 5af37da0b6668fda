public import Chain
public import Primitives

/// A provider's lease of a group.
public struct LeaseRecord: Hashable, Sendable {
  /// The lifecycle: active → reclaiming, and either of them → insufficientFunds or closed, which are final.
  /// The numbers are Akash's.
  public enum State: UInt8, Hashable, Sendable, CaseIterable, StateValue {
    case active = 1
    case insufficientFunds = 2
    case closed = 3
    case reclaiming = 4

    public var isRunning: Bool { self == .active || self == .reclaiming }

    /// The name in events and in answers to queries.
    public var name: String {
      switch self {
      case .active: "active"
      case .insufficientFunds: "insufficient_funds"
      case .closed: "closed"
      case .reclaiming: "reclaiming"
      }
    }
  }

  /// The announcement of a provider that wants its resources back.
  public struct Reclamation: Hashable, Sendable {
    public var reason: LeaseCloseReason
    public var announcedAt: Moment
    /// The time from which on the provider may end the lease.
    public var deadline: Timestamp
  }

  public var state = State.active
  /// The price per tick.
  public var price: DecimalCoin
  /// The resources that the provider offered, with concrete GPUs.
  public var offer: [ResourceOffer]
  public var openedAt: Moment
  /// The provider's money that is locked until the lease ends.
  public var deposit: Coin
  /// The notice in milliseconds that the provider has promised before it takes its resources back; 0 for
  /// none.
  public var reclamationWindow: UInt64
  /// The provider's announcement that it reclaims its resources; nil before.
  public var reclamation: Reclamation?
  public var requiresAuditedGPUs: Bool
  /// By whom, why and when the lease was ended; nil while it runs.
  public var closing: Closing?
  /// The final totals in smallest units, set when the lease ends. While the lease runs, its payment in the
  /// escrow account has the totals.
  public var earned = Decimal18.zero
  public var paid = Amount.zero
  /// The network's take, its share of the payments, that was collected.
  public var fee = Amount.zero
}

extension LeaseRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(state, price, offer, openedAt, deposit, reclamationWindow, reclamation)
    writer.write(requiresAuditedGPUs, closing, earned, paid, fee)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (state, price, offer, openedAt, deposit, reclamationWindow, reclamation) = try reader.readAll()
    (requiresAuditedGPUs, closing, earned, paid, fee) = try reader.readAll()
  }
}

extension LeaseRecord.Reclamation: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(reason, announcedAt, deadline) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (reason, announcedAt, deadline) = try reader.readAll()
  }
}
