public import Cryptography
public import Primitives

/// What a block says about itself and the state it stands on.
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
  public var transactionsRoot: Digest
  public var evidenceRoot: Digest
  /// Digest of the parent's commit certificate as this block carries it; zero at height 1.
  public var lastCertificateHash: Digest
  public var validatorsHash: Digest
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

/// A block with its bytes as proposed.
public struct Block: Hashable, Sendable {
  public let header: Header
  /// `TxRaw` bytes.
  public let transactions: [[UInt8]]
  /// SHA-256 of each transaction's bytes, the hash by which wallets know it.
  public let transactionHashes: [Digest]
  public let evidence: [Evidence]
  /// Of the parent; nil at height 1.
  public let lastCertificate: Certificate?
  public let encoded: [UInt8]
  /// BLAKE2b of the header's bytes as proposed.
  public let identifier: Digest

  public static func == (left: Block, right: Block) -> Bool {
    left.identifier == right.identifier
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(identifier)
  }

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
