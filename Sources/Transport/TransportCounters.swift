import Cryptography

/// What happened since the start. Keys that are not there count zero.
public struct TransportCounters: Sendable {
  public var messagesSent = 0
  public var messagesReceived = 0
  /// On the wire, with framing and sealing, without TCP's own.
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
  /// Inbound connections turned away before a handshake.
  public var connectionsRefused: [ConnectionRefusal: Int] = [:]
  public var violations: [FrameViolation: Int] = [:]
  /// Queued messages that were dropped for newer ones.
  public var displaced: [TrafficClass: Int] = [:]
  /// Messages that were not queued: full, no session, or larger than its type may be.
  public var unsent: [TrafficClass: Int] = [:]
  /// Datagrams dropped on arrival.
  public var datagramDrops: [DatagramDrop: Int] = [:]
  /// Datagrams dropped by pacing or a full socket.
  public var datagramsUnsent = 0
  /// How often a session was not read for a while, because its peer sent more than its share.
  public var throttled = 0
  public var sessionsClosed: [DisconnectReason: Int] = [:]
  /// Now, not since the start.
  public var peers = 0
  public var inboundPeers = 0
  public var leases = 0
  public var halfOpen = 0
  public var datagramSessions = 0
}

/// Why an inbound connection was turned away before its handshake.
public enum ConnectionRefusal: String, CaseIterable, Hashable, Sendable {
  case handshakeRate = "handshake_rate"
  case perAddress = "per_address"
  case perSubnet = "per_subnet"
  /// Too many unfinished handshakes, and none that could be given up.
  case halfOpen = "half_open"
  /// All places are taken, reserved ones included.
  case full = "full"
  case shutDown = "shut_down"
}

/// One peer as the transport sees it.
public struct PeerStatus: Sendable {
  public let peer: PeerID
  public let info: SessionInfo
  /// Bytes that wait to be sent.
  public let queuedBytes: Int
  /// There is one, and what is sent in it arrives.
  public let hasDatagramSession: Bool
  /// Of a thousand datagrams sent, how many the peer said it missed.
  public let datagramLossPerMille: Int
}
