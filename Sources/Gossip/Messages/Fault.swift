/// What a peer certainly did wrong. Only such things lower a score: an object that is refused by our state
/// alone may be fine in the sender's, and a timeout may be our own fault.
public enum Fault: String, Hashable, Sendable, CaseIterable {
  /// Forwarded an object whose signature does not hold; forwarders must have checked it.
  case forgedSignature = "forged_signature"
  /// Forwarded an object whose body is not what its kind says, whatever the state.
  case malformedObject = "malformed_object"
  /// A frame that is not the message its kind names.
  case malformedFrame = "malformed_frame"
  /// Node records that nobody asked for.
  case unrequestedRecords = "unrequested_records"
  /// A range message that breaks the rules of reconciliation.
  case malformedRanges = "malformed_ranges"
  /// Objects beyond the peer's allowance.
  case excessiveObjects = "excessive_objects"
  /// STOP, START or WANT entries beyond the allowance.
  case excessiveControl = "excessive_control"
  /// Requests for records or ranges beyond the allowance.
  case excessiveRequests = "excessive_requests"
  /// Announced many objects and delivered none of them.
  case emptyAnnouncements = "empty_announcements"
  /// Showed a voucher whose signature does not hold.
  case falseVoucher = "false_voucher"
  /// Proved misconduct in consensus, reported by another room: two votes for one step, a forged certificate.
  case consensusMisconduct = "consensus_misconduct"

  /// Points taken off; at 100 the peer is banned.
  public var weight: Int64 {
    switch self {
    case .forgedSignature, .malformedFrame, .falseVoucher, .consensusMisconduct: 100
    case .malformedObject, .malformedRanges: 50
    case .unrequestedRecords: 20
    case .emptyAnnouncements: 5
    case .excessiveObjects, .excessiveControl, .excessiveRequests: 1
    }
  }
}
