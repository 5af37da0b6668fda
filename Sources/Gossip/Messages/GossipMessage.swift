public import Chain
public import Cryptography

/// A message about soft state: what nodes tell each other without agreeing on it. The messages of consensus and sync are
/// `PeerMessage` in Replication.
public enum GossipMessage: Hashable, Sendable {
  /// Small objects and control entries that fit a datagram.
  case packet(Packet)
  /// Objects over the stream: too large for a datagram, or answers of reconciliation.
  case objects([SignedObject])
  /// A step of range reconciliation.
  case ranges(RangeMessage)
  /// Asks for up to `count` tested node records.
  case recordsRequest(count: Int)
  /// Node records: our own after connecting, or the answer to a request.
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

/// What a datagram carries.
public struct Packet: Hashable, Sendable {
  /// The most bytes of an encoded packet that is to travel as a datagram. A datagram has at most 1,200 bytes,
  /// which every IPv6 path carries unfragmented (RFC 9000 § 14.1 relies on the same), and encryption takes
  /// its part.
  public static let byteLimit = 1_150

  public var objects: [SignedObject] = []
  /// Objects that the sender holds, hashed under the receiver's key.
  public var digests: [UInt64] = []
  /// Objects to be sent, hashed under the asker's key as they were announced.
  public var wants: [UInt64] = []
  public var stops: [OriginTag] = []
  public var starts: [OriginTag] = []

  public init() {}

  public var isEmpty: Bool {
    objects.isEmpty && digests.isEmpty && wants.isEmpty && stops.isEmpty && starts.isEmpty
  }
}

/// A step of reconciliation: what the sender holds, range by range, in ascending order from zero.
public struct RangeMessage: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// Nothing more to say about this range.
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
  /// Identifiers that the sender holds and the receiver seems not to.
  public var held: [Digest] = []
  /// Identifiers of objects that the receiver is asked to send.
  public var wanted: [Digest] = []

  public init() {}

  public var isEmpty: Bool { ranges.isEmpty && held.isEmpty && wanted.isEmpty }

  /// Identifiers that it tells of, in lists and as held.
  var identifierCount: Int {
    ranges.reduce(held.count) { count, range in
      if case .listed(let identifiers) = range.content { count + identifiers.count } else { count }
    }
  }
}
