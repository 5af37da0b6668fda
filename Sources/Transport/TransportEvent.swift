import Cryptography
import Primitives

/// The facts known about a session when it opens.
public struct SessionInfo: Hashable, Sendable {
  /// The peer's address as this node sees it.
  public let address: NetworkAddress
  /// Whether the peer dialed this node.
  public let isInbound: Bool
  public let purpose: SessionPurpose
  /// The peer's host with the port on which it claims to listen; nil when it does not listen. Not verified: the port may
  /// be unreachable.
  public let listenAddress: NetworkAddress?
  /// The bytes with which the peer introduced itself, at most 1,024; see `TransportConfiguration.hello`.
  public let hello: [UInt8]
}

/// A stream between a tenant and a provider. One account may have several sessions.
public struct LeaseSession: Hashable, Sendable {
  let number: UInt64
}

/// Why a session ended.
public enum DisconnectReason: Hashable, Sendable {
  /// The peer closed the session, for this reason.
  case closedByPeer(CloseCode)
  /// The owner of this node's endpoint closed the session, for this reason.
  case closedHere(CloseCode)
  /// The connection ended without a close message; messages under way may be lost.
  case connectionLost
  /// The peer broke the protocol. Authentication proves that the fault is the peer's and not the network's.
  case violation(FrameViolation)
  /// Nothing was received for `TransportTiming.idle`.
  case idle
  /// The queue of a class whose messages must not be dropped is full.
  case tooSlow(TrafficClass)
  /// Another connection with the same peer is kept: a newer one, or the one that the smaller key dialed.
  case replaced
}

/// Why dialing did not lead to a session.
public enum DialFailure: Error, Hashable, Sendable {
  /// The TCP connection could not be established; the string is the operating system's reason.
  case unreachable(String)
  case handshake(HandshakeFailure)
  /// The expected peer is connected already.
  case alreadyConnected
  /// A dial to the same address is under way.
  case alreadyDialing
  /// Another connection with the peer is kept.
  case duplicate
  /// The transport shuts down.
  case shutDown
}

/// What the endpoint reports to its owner. Events come in batches, in the order in which they happened.
public enum TransportEvent: Sendable {
  case connected(PeerID, SessionInfo)
  case disconnected(PeerID, DisconnectReason)
  case frame(PeerID, type: UInt8, bytes: [UInt8])
  case datagram(PeerID, bytes: [UInt8])
  case datagramSessionUp(PeerID)
  case datagramSessionDown(PeerID)
  case dialFailed(NetworkAddress, DialFailure)
  /// A lease session began. At a provider, `account` is the tenant's key; at a tenant, the provider's.
  case leaseOpened(LeaseSession, account: PublicKey, SessionInfo)
  /// `request` is 0 for a message that is neither a request nor its response.
  case leaseFrame(LeaseSession, request: UInt32, type: UInt8, bytes: [UInt8])
  case leaseClosed(LeaseSession, DisconnectReason)

  /// The bytes of memory that the event occupies until it is acknowledged.
  var cost: Int {
    switch self {
    case .frame(_, _, let bytes), .datagram(_, let bytes), .leaseFrame(_, _, _, let bytes):
      Self.overhead + bytes.count
    default: 0
    }
  }

  /// Memory that is counted for a frame or datagram besides its payload, in bytes. Other events cost 0.
  static let overhead = 64
}

/// Why the endpoint could not start.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another program already listens at the address.
  case addressInUse(NetworkAddress)
  /// The address belongs to no interface of this machine, or the host name does not resolve.
  case addressNotAvailable(NetworkAddress)
  /// Any other error of the operating system, with its message.
  case bindFailed(NetworkAddress, String)

  public var description: String {
    switch self {
    case .addressInUse(let address): "\(address) is already in use"
    case .addressNotAvailable(let address): "\(address) is not an address of this machine"
    case .bindFailed(let address, let reason): "cannot listen on \(address): \(reason)"
    }
  }
}
