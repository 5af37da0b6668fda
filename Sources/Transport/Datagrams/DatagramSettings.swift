import Primitives

/// Limits and intervals of datagram sessions.
public struct DatagramSettings: Sendable {
  /// The most peers whose sessions or handshakes are kept.
  public var maximumPeers = 5_000
  /// The most peers with sessions or handshakes from one IP address. Testnets on one machine need more.
  public var maximumPeersPerAddress = 4
  /// Handshake messages per second that are handled for one address; bursts of twice as many are allowed.
  public var handshakesPerAddress = 20
  /// Handshake messages per second that are handled for all addresses together.
  public var handshakesInTotal = 1_000
  /// Initiations per second above which senders must include a cookie.
  public var cookieThreshold = 200
  /// The most datagrams per second to one peer; fewer when the peer reports loss.
  public var datagramsPerSecond = 2_000
  /// How many datagrams may be sent to a peer at once.
  public var burst = 64
  /// The most datagrams to one peer that may wait because of the rate; beyond it the oldest is dropped.
  public var backlog = 128
  /// The most datagrams per second from one peer that are decrypted.
  public var inboundPerSecond = 8_000
  /// A keep-alive is sent after this time without another datagram, so that NAT mappings do not expire.
  public var keepAlive = Interval.seconds(25)
  /// A session is closed when nothing was received for this long.
  public var idle = Interval.seconds(75)
  /// The initiator renews the keys after this time.
  public var rekey = Interval.seconds(3_600)

  public init() {}

  /// Settings for testnets on one machine, where all nodes have the same address.
  public static var testnet: DatagramSettings {
    var settings = DatagramSettings()
    settings.maximumPeersPerAddress = 1_000
    settings.handshakesPerAddress = 1_000
    return settings
  }
}
