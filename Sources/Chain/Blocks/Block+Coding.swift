public import Cryptography
public import Primitives
import Wire

extension Block {
  /// Decodes a block. The bytes must be canonical, and the header must contain the digests of the body, so
  /// that the block's identifier covers all of it. Transactions are not decoded.
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

  /// The Merkle root over the transactions' SHA-256 hashes, which wallets know, so that a transaction has a
  /// short proof.
  public static func transactionsRoot(_ transactions: [[UInt8]]) -> Digest {
    MerkleTree.root(transactions.map { Digest.sha256($0) })
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
    var evidence: [Evidence] = []
    for piece in pieces { evidence.append(try Evidence(decoding: piece)) }
    self.evidence = evidence
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
