/// A fault that a peer has certainly committed. Nothing else lowers a score: an object that only this node's
/// state refuses may be valid in the sender's state, and a timeout may be this node's own fault.
public enum Fault: String, Hashable, Sendable, CaseIterable {
  /// Sent an object or transaction with an invalid signature, which every forwarder must check.
  case forgedSignature = "forged_signature"
  /// Sent an object that is wrong in any state, or a committed block with an invalid certificate.
  case malformedObject = "malformed_object"
  /// Sent a frame that is not a valid message of its kind, or an answer that does not match the request.
  case malformedFrame = "malformed_frame"
  /// Sent node records that this node did not ask for.
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
  /// Sent a voucher (a signed statement that its node belongs to a validator or provider) with an invalid
  /// signature.
  case falseVoucher = "false_voucher"
  /// Sent a consensus message, certificate or evidence with an invalid signature; reported by another module.
  case forgedConsensusMessage = "forged_consensus_message"

  /// The points that the fault takes off the score. At −100 points the peer is banned.
  public var weight: Int64 {
    switch self {
    case .forgedSignature, .malformedFrame, .falseVoucher, .forgedConsensusMessage: 100
    case .malformedObject, .malformedRanges: 50
    case .unrequestedRecords: 20
    case .emptyAnnouncements: 5
    case .excessiveObjects, .excessiveControl, .excessiveRequests: 1
    }
  }
}
