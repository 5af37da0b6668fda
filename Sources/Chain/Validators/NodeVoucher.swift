public import Cryptography
public import Primitives

/// A statement of a validator or provider that a node is its own, valid until a time (Malachite ADR-006).
///
/// Without a voucher a node only claims its role. The session proves that the peer has the node key; the
/// voucher ties the node key to a validator's consensus key or a provider's account key; and the committed
/// state tells whose key that is. The signature covers the node key, so other nodes cannot use a copy of the
/// voucher.
public struct NodeVoucher: Hashable, Sendable {
  /// Whether the signing key is a validator's or a provider's.
  public enum Role: UInt8, Hashable, Sendable {
    case validator = 1
    case provider = 2

    var domain: SigningDomain {
      switch self {
      case .validator: .validatorProof
      case .provider: .providerProof
      }
    }
  }

  /// The validity of a new voucher in milliseconds: one day. A node renews its voucher well before the end. A
  /// stolen node key loses its role at the end.
  public static let lifetime: UInt64 = 86_400_000
  static let byteCount = 1 + 32 + 8 + 64

  public let role: Role
  /// A validator's consensus key or a provider's account key.
  public let key: PublicKey
  public let expiresAt: Timestamp
  public let signature: Signature

  /// Signs a voucher for `node`.
  public init(
    for node: PublicKey,
    as role: Role,
    by signer: SigningKey,
    expiresAt: Timestamp,
    chain: ChainID
  ) {
    self.role = role
    key = signer.publicKey
    self.expiresAt = expiresAt
    signature = signer.sign(domain: role.domain, chain: chain.text, Self.body(node, expiresAt))
  }

  static func body(_ node: PublicKey, _ expiresAt: Timestamp) -> [UInt8] {
    var writer = ByteWriter(capacity: 40)
    writer.write(node)
    writer.write(expiresAt.milliseconds)
    return writer.bytes
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: Self.byteCount)
    writer.write(role.rawValue)
    writer.write(key)
    writer.write(expiresAt.milliseconds)
    writer.write(signature)
    return writer.bytes
  }

  /// Decodes what `encoded` gives; the signature is not checked.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    guard let role = Role(rawValue: try reader.read()) else { throw .invalid(field: "role") }
    self.role = role
    key = try reader.readPublicKey()
    expiresAt = Timestamp(milliseconds: try reader.read())
    signature = try reader.readSignature()
    try reader.finish()
  }
}
