import CSodium
import Primitives

/// An Ed25519 public key (RFC 8032).
///
/// Any 32 bytes are accepted. Whether they are a usable point is found when a signature is checked.
public struct PublicKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  let storage: Bytes32

  init(storage: Bytes32) { self.storage = storage }

  /// Nil unless there are exactly 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard let storage = Bytes32(bytes) else { return nil }
    self.storage = storage
  }

  public var bytes: [UInt8] { storage.bytes }

  /// Whether the key is the canonical encoding of a point of the prime-order group. Only such keys can be
  /// registered.
  public var isPrimeOrder: Bool {
    Sodium.start()
    return storage.withPointer { unsafe crypto_core_ed25519_is_valid_point($0) == 1 }
  }

  public static func < (left: PublicKey, right: PublicKey) -> Bool { left.storage < right.storage }

  /// Whether `signature` is a valid signature of `message` by this key.
  ///
  /// The rule is libsodium's, and all validators must apply the same one: the equation is checked without
  /// cofactor, and points of small order, encodings that are not canonical and scalars out of range are
  /// refused.
  public func verifies(_ signature: Signature, of message: some Collection<UInt8>) -> Bool {
    Sodium.start()
    return withContiguous(message) { message in
      signature.withPointer { signature in
        storage.withPointer { key in
          unsafe crypto_sign_verify_detached(signature, message.base, UInt64(message.count), key) == 0
        }
      }
    }
  }

  /// Whether `signature` is a valid signature of `body` by this key in `domain` on the network named `chain`.
  public func verifies(
    _ signature: Signature,
    domain: SigningDomain,
    chain: String,
    _ body: some Collection<UInt8>
  ) -> Bool { verifies(signature, of: domain.message(chain: chain, body)) }

  /// 64 lower-case hex digits.
  public var description: String { Hex.encode(bytes) }
}

/// An Ed25519 signature, 64 bytes: a point and a scalar.
public struct Signature: Hashable, Sendable, CustomStringConvertible {
  let point: Bytes32
  let scalar: Bytes32

  init(point: Bytes32, scalar: Bytes32) {
    self.point = point
    self.scalar = scalar
  }

  /// Nil unless there are exactly 64 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 64 else { return nil }
    guard let point = Bytes32(bytes.prefix(32)), let scalar = Bytes32(bytes.dropFirst(32)) else { return nil }
    self.init(point: point, scalar: scalar)
  }

  /// A signature from its two halves.
  public init(_ first: Digest, _ second: Digest) { self.init(point: first.storage, scalar: second.storage) }

  public var bytes: [UInt8] { point.bytes + scalar.bytes }

  @safe fileprivate func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("64 bytes have an address") }
      unsafe point.store(at: base)
      unsafe scalar.store(at: base + 32)
      return unsafe body(base)
    }
  }

  /// 128 lower-case hex digits.
  public var description: String { Hex.encode(bytes) }
}

/// A node's name on the network: its Ed25519 node key, which every session proves.
public typealias PeerID = PublicKey
