public import Cryptography
public import Primitives

/// Checks signatures, and remembers which are valid. Gossip, mempool, block validation and execution of a node
/// share one value.
///
/// Whether a signature is valid depends only on bytes, key and signature. The memory saves repeated checks and
/// never changes a result. A node has one memory; the nodes of a simulation share one.
public struct Checks: Sendable {
  /// Whether the signature of the key is valid for these bytes, in the domain and for the chain. Without a
  /// domain the bytes are a transaction's `SignDoc`, which contains the chain.
  public typealias SignatureCheck = @Sendable (PublicKey, Signature, SigningDomain?, ChainID, [UInt8]) -> Bool

  public var checkSignature: SignatureCheck
  /// The memory of valid signatures; nil to check every signature each time.
  public var memory: Memory?
  public var decoders = Decoders()

  public init(memory: Memory? = nil, checkSignature: @escaping SignatureCheck) {
    self.checkSignature = checkSignature
    self.memory = memory
  }

  /// Ed25519 signatures, checked by libsodium, without a memory.
  public static let ed25519 = Checks { key, signature, domain, chain, bytes in
    guard let domain else { return key.verifies(signature, of: bytes) }
    return key.verifies(signature, domain: domain, chain: chain.text, bytes)
  }

  /// A memory of valid signatures. Invalid ones are never stored, so an attacker cannot fill the memory with
  /// forged signatures.
  public struct Memory: Sendable {
    /// Whether a valid signature with this claim is stored for the chain. A claim is a digest of everything
    /// that the check covers: domain, chain, key, bytes and the signature itself. An object's identifier
    /// cannot serve as a claim, since it does not cover the signature: a node that has stored the true object
    /// would accept a forged one, all others would reject it, and the chain would split.
    public var isKnown: @Sendable (_ claim: Digest, ChainID) -> Bool
    public var add: @Sendable (_ claim: Digest, ChainID) -> Void
    /// The stored transaction of the chain whose bytes, signature included, have this SHA-256 hash. Its
    /// signature is valid.
    public var transaction: @Sendable (_ hash: Digest, ChainID) -> Transaction?
    public var addTransaction: @Sendable (Transaction, ChainID) -> Void
    /// Whether this certificate was verified with this validator set.
    public var isProven: @Sendable (Certificate, ValidatorSet, ChainID) -> Bool
    public var addProof: @Sendable (Certificate, ValidatorSet, ChainID) -> Void

    public init(
      isKnown: @escaping @Sendable (_ claim: Digest, ChainID) -> Bool,
      add: @escaping @Sendable (_ claim: Digest, ChainID) -> Void,
      transaction: @escaping @Sendable (_ hash: Digest, ChainID) -> Transaction?,
      addTransaction: @escaping @Sendable (Transaction, ChainID) -> Void,
      isProven: @escaping @Sendable (Certificate, ValidatorSet, ChainID) -> Bool,
      addProof: @escaping @Sendable (Certificate, ValidatorSet, ChainID) -> Void
    ) {
      self.isKnown = isKnown
      self.add = add
      self.transaction = transaction
      self.addTransaction = addTransaction
      self.isProven = isProven
      self.addProof = addProof
    }
  }

  /// Decodes blocks and certificates. A simulation may cache the results, since its nodes receive the same bytes.
  public struct Decoders: Sendable {
    public var block: @Sendable ([UInt8]) throws(DecodingError) -> Block
    public var certificate: @Sendable ([UInt8]) throws(DecodingError) -> Certificate

    public init(
      block: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Block = {
        bytes throws(DecodingError) in try Block(decoding: bytes)
      },
      certificate: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Certificate = {
        bytes throws(DecodingError) in try Certificate(decoding: bytes)
      }
    ) {
      self.block = block
      self.certificate = certificate
    }
  }

  /// Decodes a transaction and checks its signature, unless the memory has it.
  ///
  /// - Parameters:
  ///   - bytes: The encoded transaction.
  ///   - hash: The SHA-256 hash of `bytes`.
  ///   - chain: The chain that the transaction must be for.
  /// - Returns: The authentic transaction.
  /// - Throws: `forged` when the signature is invalid; other errors when the bytes are not a transaction.
  public func transaction(
    _ bytes: [UInt8],
    hash: Digest,
    on chain: ChainID
  ) throws(TransactionError) -> Transaction {
    if let known = memory?.transaction(hash, chain) { return known }
    let transaction = try Transaction(decoding: bytes, chain: chain, hash: hash)
    guard transaction.isAuthentic(on: chain, by: self) else { throw .forged }
    memory?.addTransaction(transaction, chain)
    return transaction
  }

  /// Returns whether the claim is in the memory or `check` returns true. In the second case the claim is
  /// stored.
  fileprivate func remembering(
    _ claim: @autoclosure () -> Digest,
    _ chain: ChainID,
    _ check: () -> Bool
  ) -> Bool {
    guard let memory else { return check() }
    let claim = claim()
    guard !memory.isKnown(claim, chain) else { return true }
    guard check() else { return false }
    memory.add(claim, chain)
    return true
  }
}

extension Transaction {
  /// Whether the signature is valid. `chain` is the one that the transaction was decoded for.
  public func isAuthentic(on chain: ChainID, by checks: Checks = .ed25519) -> Bool {
    checks.checkSignature(signer, signature, nil, chain, signBytes)
  }
}

extension SignedObject {
  /// The digest under which a memory stores that this signature of the object is valid. It covers the
  /// identifier (kind, chain, key and body) and the signature.
  public var claim: Digest { Digest.blake2b(identifier.bytes + signature.bytes) }

  /// Whether the signature is valid. `chain` is the one that the object was decoded for.
  public func isAuthentic(on chain: ChainID, by checks: Checks = .ed25519) -> Bool {
    checks.remembering(claim, chain) { checks.checkSignature(key, signature, kind.domain, chain, body) }
  }
}

extension NodeVoucher {
  /// Whether `key` signed this voucher for `node`. It does not check the expiry or whether `key` has the
  /// role.
  public func hasValidSignature(for node: PublicKey, on chain: ChainID, by checks: Checks = .ed25519) -> Bool
  {
    checks.remembering(claim(for: node), chain) {
      checks.checkSignature(key, signature, role.domain, chain, Self.body(node, expiresAt))
    }
  }

  /// The digest by which a memory stores the voucher's signature. Its input is longer than that of a
  /// `SignedObject`'s claim, so the two cannot be equal.
  private func claim(for node: PublicKey) -> Digest { Digest.blake2b(node.bytes + encoded) }
}
