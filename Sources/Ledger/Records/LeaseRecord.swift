public import Chain
public import Primitives

/// A provider's lease of a group.
public struct LeaseRecord: Hashable, Sendable, StateValue {
  /// Active can become reclaiming, insufficientFunds or closed; reclaiming the same but active. The others are final.
  /// Numbers are the reference chain's.
  public enum State: UInt8, Hashable, Sendable, CaseIterable {
    case active = 1
    case insufficientFunds = 2
    case closed = 3
    case reclaiming = 4

    public var isRunning: Bool { self == .active || self == .reclaiming }

    /// As events and queries spell it.
    public var name: String {
      switch self {
      case .active: "active"
      case .insufficientFunds: "insufficient_funds"
      case .closed: "closed"
      case .reclaiming: "reclaiming"
      }
    }
  }

  /// What a provider announced that wants its resources back.
  public struct Reclamation: Hashable, Sendable {
    public var reason: LeaseCloseReason
    public var announcedAt: Moment
    /// From when on it may end the lease.
    public var deadline: Timestamp
  }

  public var state: State
  /// Per tick.
  public var price: DecimalCoin
  /// What the provider offered, GPUs by name.
  public var offer: [ResourceOffer]
  public var openedAt: Moment
  /// Locked of the provider's money until the end.
  public var deposit: Coin
  /// Milliseconds of notice that the provider promised.
  public var reclamationWindow: UInt64
  public var reclamation: Reclamation?
  public var requiresAuditedGPUs: Bool
  /// Set at the end.
  public var closing: Closing?
  /// Final figures, set at the end; while the lease runs its escrow payment has them.
  public var earned = Decimal18.zero
  public var paid = Amount.zero
  public var fee = Amount.zero

  init(
    price: DecimalCoin,
    offer: [ResourceOffer],
    openedAt: Moment,
    deposit: Coin,
    reclamationWindow: UInt64,
    requiresAuditedGPUs: Bool
  ) {
    state = .active
    self.price = price
    self.offer = offer
    self.openedAt = openedAt
    self.deposit = deposit
    self.reclamationWindow = reclamationWindow
    self.requiresAuditedGPUs = requiresAuditedGPUs
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(state.rawValue)
    writer.write(price)
    writer.write(UInt16(offer.count))
    for unit in offer { writer.writeCounted(unit.encoded) }
    writer.write(openedAt)
    writer.write(deposit)
    writer.write(reclamationWindow)
    writer.write(reclamation != nil)
    if let reclamation {
      writer.write(reclamation.reason.rawValue)
      writer.write(reclamation.announcedAt)
      writer.write(reclamation.deadline.milliseconds)
    }
    writer.write(requiresAuditedGPUs)
    writer.write(closing != nil)
    closing?.encode(into: &writer)
    writer.write(earned)
    writer.write(paid)
    writer.write(fee)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let state = State(rawValue: try reader.read()) else { throw .outOfRange(field: "state") }
    self.state = state
    price = try reader.readPrice()
    let count = Int(try reader.read(UInt16.self))
    offer = []
    for _ in 0..<count { offer.append(try ResourceOffer(decoding: try reader.readCounted())) }
    openedAt = try reader.readMoment()
    deposit = try reader.readCoin()
    reclamationWindow = try reader.read()
    if try reader.readFlag() {
      let reason = try reader.readReason()
      let announcedAt = try reader.readMoment()
      reclamation = Reclamation(
        reason: reason,
        announcedAt: announcedAt,
        deadline: Timestamp(milliseconds: try reader.read())
      )
    }
    requiresAuditedGPUs = try reader.readFlag()
    closing = try reader.readFlag() ? try Closing(from: &reader) : nil
    earned = try reader.readDecimal()
    paid = try reader.readAmount()
    fee = try reader.readAmount()
  }
}
