import CSodium

/// An Ed25519 secret key that several parts of a program share, in locked and guarded memory that is wiped at the end.
public final class SigningKey: Sendable {
  public let publicKey: PublicKey
  /// The seed followed by the public key, as libsodium expects it.
  private let secret: SecretBytes

  private init(_ seed: borrowing SecretBytes) {
    var key = Bytes32.zero
    secret = SecretBytes(count: 64, .guarded) { secret in
      key = Bytes32 { output in seed.withPointer { unsafe _ = crypto_sign_seed_keypair(output, secret, $0) } }
    }
    publicKey = PublicKey(storage: key)
  }

  /// The key of a 32-byte seed; nil for any other length. The caller must wipe its own array.
  public convenience init?(seed: [UInt8]) {
    guard seed.count == 32 else { return nil }
    self.init(SecretBytes(copying: seed, .wiped))
  }

  public static func generate() -> SigningKey {
    SigningKey(SecretBytes(count: 32, .wiped) { unsafe randombytes_buf($0, 32) })
  }

  public var address: Address { Address(publicKey) }

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

  /// The seed in ordinary memory, which is not wiped. Use it only to write a key file or a backup.
  public func seed() -> [UInt8] {
    secret.withPointer { unsafe Array(UnsafeBufferPointer(start: $0, count: 32)) }
  }
}
