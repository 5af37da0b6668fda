/// Derives keys from shared secrets and from other keys.
///
/// The construction is HKDF (RFC 5869) as Noise uses it, with keyed BLAKE2b, which is a pseudo-random
/// function by itself, in place of HMAC.
public enum KeyDerivation {
  /// Mixes `input` into the chaining key. Returns the next chaining key and a key to use now.
  public static func mix(chainingKey: Digest, input: [UInt8]) -> (Digest, Digest) {
    expand(Digest.blake2b(input, key: chainingKey))
  }

  /// Mixes a shared secret into the chaining key, without leaving a copy of the secret in memory.
  public static func mix(chainingKey: Digest, secret: borrowing SharedSecret) -> (Digest, Digest) {
    let stirred = secret.withPointer { pointer in
      unsafe Digest.blake2b(UnsafeBufferPointer(start: pointer, count: 32), key: chainingKey)
    }
    return expand(stirred)
  }

  /// Derives a key for one purpose. The same key, label and context always give the same result; other inputs
  /// give unrelated ones.
  public static func derive(
    from key: Digest,
    label: String,
    context: some Collection<UInt8> = EmptyCollection<UInt8>()
  ) -> Digest {
    let label = Array(label.utf8)
    precondition(label.count <= 255, "a label has at most 255 bytes")
    // The length of the label comes first, so that the boundary between label and context is unambiguous.
    return Digest.blake2b([UInt8(label.count)] + label + Array(context), key: key)
  }

  private static func expand(_ key: Digest) -> (Digest, Digest) {
    let first = Digest.blake2b(CollectionOfOne(1), key: key)
    return (first, Digest.blake2b(first.bytes + [2], key: key))
  }
}
