import Cryptography
import Primitives

/// Who may connect, and how many.
public struct ConnectionLimits: Sendable {
  /// Inbound peer sessions; reserved peers have places of their own.
  public var inbound = 24
  /// Inbound lease sessions.
  public var leases = 256
  /// Connections that have not finished their handshake.
  public var halfOpen = 64
  /// Inbound connections from one IP address, and from one /24 or /48.
  public var perAddress = 4
  public var perSubnet = 16
  /// Inbound connections a second that are let into a handshake, per address and altogether; each may come in a
  /// burst of twice as many.
  public var handshakesPerAddress = 5
  public var handshakesInTotal = 200
  /// What is read from one session in a second, in bytes, where a message counts as `messageCost` bytes more; twice as
  /// much may come in a burst. Beyond that the session is not read for a while, which costs its peer nothing else.
  /// Reserved peers are read without a limit.
  public var bytesPerSecond = 32 << 20
  public var messageCost = 32 << 10

  public init() {}

  /// Many nodes behind one address: testnets on one machine.
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

/// How long things may take.
public struct TransportTiming: Hashable, Sendable {
  public var handshake = Interval.seconds(5)
  /// A ping is sent when nothing came for this long.
  public var ping = Interval.seconds(15)
  /// A session in which nothing came for this long is over.
  public var idle = Interval.seconds(45)
  /// How long a closed connection waits for the other end to close, too.
  public var linger = Interval.seconds(1)
  /// How often the above is looked at.
  public var maintenance = Interval.milliseconds(100)

  public init() {}
}

/// Everything a transport needs to know to start.
public struct TransportConfiguration: Sendable {
  public var network: NetworkIdentity
  public var identity: LocalIdentity
  /// Where to listen with TCP, and with UDP at the same port; nil: nowhere, dialing only. Port 0 picks a free one.
  public var listen: NetworkAddress?
  /// The port that peers are told, when a router forwards another one than the bound.
  public var advertisedPort: UInt16?
  /// What this node says about itself in handshakes, at most 1,024 bytes; `setHello` changes it.
  public var hello: [UInt8] = []
  /// Whether a proven peer that says `hello` has a place beside the inbound ones, like those of `setReserved`; asked
  /// on the transport's loop when the places are taken.
  public var isReserved: @Sendable (PeerID, _ hello: [UInt8]) -> Bool = { _, _ in false }
  /// The largest payload per frame type of peer sessions.
  public var frames: FrameLimits
  /// The largest payload per frame type of lease sessions.
  public var leaseFrames: FrameLimits
  public var queues = QueueLimits()
  public var connections = ConnectionLimits()
  public var timing = TransportTiming()
  /// Nil: no UDP at all.
  public var datagrams: DatagramSettings? = DatagramSettings()
  /// The dialer of a peer session opens a datagram session at the same address and port.
  public var opensDatagramSessions = true
  /// The owner calls `acknowledge` for every batch it has worked off. Then a peer of whom more than `readAhead` bytes
  /// wait is not read from. Otherwise a batch counts as worked off when the handler returns.
  public var acknowledgesEvents = false
  /// In bytes per session.
  public var readAhead = 1 << 20
  /// When a stream takes new keys; for tests.
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
