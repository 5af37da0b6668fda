public import Cryptography
import Primitives

/// The first eight bytes of an origin's key, which name the origin in STOP and START.
///
/// Finding a second key with a given tag takes 2⁶⁴ key generations. An attacker can more cheaply make two
/// keys of its own with the same tag. STOP and START for one of them then also apply to the other, which
/// harms nobody else.
public typealias OriginTag = UInt64

/// The origin of a session: which side dialed, and the remote host.
public struct Connection: Hashable, Sendable {
  public enum Direction: Hashable, Sendable {
    case inbound
    /// This node dialed; `address` is the address in the `Dial`.
    case outbound(address: String)
  }

  public var direction: Direction
  /// The remote IP address or host name without port, for address groups; empty when unknown.
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
    /// A dial that tests an entry of the address book. The session is closed as soon as it opens.
    case feeler
    /// A dial to a node that the configuration names; its key may be unknown.
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

/// The reason why this node closes a session.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// The session was a feeler's, and the peer has answered at its address.
  case tested
  /// A session with a nearer peer replaces this one.
  case nearer
  /// Probing found the session dead.
  case silent
  /// Too many inbound sessions are open, and this one was chosen to end.
  case full
  /// The peer's score fell to the limit. New sessions with it are refused for this many seconds.
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
