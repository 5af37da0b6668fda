public import Cryptography
public import Primitives

/// A block's header: what identifies the block, and the digests of its body and of the state before it.
public struct Header: Hashable, Sendable {
  /// The protocol version by whose rules the block is executed.
  public var version: UInt32
  public var chain: ChainID
  public var height: Height
  public var time: Timestamp
  /// The parent's identifier; the genesis digest at height 1.
  public var parent: Digest
  /// The state tree's root after the parent block.
  public var stateRoot: Digest
  /// Merkle root of the parent block's receipts.
  public var receiptsRoot: Digest
  /// The Merkle root over the transactions' SHA-256 hashes. Wallets identify a transaction by this hash, so
  /// they can check a short proof that a block contains it.
  public var transactionsRoot: Digest
  public var evidenceRoot: Digest
  /// The digest of the commit certificate for the parent that this block contains; zero at height 1. (Other
  /// nodes may hold a certificate for the same commit with other signatures.)
  public var lastCertificateHash: Digest
  /// `ValidatorSet.hash` of this height's set.
  public var validatorsHash: Digest
  /// `ValidatorSet.hash` of the next height's set.
  public var nextValidatorsHash: Digest
  /// Operator address of the validator that first proposed the block.
  public var proposer: Address

  public init(
    version: UInt32,
    chain: ChainID,
    height: Height,
    time: Timestamp,
    parent: Digest,
    stateRoot: Digest,
    receiptsRoot: Digest,
    transactionsRoot: Digest,
    evidenceRoot: Digest,
    lastCertificateHash: Digest,
    validatorsHash: Digest,
    nextValidatorsHash: Digest,
    proposer: Address
  ) {
    self.version = version
    self.chain = chain
    self.height = height
    self.time = time
    self.parent = parent
    self.stateRoot = stateRoot
    self.receiptsRoot = receiptsRoot
    self.transactionsRoot = transactionsRoot
    self.evidenceRoot = evidenceRoot
    self.lastCertificateHash = lastCertificateHash
    self.validatorsHash = validatorsHash
    self.nextValidatorsHash = nextValidatorsHash
    self.proposer = proposer
  }
}

/// A block, with its bytes as the proposer sent them.
public struct Block: Hashable, Sendable {
  public let header: Header
  /// The bytes of each transaction (`TxRaw`).
  public let transactions: [[UInt8]]
  /// The SHA-256 hash of each transaction's bytes, by which wallets know it.
  public let transactionHashes: [Digest]
  public let evidence: [Evidence]
  /// The commit certificate of the parent; nil at height 1.
  public let lastCertificate: Certificate?
  public let encoded: [UInt8]
  /// The BLAKE2b digest of the header's bytes.
  public let identifier: Digest

  public static func == (left: Block, right: Block) -> Bool { left.identifier == right.identifier }

  public func hash(into hasher: inout Hasher) { hasher.combine(identifier) }

  init(
    header: Header,
    transactions: [[UInt8]],
    transactionHashes: [Digest],
    evidence: [Evidence],
    lastCertificate: Certificate?,
    encoded: [UInt8],
    identifier: Digest
  ) {
    self.header = header
    self.transactions = transactions
    self.transactionHashes = transactionHashes
    self.evidence = evidence
    self.lastCertificate = lastCertificate
    self.encoded = encoded
    self.identifier = identifier
  }
}
