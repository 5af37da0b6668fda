public import Cryptography
import Primitives

/// Eight bytes that stand for the key whose objects a STOP or START is about.
///
/// Finding a second key with the tag of a given one takes 2⁶⁴ key generations; two keys of one attacker that share a
/// tag only share their fate.
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
    /// One of the few connections that we choose ourselves.
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
  /// Nil for a seed whose key nobody pinned: whoever answers is accepted.
  public var expectedKey: PeerID?
  public var purpose: Purpose

  public init(address: String, expectedKey: PeerID?, purpose: Purpose) {
    self.address = address
    self.expectedKey = expectedKey
    self.purpose = purpose
  }
}

/// Why we close a session.
public enum CloseReason: Hashable, Sendable {
  /// A feeler has proved its address.
  case tested
  /// A nearer peer has taken its place among the outbound sessions.
  case nearer
  /// It has not answered for a while.
  case silent
  /// Inbound slots are full and others are worth more.
  case full
  /// The score fell below the limit; new sessions are refused for this long.
  case banned(seconds: UInt64)
}

extension CloseReason: CustomStringConvertible {
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
  public var originTag: OriginTag {
    bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
