import Primitives

/// The figures of the datagram side.
public struct DatagramSettings: Sendable {
  /// Session records held, confirmed or not.
  public var maximumPeers = 5_000
  /// Session records per IP address; high for a testnet on one machine.
  public var maximumPeersPerAddress = 4
  /// Handshake messages per second that are looked at per address, and how many at once.
  public var handshakesPerAddress = 20
  /// Handshakes per second that are answered altogether.
  public var handshakesInTotal = 1_000
  /// Initiations per second above which senders must show a cookie first.
  public var cookieThreshold = 200
  /// Datagrams per second to one peer, as long as little is lost, and how many at once.
  public var datagramsPerSecond = 2_000
  public var burst = 64
  /// Datagrams that wait for their turn, per peer; beyond them the oldest is dropped.
  public var backlog = 128
  /// Datagrams per second that are opened from one peer.
  public var inboundPerSecond = 8_000
  /// Something is sent at least this often, so that address translators remember the way.
  public var keepAlive = Interval.seconds(25)
  /// A session in which nothing came for this long is over.
  public var idle = Interval.seconds(75)
  /// The initiator makes new keys after this time.
  public var rekey = Interval.seconds(3_600)

  public init() {}

  /// Many nodes behind one address: testnets on one machine.
  public static var testnet: DatagramSettings {
    var settings = DatagramSettings()
    settings.maximumPeersPerAddress = 1_000
    settings.handshakesPerAddress = 1_000
    return settings
  }
}
