public import Cryptography
public import Primitives
import Wire

extension Block {
  /// Takes a block apart. Its identifier answers for all its content: the body must be the one that the
  /// header names, and the bytes must be canonical. Transactions are not looked into.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Chain_V1_Block(canonical: bytes, limit: WireLimits.blockBytes)
    let header = try Header(decoding: wire.header.array)
    var transactions: [[UInt8]] = []
    for transaction in try Field.list(wire.transactions, "transactions", limit: ChainLimits.blockTransactions)
    {
      let transaction = transaction.array
      guard transaction.count <= WireLimits.transactionBytes else { throw .outOfRange(field: "transactions") }
      transactions.append(transaction)
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

  /// Makes a block. The three digests over its body (`transactionsRoot`, `evidenceRoot`,
  /// `lastCertificateHash`) are set here, whatever `header` has for them.
  public init(header: Header, transactions: [[UInt8]], evidence: [Evidence], lastCertificate: Certificate?) {
    let hashes = transactions.map { Digest.sha256($0) }
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

  /// Puts a block together whose header names this body already.
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

  /// Merkle root over the transactions' hashes (SHA-256), so that a wallet's hash has a short proof.
  public static func transactionsRoot(_ transactions: [[UInt8]]) -> Digest {
    MerkleTree.root(transactions.map { Digest.sha256($0) })
  }

  /// Merkle root over the evidences' digests.
  public static func evidenceRoot(_ evidence: [Evidence]) -> Digest {
    MerkleTree.root(evidence.map(\.digest))
  }

  /// Merkle root over the receipts' digests (BLAKE2b), in the order of their transactions.
  public static func receiptsRoot(_ receipts: [[UInt8]]) -> Digest {
    MerkleTree.root(receipts.map { Digest.blake2b($0) })
  }

  /// What the header says of the parent's certificate; zero for none.
  public static func certificateHash(_ certificate: Certificate?) -> Digest {
    certificate?.digest ?? .zero
  }
}

/// What a block has beside its transactions, whole or compact.
struct BlockAttachments {
  let evidence: [Evidence]
  let certificate: Certificate?

  /// Reads their bytes; no bytes are no certificate.
  init(evidence pieces: [[UInt8]], certificate: [UInt8]) throws(DecodingError) {
    var evidence: [Evidence] = []
    for piece in pieces { evidence.append(try Evidence(decoding: piece)) }
    self.evidence = evidence
    self.certificate = certificate.isEmpty ? nil : try Certificate(decoding: certificate)
  }

  /// Whether they, and transactions with `hashes`, are the body that `header` names.
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
