/// Keys from shared secrets and from other keys.
///
/// The shape is HKDF's (RFC 5869) as Noise uses it, with keyed BLAKE2b, itself a pseudo-random function, in
/// the place of HMAC.
public enum KeyDerivation {
  /// Stirs `input` into the chain: the next chaining key, and a key to use now.
  public static func mix(chainingKey: Digest, input: [UInt8]) -> (Digest, Digest) {
    expand(Digest.blake2b(input, key: chainingKey))
  }

  /// Stirs an agreed secret into the chain without leaving a copy of it behind.
  public static func mix(chainingKey: Digest, secret: borrowing SharedSecret) -> (Digest, Digest) {
    let stirred = secret.withPointer { pointer in
      unsafe Digest.blake2b(UnsafeBufferPointer(start: pointer, count: 32), key: chainingKey)
    }
    return expand(stirred)
  }

  /// One key for one purpose: the same key, label and context give the same result, any other an unrelated
  /// one.
  public static func derive(
    from key: Digest,
    label: String,
    context: some Collection<UInt8> = EmptyCollection<UInt8>()
  ) -> Digest {
    let label = Array(label.utf8)
    precondition(label.count <= 255, "a label has at most 255 bytes")
    // The count in front keeps label and context apart.
    return Digest.blake2b([UInt8(label.count)] + label + Array(context), key: key)
  }

  private static func expand(_ key: Digest) -> (Digest, Digest) {
    let first = Digest.blake2b(CollectionOfOne(1), key: key)
    return (first, Digest.blake2b(first.bytes + [2], key: key))
  }
}
