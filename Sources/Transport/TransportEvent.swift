import Cryptography
import Primitives

/// What is known of a session when it opens.
public struct SessionInfo: Hashable, Sendable {
  /// The other end's address as this node sees it.
  public let address: NetworkAddress
  /// Whether the other end dialed.
  public let inbound: Bool
  public let purpose: SessionPurpose
  /// Where the other end says that it listens, at the host it was seen at; nil when it does not. A claim: the port
  /// may be closed to others.
  public let listenAddress: NetworkAddress?
  /// What the other end said about itself, at most 1,024 bytes.
  public let hello: [UInt8]
}

/// A tenant–provider stream at this node: an account may have several.
public struct LeaseSession: Hashable, Sendable {
  let number: UInt64
}

/// Why a session ended.
public enum DisconnectReason: Hashable, Sendable {
  /// The other end said so.
  case closedByPeer(CloseCode)
  /// This node's owner said so.
  case closedHere(CloseCode)
  /// The connection broke without a proper end; what was in flight may be lost.
  case connectionLost
  /// The peer broke a rule of the stream: certainly its own doing.
  case violation(FrameViolation)
  /// Nothing was heard for the idle limit.
  case idle
  /// The queue of a class that must not lose anything is full.
  case tooSlow(TrafficClass)
  /// A newer connection to the same peer, or the one dialed by the smaller key, took its place.
  case replaced
}

/// Why a dial gave no session.
public enum DialFailure: Error, Hashable, Sendable {
  /// No connection; the system's reason.
  case unreachable(String)
  case handshake(HandshakeFailure)
  /// The expected peer is connected already.
  case alreadyConnected
  /// The same address is being dialed.
  case alreadyDialing
  /// The other connection to the peer is kept.
  case duplicate
  /// The transport shuts down.
  case shutDown
}

/// What the transport tells its owner, in batches and in the order in which it happened.
public enum TransportEvent: Sendable {
  case connected(PeerID, SessionInfo)
  case disconnected(PeerID, DisconnectReason)
  case frame(PeerID, type: UInt8, bytes: [UInt8])
  case datagram(PeerID, bytes: [UInt8])
  case datagramSessionUp(PeerID)
  case datagramSessionDown(PeerID)
  case dialFailed(NetworkAddress, DialFailure)
  /// A tenant's account reached this provider, or this tenant a provider.
  case leaseOpened(LeaseSession, account: PublicKey, SessionInfo)
  /// `request` is 0 for a message that is neither a request nor its response.
  case leaseFrame(LeaseSession, request: UInt32, type: UInt8, bytes: [UInt8])
  case leaseClosed(LeaseSession, DisconnectReason)

  /// What the event occupies until it is acknowledged, in bytes.
  var cost: Int {
    switch self {
    case .frame(_, _, let bytes), .datagram(_, let bytes), .leaseFrame(_, _, _, let bytes):
      Self.overhead + bytes.count
    default: 0
    }
  }

  /// Small frames cost memory beyond their bytes.
  static let overhead = 64
}

/// Why the transport could not start.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another program listens there.
  case addressInUse(NetworkAddress)
  /// The address is not one of this machine's, or the name is unknown.
  case addressNotAvailable(NetworkAddress)
  /// The system's reason.
  case bindFailed(NetworkAddress, String)

  public var description: String {
    switch self {
    case .addressInUse(let address): "\(address) is already in use"
    case .addressNotAvailable(let address): "\(address) is not an address of this machine"
    case .bindFailed(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}
