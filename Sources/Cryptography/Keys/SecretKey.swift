import CSodium

/// An Ed25519 secret key with a single owner, in locked and guarded memory that is wiped at the end.
public struct SecretKey: ~Copyable, Sendable {
  public let publicKey: PublicKey
  /// The seed followed by the public key, as libsodium expects it.
  private let secret: SecretBytes

  private init(seedPointer: UnsafePointer<UInt8>) {
    var key = Bytes32.zero
    secret = SecretBytes(count: 64, .guarded) { secret in
      key = Bytes32 { output in unsafe _ = crypto_sign_seed_keypair(output, secret, seedPointer) }
    }
    publicKey = PublicKey(storage: key)
  }

  /// The key of a 32-byte seed; nil for any other length.
  public init?(seed: borrowing SecretBytes) {
    guard seed.count == 32 else { return nil }
    self = seed.withPointer { unsafe SecretKey(seedPointer: $0) }
  }

  /// The key of a 32-byte seed; nil for any other length. The caller must wipe its own array.
  public init?(seed: [UInt8]) {
    guard seed.count == 32 else { return nil }
    self.init(seed: SecretBytes(copying: seed, .wiped))
  }

  /// A new random key.
  public static func generate() -> SecretKey {
    let seed = SecretBytes(count: 32, .wiped) { unsafe randombytes_buf($0, 32) }
    return seed.withPointer { unsafe SecretKey(seedPointer: $0) }
  }

  public func sign(_ message: some Collection<UInt8>) -> Signature {
    withContiguous(message) { message in
      unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { output in
        guard let base = output.baseAddress else { preconditionFailure("64 bytes have an address") }
        secret.withPointer { secret in
          unsafe _ = crypto_sign_detached(base, nil, message.base, UInt64(message.count), secret)
        }
        return unsafe Signature(point: Bytes32(at: base), scalar: Bytes32(at: base + 32))
      }
    }
  }

  /// Signs `body` in `domain` for the network named `chain`.
  public func sign(domain: SigningDomain, chain: String, _ body: some Collection<UInt8>) -> Signature {
    sign(domain.message(chain: chain, body))
  }

  /// The X25519 shared secret of this key and `key`, which is a `PublicKey.agreementKey` or an ephemeral
  /// public key.
  public func sharedSecret(with key: [UInt8]) throws(CryptographyError) -> SharedSecret {
    let scalar = SecretBytes(count: 32, .wiped) { output in
      secret.withPointer { unsafe _ = crypto_sign_ed25519_sk_to_curve25519(output, $0) }
    }
    return try SharedSecret(scalar: scalar, point: key)
  }

  /// The seed in ordinary memory, which is not wiped. Use it only to write a key file or a backup.
  public func seed() -> [UInt8] {
    secret.withPointer { unsafe Array(UnsafeBufferPointer(start: $0, count: 32)) }
  }
}

/// A secret key that several parts of a program share.
public final class SigningKey: Sendable {
  private let key: SecretKey

  public init(_ key: consuming SecretKey) { self.key = key }

  /// The key of a 32-byte seed; nil for any other length.
  public convenience init?(seed: [UInt8]) {
    guard let key = SecretKey(seed: seed) else { return nil }
    self.init(key)
  }

  /// A new random key.
  public static func generate() -> SigningKey { SigningKey(SecretKey.generate()) }

  public var publicKey: PublicKey { key.publicKey }

  public var address: Address { Address(key.publicKey) }

  public func sign(_ message: some Collection<UInt8>) -> Signature { key.sign(message) }

  /// Signs `body` in `domain` for the network named `chain`.
  public func sign(domain: SigningDomain, chain: String, _ body: some Collection<UInt8>) -> Signature {
    key.sign(domain: domain, chain: chain, body)
  }

  /// The X25519 shared secret of this key and the public key `other`.
  public func sharedSecret(with other: [UInt8]) throws(CryptographyError) -> SharedSecret {
    try key.sharedSecret(with: other)
  }

  /// The seed in ordinary memory, which is not wiped. Use it only to write a key file or a backup.
  public func seed() -> [UInt8] { key.seed() }
}
