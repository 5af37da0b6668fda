public import Chain
public import Cryptography

/// A message outside consensus: signed objects and node records, their reconciliation, and probes for failure
/// detection. The messages of consensus and sync are of type `PeerMessage` in the module Replication.
public enum GossipMessage: Hashable, Sendable {
  /// Small objects and control entries that fit a datagram.
  case packet(Packet)
  /// Objects over the stream: too large for a datagram, or answers of reconciliation.
  case objects([SignedObject])
  /// A message of range reconciliation.
  case ranges(RangeMessage)
  /// Asks for up to `count` node records of peers that the receiver has dialed successfully.
  case recordsRequest(count: Int)
  /// Node records: the sender's own one after connecting, or the answer to a request.
  case records([SignedObject])
  case probe(Probe)
}

/// A message of failure detection (`Probing`), with the names of SWIM.
public enum Probe: Hashable, Sendable {
  case ping
  /// The answer to `ping`.
  case ack
  /// SWIM's ping-req: asks the receiver to ping this peer.
  case pingRequest(PeerID)
  /// The answer to `pingRequest`: the peer has sent an ack.
  case indirectAck(PeerID)

  var isAnswer: Bool {
    switch self {
    case .ping, .pingRequest: false
    case .ack, .indirectAck: true
    }
  }
}

/// The contents of a datagram. A packet can also be sent over the stream.
public struct Packet: Hashable, Sendable {
  /// The maximum length in bytes of an encoded packet that is sent as a datagram. A datagram has at most
  /// 1,200 bytes, including encryption. Every IPv6 path carries that unfragmented (RFC 9000 § 14.1 relies on
  /// it too).
  public static let byteLimit = 1_150

  public var objects: [SignedObject] = []
  /// The short identifiers of objects that the sender holds, hashed under the receiver's key.
  public var digests: [UInt64] = []
  /// The short identifiers of objects that the sender asks for, hashed under its own key as in the
  /// announcement.
  public var wants: [UInt64] = []
  public var stops: [OriginTag] = []
  public var starts: [OriginTag] = []

  public init() {}

  public var isEmpty: Bool {
    objects.isEmpty && digests.isEmpty && wants.isEmpty && stops.isEmpty && starts.isEmpty
  }
}

/// A message of reconciliation: the ranges of the identifier space in ascending order from zero, with what
/// the sender holds in each.
public struct RangeMessage: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// The sender has nothing more to say about this range.
    case settled
    /// Sum and count of the identifiers in the range, hashed to 16 bytes.
    case fingerprint(Fingerprint)
    /// All identifiers in the range.
    case listed([Digest])
  }

  public struct Range: Hashable, Sendable {
    /// The first identifier after the range; nil for no upper end.
    public var upper: Digest?
    public var content: Content

    public init(upper: Digest?, content: Content) {
      self.upper = upper
      self.content = content
    }
  }

  public var ranges: [Range] = []
  /// Identifiers of objects that the sender holds and the receiver appears to lack.
  public var held: [Digest] = []
  /// Identifiers of objects that the receiver is asked to send.
  public var wanted: [Digest] = []

  public init() {}

  public var isEmpty: Bool { ranges.isEmpty && held.isEmpty && wanted.isEmpty }

  /// The number of identifiers in listed ranges and in `held`.
  var identifierCount: Int {
    ranges.reduce(held.count) { count, range in
      if case .listed(let identifiers) = range.content { count + identifiers.count } else { count }
    }
  }
}
