public import Cryptography
import Primitives

/// The first eight bytes of an origin's key: the name of an origin in STOP and START.
///
/// To find a second key with the tag of a given one takes 2⁶⁴ key generations. An attacker can make two keys of its own
/// with the same tag more cheaply; then STOP and START for one of them hold for the other too, which harms nobody else.
public typealias OriginTag = UInt64

/// How a session came about.
public struct Connection: Hashable, Sendable {
  public enum Direction: Hashable, Sendable {
    case inbound
    /// We dialed; `address` is the text that the dial named.
    case outbound(address: String)
  }

  public var direction: Direction
  /// The remote IP address or host name without port, for grouping; empty when unknown.
  public var host: String

  public init(direction: Direction, host: String) {
    self.direction = direction
    self.host = host
  }
}

/// A connection to be made.
public struct Dial: Hashable, Sendable {
  public enum Purpose: Hashable, Sendable {
    /// One of the sessions that this node chooses itself.
    case outbound
    /// A validator's direct link to another one.
    case mesh
    /// Tests an entry of the address book; the session is closed at once.
    case feeler
    /// Named by the configuration; may lack a key.
    case seed
  }

  /// `host:tcpPort/udpPort`, as node records give it.
  public var address: String
  /// Nil for a seed whose key the configuration does not name: any key is accepted.
  public var expectedKey: PeerID?
  public var purpose: Purpose

  public init(address: String, expectedKey: PeerID?, purpose: Purpose) {
    self.address = address
    self.expectedKey = expectedKey
    self.purpose = purpose
  }
}

/// Why we close a session.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// A feeler has proved its address.
  case tested
  /// The session with a near peer replaces this one.
  case nearer
  /// Probing found the session dead.
  case silent
  /// All inbound slots are taken, and others are preferred.
  case full
  /// The score fell below the limit; new sessions are refused for this long.
  case banned(seconds: UInt64)

  public var description: String {
    switch self {
    case .tested: "its address has been tested"
    case .nearer: "a nearer peer takes its place"
    case .silent: "it has not answered for a while"
    case .full: "all places are taken by better peers"
    case .banned(let seconds): "it is banned for \(seconds) s"
    }
  }
}

extension PublicKey {
  /// The tag of this key as an origin of objects.
  public var originTag: OriginTag { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
