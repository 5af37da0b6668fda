public import Cryptography
public import Primitives

/// A key that the chain knows speaks for a node key: "this node is mine, until then" (Malachite ADR-006).
///
/// Without it a role is only what a node says of itself. The session proves the node key, the voucher ties it to a
/// validator's consensus key or a provider's account key, and committed state says what that key is. A copy is of no
/// use to others: it names the node key.
public struct NodeVoucher: Hashable, Sendable {
  /// What the vouching key is to the chain.
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

  /// A voucher of a day is renewed long before it ends; a lost node key is worth nothing after that.
  public static let lifetime: UInt64 = 86_400_000
  static let byteCount = 1 + 32 + 8 + 64

  public let role: Role
  /// A validator's consensus key or a provider's account key.
  public let key: PublicKey
  public let expiresAt: Timestamp
  public let signature: Signature

  /// `signer` vouches for `node`.
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

  /// Whether `key` signed this for `node`. What the key is to the chain is another question.
  public func holds(for node: PublicKey, on chain: ChainID) -> Bool {
    key.verifies(signature, domain: role.domain, chain: chain.text, Self.body(node, expiresAt))
  }

  private static func body(_ node: PublicKey, _ expiresAt: Timestamp) -> [UInt8] {
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

  /// Reads exactly what `encoded` gives; the signature is not checked.
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

extension SignedObject {
  /// Whether the signature holds and, in a node record, that of the voucher within.
  ///
  /// A record with a false voucher is its subject's lie, and nobody passes it on.
  public func isAuthenticThroughout(on chain: ChainID) -> Bool {
    guard isAuthentic(on: chain) else { return false }
    guard kind == .nodeRecord, let voucher = (try? NodeRecord(decoding: body))?.voucher else { return true }
    return voucher.holds(for: key, on: chain)
  }
}
