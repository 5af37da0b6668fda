import Cryptography
import Primitives

/// Limits on connections.
public struct ConnectionLimits: Sendable {
  /// The most inbound peer sessions, not counting reserved peers.
  public var inbound = 24
  /// The most inbound lease sessions.
  public var leases = 256
  /// The most connections that have not finished their handshake.
  public var halfOpen = 64
  /// The most inbound connections from one IP address; `perSubnet`: from one /24 (IPv4) or /48 (IPv6).
  public var perAddress = 4
  public var perSubnet = 16
  /// The most inbound handshakes that begin per second, per address and in total; bursts of twice as many are
  /// allowed.
  public var handshakesPerAddress = 5
  public var handshakesInTotal = 200
  /// The most bytes read per second from one session; each message counts `messageCost` bytes more. A burst
  /// of twice as much is allowed. A session beyond the limit is not read until it is within the limit again;
  /// the peer has no other disadvantage. The limit does not hold for reserved peers.
  public var bytesPerSecond = 32 << 20
  public var messageCost = 32 << 10

  public init() {}

  /// Limits for testnets on one machine, where all nodes have the same address.
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
  /// Where to listen, with TCP and UDP at the same port; nil to only dial. Port 0 picks a free port.
  public var listen: NetworkAddress?
  /// The port that peers are told when a router forwards another port to the bound one; nil: the bound port.
  public var advertisedPort: UInt16?
  /// The bytes with which this node introduces itself in handshakes: up to 1,024, which this module does not
  /// interpret. `Endpoint.setHello` changes them.
  public var hello: [UInt8] = []
  /// Whether to admit a peer that has proved its key and sent `hello` although the limit of inbound sessions
  /// is reached, like the peers of `Endpoint.setReserved`. Called on the event loop.
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
  /// Whether the endpoint's owner calls `acknowledge` when it has handled events. If so, a peer with more
  /// than `unacknowledgedLimit` bytes of unacknowledged events is not read from. If not, events count as handled when
  /// the handler returns.
  public var acknowledgesEvents = false
  /// The most bytes of unacknowledged events per session; see `acknowledgesEvents`.
  public var unacknowledgedLimit = 1 << 20
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
