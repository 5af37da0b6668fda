import Cryptography
import Primitives

/// The identity of the network to which a node belongs. Nodes of different networks refuse each other at the
/// first message.
public struct NetworkIdentity: Hashable, Sendable {
  /// The version of the handshakes and framing that this module implements.
  public static let currentVersion: UInt16 = 1

  /// The chain id, as in the genesis file.
  public let chainID: String
  /// The hash of the genesis file. It tells apart networks that chose the same chain id.
  public let genesis: Digest
  /// The version of the peer protocol.
  public let version: UInt16

  /// A hash of the chain id and the genesis hash. The first message carries it instead of both.
  let hash: Digest

  public init(chainID: String, genesis: Digest, version: UInt16 = Self.currentVersion) {
    self.chainID = chainID
    self.genesis = genesis
    self.version = version
    var writer = ByteWriter()
    writer.write("supercloud network")
    writer.write(chainID)
    writer.write(genesis)
    hash = Digest.blake2b(writer.bytes)
  }
}

/// The purpose of a session. It is part of the transcript, so a session cannot be passed off as one of the
/// other purpose.
public enum SessionPurpose: UInt8, Hashable, Sendable {
  /// Node key to node key.
  case peer = 1
  /// A tenant's account key to a provider's account key.
  case lease = 2
}

/// The keys with which a node authenticates itself.
public struct LocalIdentity: Sendable {
  /// Signs `.peer` sessions and datagram sessions.
  public let node: SigningKey
  /// Signs `.lease` sessions; a node without one refuses them.
  public let account: SigningKey?

  public init(node: SigningKey, account: SigningKey? = nil) {
    self.node = node
    self.account = account
  }

  func key(for purpose: SessionPurpose) -> SigningKey? {
    switch purpose {
    case .peer: node
    case .lease: account
    }
  }
}

/// The peer that a dialer expects. A handshake with another one fails.
public enum ExpectedPeer: Hashable, Sendable {
  /// Any peer, whatever key it proves: for test dials and for seeds whose key is unknown.
  case anyone
  case key(PublicKey)
  /// The owner of an account, when only the address is known: a lease names providers by address.
  case account(Address)

  func accepts(_ key: PublicKey) -> Bool {
    switch self {
    case .anyone: true
    case .key(let expected): expected == key
    case .account(let address): Address(key) == address
    }
  }
}
