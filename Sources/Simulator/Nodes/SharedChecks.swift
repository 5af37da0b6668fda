import Chain
import Cryptography
import Primitives
import Synchronization

/// Caches what is valid and what was decoded, for all nodes that share it.
///
/// Each node would get the same results by itself. What differs in anything, or is invalid, is checked anew.
final class SharedChecks: Sendable {
  /// The digest of the checked data, and the chain for which it was checked.
  private struct Key: Hashable {
    let digest: Digest
    let chain: ChainID
  }

  private struct Proof {
    let validators: ValidatorSet
    let chain: ChainID
  }

  private struct Contents {
    var claims: Set<Key> = []
    var transactions: [Key: Transaction] = [:]
    var proofs = CertificateCache<Proof>()
  }

  /// The greatest number of entries of one kind. When it is reached, all entries are removed.
  private static let limit = 20_000

  private let contents = Mutex(Contents())
  private let blocks = Mutex(DecodedBytes<Block>())
  private let certificates = Mutex(DecodedBytes<Certificate>())

  func checks(_ checkSignature: @escaping Checks.SignatureCheck) -> Checks {
    var checks = Checks(memory: memory, checkSignature: checkSignature)
    checks.decoders = decoders
    return checks
  }

  private var memory: Checks.Memory {
    Checks.Memory(
      isKnown: { [self] claim, chain in
        contents.withLock { $0.claims.contains(Key(digest: claim, chain: chain)) }
      },
      add: { [self] claim, chain in
        contents.withLock { contents in
          if contents.claims.count >= Self.limit { contents.claims = [] }
          contents.claims.insert(Key(digest: claim, chain: chain))
        }
      },
      transaction: { [self] hash, chain in
        contents.withLock { $0.transactions[Key(digest: hash, chain: chain)] }
      },
      addTransaction: { [self] transaction, chain in
        contents.withLock { contents in
          if contents.transactions.count >= Self.limit { contents.transactions = [:] }
          contents.transactions[Key(digest: transaction.hash, chain: chain)] = transaction
        }
      },
      isProven: { [self] certificate, validators, chain in
        guard let proof = contents.withLock({ $0.proofs[certificate] }) else { return false }
        return proof.chain == chain && proof.validators == validators
      },
      addProof: { [self] certificate, validators, chain in
        contents.withLock { $0.proofs[certificate] = Proof(validators: validators, chain: chain) }
      }
    )
  }

  private var decoders: Checks.Decoders {
    Checks.Decoders(
      block: { [self] bytes throws(DecodingError) in
        try blocks.withLock { (memory) throws(DecodingError) in
          try memory.value(of: bytes) { (bytes) throws(DecodingError) in try Block(decoding: bytes) }
        }
      },
      certificate: { [self] bytes throws(DecodingError) in
        try certificates.withLock { (memory) throws(DecodingError) in
          try memory.value(of: bytes) { (bytes) throws(DecodingError) in try Certificate(decoding: bytes) }
        }
      }
    )
  }
}

/// Decoded values by their bytes. Invalid bytes are decoded anew each time.
private struct DecodedBytes<Value: Sendable>: Sendable {
  /// Hashes only the length and the last bytes, which is fast; equality compares all bytes. The last bytes of
  /// different blocks differ in their certificates, those of different certificates in their signatures.
  private struct Key: Hashable {
    let bytes: [UInt8]

    func hash(into hasher: inout Hasher) {
      hasher.combine(bytes.count)
      for byte in bytes.suffix(32) { hasher.combine(byte) }
    }
  }

  private var values: [Key: Value] = [:]

  mutating func value<Failure>(
    of bytes: [UInt8],
    decode: ([UInt8]) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let key = Key(bytes: bytes)
    if let known = values[key] { return known }
    let value = try decode(bytes)
    if values.count >= 1_024 { values = [:] }
    values[key] = value
    return value
  }
}

/// A cache with certificates as keys, for the newest certificates.
///
/// In a large network there may be a different certificate on each node for the same block, so the size is
/// limited: when 1,024 entries are reached, all are removed.
struct CertificateCache<Value> {
  private static var limit: Int { 1_024 }

  /// Hashes only the certificate's block and signers, which is fast; equality compares everything.
  private struct Key: Hashable {
    let certificate: Certificate

    func hash(into hasher: inout Hasher) {
      hasher.combine(certificate.block)
      hasher.combine(certificate.signers)
    }
  }

  private var values: [Key: Value] = [:]

  subscript(certificate: Certificate) -> Value? {
    get { values[Key(certificate: certificate)] }
    set {
      if values.count >= Self.limit { values = [:] }
      values[Key(certificate: certificate)] = newValue
    }
  }
}

extension CertificateCache: Sendable where Value: Sendable {}
