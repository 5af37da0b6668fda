import Cryptography

/// The running hash and chaining key of a handshake, as Noise's symmetric state (noiseprotocol.org, rev. 34, § 5.2)
/// with BLAKE2b-256.
///
/// Every message goes into the hash. Signatures cover the hash, and ciphertexts have it as associated data. So if a byte is
/// changed on the way, the hashes of the two sides differ and the handshake fails.
struct Transcript: Sendable {
  private(set) var hash: Digest
  private var chainingKey: Digest

  /// `label` names the handshake. The network is hashed first, so nodes of different networks cannot agree.
  init(label: String, network: NetworkIdentity) {
    hash = Digest.blake2b(
      Array(label.utf8) + [0] + network.hash.bytes
        + [UInt8(truncatingIfNeeded: network.version >> 8), UInt8(truncatingIfNeeded: network.version)]
    )
    chainingKey = hash
  }

  mutating func absorb(_ bytes: some Collection<UInt8>) { hash = Digest.blake2b(hash.bytes + Array(bytes)) }

  /// The bytes that a signature over the transcript covers: the hash that absorbing `bytes` would give. The
  /// transcript itself does not change.
  func signedBody(_ bytes: some Collection<UInt8>) -> [UInt8] {
    Digest.blake2b(hash.bytes + Array(bytes)).bytes
  }

  /// Mixes in a shared secret. Returns the key that encrypts the next messages.
  mutating func mix(_ secret: borrowing SharedSecret) -> Digest {
    let (next, key) = KeyDerivation.mix(chainingKey: chainingKey, secret: secret)
    chainingKey = next
    return key
  }

  /// The keys of the two directions, the dialer's first, derived from the whole transcript.
  func split() -> (Digest, Digest) { KeyDerivation.mix(chainingKey: chainingKey, input: hash.bytes) }
}
