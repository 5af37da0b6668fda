import CSodium

/// A key of ChaCha20-Poly1305 (RFC 8439) for numbered messages.
///
/// A counter must never be used twice with the same key. The nonce is four zero bytes and the counter in
/// little-endian order, as in Noise.
public final class AEADKey: Sendable {
  /// The number of bytes by which sealing makes a message longer: the authentication tag.
  public static let overhead = 16

  private let key: SecretBytes

  /// Nil unless there are exactly 32 bytes.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    key = SecretBytes(copying: bytes, .wiped)
  }

  /// The key with the bytes of a derived digest.
  public init(_ derived: Digest) { key = derived.storage.secretCopy() }

  /// Encrypts and authenticates a message; `associated` is authenticated only. The result is 16 bytes longer
  /// than `plaintext`.
  public func seal(
    counter: UInt64,
    plaintext: some Collection<UInt8>,
    associated: some Collection<UInt8> = EmptyCollection<UInt8>()
  ) -> [UInt8] {
    let nonce = Self.nonce(counter)
    return withContiguous(plaintext) { plaintext in
      withContiguous(associated) { associated in
        unsafe filledArray(count: plaintext.count + Self.overhead) { output in
          key.withPointer { key in
            unsafe _ = crypto_aead_chacha20poly1305_ietf_encrypt(
              output,
              nil,
              plaintext.base,
              UInt64(plaintext.count),
              associated.base,
              UInt64(associated.count),
              nil,
              nonce,
              key
            )
          }
        }
      }
    }
  }

  /// Checks and decrypts a message. Throws `truncated` or `notAuthentic`.
  public func open(
    counter: UInt64,
    ciphertext: some Collection<UInt8>,
    associated: some Collection<UInt8> = EmptyCollection<UInt8>()
  ) throws(CryptographyError) -> [UInt8] {
    let count = ciphertext.count - Self.overhead
    guard count >= 0 else { throw .truncated }
    let nonce = Self.nonce(counter)
    var status: Int32 = -1
    let plaintext = withContiguous(ciphertext) { ciphertext in
      withContiguous(associated) { associated in
        // At least one byte, so that the output of an empty message has an address.
        filledArray(count: max(count, 1)) { output in
          unsafe output[0] = 0
          status = key.withPointer { key in
            unsafe crypto_aead_chacha20poly1305_ietf_decrypt(
              output,
              nil,
              nil,
              ciphertext.base,
              UInt64(ciphertext.count),
              associated.base,
              UInt64(associated.count),
              nonce,
              key
            )
          }
          if status != 0 { unsafe sodium_memzero(output, max(count, 1)) }
        }
      }
    }
    guard status == 0 else { throw .notAuthentic }
    return count == 0 ? [] : plaintext
  }

  private static func nonce(_ counter: UInt64) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: 12)
    for index in 0..<8 { nonce[4 + index] = UInt8(truncatingIfNeeded: counter >> UInt64(8 * index)) }
    return nonce
  }
}

extension Bytes32 {
  /// A copy of the 32 bytes, wiped when its owner's lifetime ends.
  func secretCopy() -> SecretBytes {
    SecretBytes(count: 32, .wiped) { target in withPointer { unsafe target.update(from: $0, count: 32) } }
  }
}
