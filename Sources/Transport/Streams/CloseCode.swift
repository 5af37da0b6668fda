/// Why an end closes a session or refuses a connection, as told to the other end.
///
/// Told in the clear during a handshake (a refusal) and inside the encrypted stream afterwards. What an
/// unauthenticated end says is a hint for a log, nothing more.
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
  /// All places for peers are taken.
  case full = 5
  /// Another connection to the same peer is kept.
  case duplicate = 6
  /// The node shuts down.
  case shutdown = 7
  /// The other end broke a rule of the protocol.
  case violation = 8
  /// Nothing was heard for the idle limit.
  case idle = 9
  /// The other end reads too slowly for what must reach it.
  case tooSlow = 10
  /// The peer is banned for a while.
  case banned = 11
  /// The owner of the node, or the layer above, has no more use for the session.
  case done = 12

  init(received raw: UInt8) {
    self = CloseCode(rawValue: raw) ?? .unspecified
  }
}
