import Cryptography

/// Counts since the endpoint started. In the dictionaries, an absent key means zero.
public struct TransportCounters: Sendable {
  public var messagesSent = 0
  public var messagesReceived = 0
  /// Bytes on TCP connections, including framing and encryption, without TCP and IP headers.
  public var streamBytesSent = 0
  public var streamBytesReceived = 0
  public var datagramsSent = 0
  public var datagramsReceived = 0
  public var datagramBytesSent = 0
  public var datagramBytesReceived = 0
  /// Stream handshakes that led to a session.
  public var handshakes = 0
  /// Inbound and outbound handshakes that failed.
  public var handshakeFailures: [HandshakeFailure: Int] = [:]
  /// Inbound connections that were closed before a handshake.
  public var connectionsRefused: [ConnectionRefusal: Int] = [:]
  public var violations: [FrameViolation: Int] = [:]
  /// Queued messages that were dropped to make room for newer ones.
  public var displaced: [TrafficClass: Int] = [:]
  /// Messages that were not queued, because the queue was full, there was no session, or they exceeded their type's limit.
  public var unsent: [TrafficClass: Int] = [:]
  /// Received datagrams that were dropped, by reason.
  public var datagramDrops: [DatagramDrop: Int] = [:]
  /// Datagrams that were not sent, because of the rate limit or a full socket buffer.
  public var datagramsUnsent = 0
  /// How often reading from a session was suspended because its peer exceeded `ConnectionLimits.bytesPerSecond`.
  public var throttled = 0
  public var sessionsClosed: [DisconnectReason: Int] = [:]
  /// The number of connected peers now, not a count since the start; likewise the properties below.
  public var peers = 0
  public var inboundPeers = 0
  public var leases = 0
  public var halfOpen = 0
  public var datagramSessions = 0
}

/// Why an inbound connection was closed before its handshake.
public enum ConnectionRefusal: String, CaseIterable, Hashable, Sendable {
  case handshakeRate = "handshake_rate"
  case perAddress = "per_address"
  case perSubnet = "per_subnet"
  /// Too many unfinished handshakes, none of which was slow enough to be aborted.
  case halfOpen = "half_open"
  /// The limit of connections is reached.
  case full = "full"
  case shutDown = "shut_down"
}

/// The state of one connected peer.
public struct SessionStatus: Sendable {
  public let peer: PeerID
  public let info: SessionInfo
  /// Bytes that wait to be sent.
  public let queuedBytes: Int
  /// Whether there is a datagram session whose datagrams reach the peer.
  public let hasDatagramSession: Bool
  /// How many of a thousand sent datagrams the peer reported as lost.
  public let datagramLossPerMille: Int
}
