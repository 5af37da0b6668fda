/// The reason for closing a session or refusing a connection that is sent to the peer.
///
/// During a handshake it is sent unencrypted (a refusal), afterwards in the encrypted stream. A refusal is not authenticated:
/// use it only for logs.
public enum CloseCode: UInt8, Hashable, Sendable, CaseIterable {
  /// No reason, or one that this version does not know.
  case unspecified = 0
  case unsupportedVersion = 1
  /// Another chain id or genesis.
  case wrongNetwork = 2
  /// The node has no key for sessions of that purpose.
  case purposeRefused = 3
  /// Too many connections or handshakes at the moment.
  case busy = 4
  /// The limit of sessions is reached.
  case full = 5
  /// Another connection with the same peer is kept.
  case duplicate = 6
  /// The node shuts down.
  case shutdown = 7
  /// The peer broke the protocol.
  case violation = 8
  /// Nothing was received for the idle limit.
  case idle = 9
  /// The peer reads too slowly: the queue of messages that must not be dropped is full.
  case tooSlow = 10
  /// This node has banned the peer for a while.
  case banned = 11
  /// The node does not need the session any more.
  case done = 12

  init(received raw: UInt8) {
    self = CloseCode(rawValue: raw) ?? .unspecified
  }
}
