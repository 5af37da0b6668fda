public import Cryptography
public import Primitives
import Wire

extension Header {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal, also when the bytes are not
  ///   canonical.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Chain_V1_Header(canonical: bytes, limit: WireLimits.headerBytes)
    guard let chain = ChainID(wire.chainID) else { throw .invalid(field: "chain_id") }
    guard let proposer = Address(wire.proposer.array) else { throw .invalid(field: "proposer") }
    self.init(
      version: wire.version,
      chain: chain,
      height: try Field.blockHeight(wire.height),
      time: Timestamp(milliseconds: wire.time),
      parent: try Field.digest(wire.parent.array, "parent"),
      stateRoot: try Field.digest(wire.stateRoot.array, "state_root"),
      receiptsRoot: try Field.digest(wire.receiptsRoot.array, "receipts_root"),
      transactionsRoot: try Field.digest(wire.transactionsRoot.array, "transactions_root"),
      evidenceRoot: try Field.digest(wire.evidenceRoot.array, "evidence_root"),
      lastCertificateHash: try Field.digest(wire.lastCertificateHash.array, "last_certificate_hash"),
      validatorsHash: try Field.digest(wire.validatorsHash.array, "validators_hash"),
      nextValidatorsHash: try Field.digest(wire.nextValidatorsHash.array, "next_validators_hash"),
      proposer: proposer
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Chain_V1_Header()
    wire.version = version
    wire.chainID = chain.text
    wire.height = height
    wire.time = time.milliseconds
    wire.parent = .init(wire: parent.bytes)
    wire.stateRoot = .init(wire: stateRoot.bytes)
    wire.receiptsRoot = .init(wire: receiptsRoot.bytes)
    wire.transactionsRoot = .init(wire: transactionsRoot.bytes)
    wire.evidenceRoot = .init(wire: evidenceRoot.bytes)
    wire.lastCertificateHash = .init(wire: lastCertificateHash.bytes)
    wire.validatorsHash = .init(wire: validatorsHash.bytes)
    wire.nextValidatorsHash = .init(wire: nextValidatorsHash.bytes)
    wire.proposer = .init(wire: proposer.bytes)
    return wire.encoded
  }

  /// BLAKE2b of `encoded`: the identifier of the header's block.
  public var identifier: Digest { .blake2b(encoded) }
}

extension Block {
  /// Decodes a block. The bytes must be canonical, and the header must contain the digests of the body, so
  /// that the block's identifier covers all of it. Transactions are not decoded.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Chain_V1_Block(canonical: bytes, limit: WireLimits.blockBytes)
    let header = try Header(decoding: wire.header.array)
    let limit = ChainLimits.blockTransactions
    let transactions = try Field.list(wire.transactions, "transactions", limit: limit).map(\.array)
    guard transactions.allSatisfy({ $0.count <= WireLimits.transactionBytes }) else {
      throw .outOfRange(field: "transactions")
    }
    let hashes = transactions.map { Digest.sha256($0) }
    let pieces = try Field.list(wire.evidence, "evidence", limit: ChainLimits.blockEvidence).map(\.array)
    let attachments = try BlockAttachments(evidence: pieces, certificate: wire.lastCertificate.array)
    try attachments.check(header, hashes)
    self.init(
      header: header,
      transactions: transactions,
      transactionHashes: hashes,
      evidence: attachments.evidence,
      lastCertificate: attachments.certificate,
      encoded: bytes,
      identifier: header.identifier
    )
  }

  /// Makes a block. The three digests of its body (`transactionsRoot`, `evidenceRoot`, `lastCertificateHash`)
  /// are computed here; their values in `header` are ignored.
  ///
  /// `transactionHashes` are the SHA-256 hashes of the transactions if they are known already.
  public init(
    header: Header,
    transactions: [[UInt8]],
    transactionHashes: [Digest]? = nil,
    evidence: [Evidence],
    lastCertificate: Certificate?
  ) {
    let hashes = transactionHashes ?? transactions.map { Digest.sha256($0) }
    var header = header
    header.transactionsRoot = MerkleTree.root(hashes)
    header.evidenceRoot = Self.evidenceRoot(evidence)
    header.lastCertificateHash = Self.certificateHash(lastCertificate)
    self.init(
      sealed: header,
      transactions: transactions,
      transactionHashes: hashes,
      evidence: evidence,
      lastCertificate: lastCertificate
    )
  }

  /// Makes a block from a header that already has the digests of the body.
  init(
    sealed header: Header,
    transactions: [[UInt8]],
    transactionHashes: [Digest],
    evidence: [Evidence],
    lastCertificate: Certificate?
  ) {
    let headerBytes = header.encoded
    var wire = Supercloud_Chain_V1_Block()
    wire.header = .init(wire: headerBytes)
    wire.transactions = transactions.map { .init(wire: $0) }
    wire.evidence = evidence.map { .init(wire: $0.encoded) }
    wire.lastCertificate = .init(wire: lastCertificate?.encoded ?? [])
    self.init(
      header: header,
      transactions: transactions,
      transactionHashes: transactionHashes,
      evidence: evidence,
      lastCertificate: lastCertificate,
      encoded: wire.encoded,
      identifier: Digest.blake2b(headerBytes)
    )
  }

  /// The Merkle root over the digests of the evidence.
  public static func evidenceRoot(_ evidence: [Evidence]) -> Digest {
    MerkleTree.root(evidence.map(\.digest))
  }

  /// The Merkle root over the receipts' BLAKE2b digests, in the order of their transactions.
  public static func receiptsRoot(_ receipts: [[UInt8]]) -> Digest {
    MerkleTree.root(receipts.map { Digest.blake2b($0) })
  }

  /// The value of `Header.lastCertificateHash` for the parent's certificate; zero when there is none.
  public static func certificateHash(_ certificate: Certificate?) -> Digest { certificate?.digest ?? .zero }
}

/// The parts that a block and a compact block have in common, apart from the header.
struct BlockAttachments {
  let evidence: [Evidence]
  let certificate: Certificate?

  /// Decodes the parts. Empty `certificate` bytes stand for no certificate.
  init(evidence pieces: [[UInt8]], certificate: [UInt8]) throws(DecodingError) {
    evidence = try pieces.map { piece throws(DecodingError) in try Evidence(decoding: piece) }
    self.certificate = certificate.isEmpty ? nil : try Certificate(decoding: certificate)
  }

  /// Checks that these parts, and transactions with `hashes`, are the body of `header`.
  func check(_ header: Header, _ hashes: [Digest]) throws(DecodingError) {
    guard header.transactionsRoot == MerkleTree.root(hashes) else {
      throw .invalid(field: "transactions_root")
    }
    guard header.evidenceRoot == Block.evidenceRoot(evidence) else { throw .invalid(field: "evidence_root") }
    guard header.lastCertificateHash == Block.certificateHash(certificate) else {
      throw .invalid(field: "last_certificate_hash")
    }
  }
}
