import CSodium

/// An X25519 key pair (RFC 7748) for one handshake.
public struct EphemeralKey: ~Copyable, Sendable {
  /// The 32 bytes to send to the other side.
  public let publicKey: [UInt8]
  private let scalar: SecretBytes

  private init(scalar: consuming SecretBytes) {
    publicKey = filledArray(count: 32) { output in
      scalar.withPointer { unsafe _ = crypto_scalarmult_curve25519_base(output, $0) }
    }
    self.scalar = scalar
  }

  public static func generate() -> EphemeralKey {
    EphemeralKey(scalar: SecretBytes(count: 32, .wiped) { unsafe randombytes_buf($0, 32) })
  }

  /// A key pair that is not random, for test vectors and for runs of the simulator with a seed. Nil unless
  /// `scalar` has 32 bytes.
  public init?(scalar: [UInt8]) {
    guard scalar.count == 32 else { return nil }
    self.init(scalar: SecretBytes(copying: scalar, .wiped))
  }

  /// The shared secret of this key pair and the other side's public key `key`.
  public func sharedSecret(with key: [UInt8]) throws(CryptographyError) -> SharedSecret {
    try SharedSecret(scalar: scalar, point: key)
  }
}

/// The result of a key agreement: 32 bytes that are not uniformly distributed, so keys must be derived from
/// it.
public struct SharedSecret: ~Copyable, Sendable {
  private let secret: SecretBytes

  /// Throws `length` unless `point` has 32 bytes, `lowOrderPoint` when the result would be zero.
  init(scalar: borrowing SecretBytes, point: [UInt8]) throws(CryptographyError) {
    var agreed = false
    secret = SecretBytes(count: 32, .wiped) { output in
      unsafe sodium_memzero(output, 32)
      guard point.count == 32 else { return }
      scalar.withPointer { agreed = unsafe crypto_scalarmult_curve25519(output, $0, point) == 0 }
    }
    // All properties of a noncopyable value must be set before its initializer may throw, so the checks come
    // last.
    guard point.count == 32 else { throw .length(point.count) }
    guard agreed else { throw .lowOrderPoint }
  }

  /// A copy of the secret in ordinary memory that is not wiped, for `KeyDerivation`.
  public var bytes: [UInt8] { secret.bytes }

  @safe func withPointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    secret.withPointer(body)
  }
}
