public import Cryptography
public import Primitives
import Wire

/// A gossiped object with its signature, kept as the bytes that were received.
///
/// The identifier does not cover the signature: the holder of the key can make many valid signatures of one
/// content. (RFC 8032 makes Ed25519's nonce deterministic, but a verifier cannot tell whether it was.)
public struct SignedObject: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case order = 1
    case bid = 2
    case withdrawal = 3
    case offer = 4
    case nodeRecord = 5

    /// The name in answers and metrics.
    public var name: String {
      switch self {
      case .order: "order"
      case .bid: "bid"
      case .withdrawal: "withdrawal"
      case .offer: "offer"
      case .nodeRecord: "node_record"
      }
    }

    public var domain: SigningDomain {
      switch self {
      case .order: .order
      case .bid: .bid
      case .withdrawal: .withdrawal
      case .offer: .offer
      case .nodeRecord: .nodeRecord
      }
    }
  }

  public let kind: Kind
  public let key: PublicKey
  public let body: [UInt8]
  public let signature: Signature
  /// BLAKE2b of kind, chain, key and body.
  public let identifier: Digest
  /// The bytes of the whole object, as sent and forwarded.
  public let encoded: [UInt8]

  /// Decodes an object, which must be in canonical form. The signature is not checked.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_SignedObject(canonical: bytes, limit: WireLimits.objectBytes)
    kind = try Field.kind(wire.kind.rawValue, "kind")
    key = try Field.key(wire.publicKey.array, "public_key")
    body = wire.body.array
    signature = try Field.signature(wire.signature.array, "signature")
    identifier = Self.identifier(kind: kind, key: key, body: body, chain: chain)
    encoded = bytes
  }

  /// Signs `body`.
  public init(kind: Kind, body: [UInt8], signer: SigningKey, chain: ChainID) {
    self.kind = kind
    key = signer.publicKey
    self.body = body
    signature = signer.sign(domain: kind.domain, chain: chain.text, body)
    identifier = Self.identifier(kind: kind, key: signer.publicKey, body: body, chain: chain)
    var wire = Supercloud_Market_V1_SignedObject()
    wire.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    wire.publicKey = .init(wire: signer.publicKey.bytes)
    wire.body = .init(wire: body)
    wire.signature = .init(wire: signature.bytes)
    encoded = wire.encoded
  }

  /// The account of the signing key.
  public var signer: Address { Address(key) }

  private static func identifier(kind: Kind, key: PublicKey, body: [UInt8], chain: ChainID) -> Digest {
    var writer = ByteWriter(capacity: body.count + 96)
    writer.write(kind.rawValue)
    writer.write(chain.text)
    writer.writeRaw(key.bytes)
    writer.writeRaw(body)
    return Digest.blake2b(writer.bytes)
  }
}
