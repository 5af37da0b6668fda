import Cryptography
import Primitives

/// Limits on connections.
public struct ConnectionLimits: Sendable {
  /// Inbound peer sessions, not counting reserved peers.
  public var inbound = 24
  /// Inbound lease sessions.
  public var leases = 256
  /// Connections that have not finished their handshake.
  public var halfOpen = 64
  /// Inbound connections from one IP address, and from one /24 or /48.
  public var perAddress = 4
  public var perSubnet = 16
  /// Handshakes of inbound connections begun per second, for each address and for all together; bursts of twice as many
  /// are allowed.
  public var handshakesPerAddress = 5
  public var handshakesInTotal = 200
  /// Bytes read per second from one session, where each message counts `messageCost` bytes more; a burst of twice as much
  /// is allowed. A session beyond the limit is not read until it is within it again; the peer is not punished otherwise.
  /// Does not hold for reserved peers.
  public var bytesPerSecond = 32 << 20
  public var messageCost = 32 << 10

  public init() {}

  /// For testnets on one machine, where all nodes have the same address.
  public static var testnet: ConnectionLimits {
    var limits = ConnectionLimits()
    limits.inbound = 256
    limits.perAddress = 1_024
    limits.perSubnet = 1_024
    limits.handshakesPerAddress = 1_000
    limits.handshakesInTotal = 1_000
    return limits
  }
}

/// Timeouts and intervals.
public struct TransportTiming: Hashable, Sendable {
  public var handshake = Interval.seconds(5)
  /// A ping is sent when nothing was received for this long.
  public var ping = Interval.seconds(15)
  /// A session is closed when nothing was received for this long.
  public var idle = Interval.seconds(45)
  /// How long a closed connection waits for the peer to close its direction.
  public var linger = Interval.seconds(1)
  /// How often these timeouts are checked.
  public var maintenance = Interval.milliseconds(100)

  public init() {}
}

/// Everything a transport needs to know to start.
public struct TransportConfiguration: Sendable {
  public var network: NetworkIdentity
  public var identity: LocalIdentity
  /// Where to listen with TCP, and with UDP at the same port; nil: nowhere, dialing only. Port 0 picks a free one.
  public var listen: NetworkAddress?
  /// The port that peers are told, if it differs from the bound one because a router forwards it; nil: the bound one.
  public var advertisedPort: UInt16?
  /// What this node tells peers about itself in handshakes: up to 1,024 bytes that this room does not interpret. `setHello`
  /// changes it.
  public var hello: [UInt8] = []
  /// Whether a peer with a proven key that sent `hello` is admitted although the limit of inbound sessions is reached, as
  /// peers of `setReserved` are. Called on the event loop.
  public var isReserved: @Sendable (PeerID, _ hello: [UInt8]) -> Bool = { _, _ in false }
  /// The largest payload per frame type of peer sessions.
  public var frames: FrameLimits
  /// The largest payload per frame type of lease sessions.
  public var leaseFrames: FrameLimits
  public var queues = QueueLimits.standard
  public var connections = ConnectionLimits()
  public var timing = TransportTiming()
  /// Nil: no UDP. Otherwise each peer that this node dialed gets a datagram session, at the same address.
  public var datagrams: DatagramSettings? = DatagramSettings()
  /// Whether the owner calls `acknowledge` when it has handled events. If so, a peer with more than `readAhead` bytes of
  /// events not acknowledged is not read from. If not, events count as handled when the handler returns.
  public var acknowledgesEvents = false
  /// Bytes per session; see `acknowledgesEvents`.
  public var readAhead = 1 << 20
  /// When a stream changes its keys. Only tests set it.
  var rekey = RekeyPolicy()

  public init(network: NetworkIdentity, identity: LocalIdentity, listen: NetworkAddress?, frames: FrameLimits)
  {
    self.network = network
    self.identity = identity
    self.listen = listen
    self.frames = frames
    leaseFrames = .uniform(FrameLimits.piece)
  }
}
