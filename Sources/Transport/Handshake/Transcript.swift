import Cryptography

/// The running hash and chaining key of a handshake, as Noise's symmetric state (noiseprotocol.org, rev. 34, § 5.2)
/// with BLAKE2b-256.
///
/// Whatever either side saw goes into the hash, and the hash is what is signed and what each ciphertext is tied to:
/// a byte changed on the way makes the two sides disagree.
struct Transcript: Sendable {
  private(set) var hash: Digest
  private var chainingKey: Digest

  /// `label` names the handshake; both sides start from the network they believe to be on.
  init(label: String, network: NetworkIdentity) {
    hash = Digest.blake2b(
      Array(label.utf8) + [0] + network.hash.bytes
        + [UInt8(truncatingIfNeeded: network.version >> 8), UInt8(truncatingIfNeeded: network.version)]
    )
    chainingKey = hash
  }

  mutating func absorb(_ bytes: some Collection<UInt8>) {
    hash = Digest.blake2b(hash.bytes + Array(bytes))
  }

  /// What absorbing `bytes` would give: the body of a signature that is itself part of what follows.
  func signedBody(_ bytes: some Collection<UInt8>) -> [UInt8] {
    Digest.blake2b(hash.bytes + Array(bytes)).bytes
  }

  /// Stirs in an agreed secret; the key that comes out seals what follows.
  mutating func mix(_ secret: borrowing SharedSecret) -> Digest {
    let (next, key) = KeyDerivation.mix(chainingKey: chainingKey, secret: secret)
    chainingKey = next
    return key
  }

  /// The keys of the two directions, the dialer's first, tied to everything that was said.
  func split() -> (Digest, Digest) {
    KeyDerivation.mix(chainingKey: chainingKey, input: hash.bytes)
  }
}
