public import Cryptography
public import Primitives
public import Wire

/// A block that contains the hashes of its transactions instead of the transactions, for peers that have most
/// of them already.
///
/// It has the identifier of the whole block. The header's Merkle root covers the hashes, so a receiver that
/// adds the transactions only needs to compare their hashes.
public struct CompactBlock: Hashable, Sendable {
  public let header: Header
  public let transactionHashes: [Digest]
  public let evidence: [Evidence]
  public let lastCertificate: Certificate?
  public let identifier: Digest

  public init(_ block: Block) {
    header = block.header
    transactionHashes = block.transactionHashes
    evidence = block.evidence
    lastCertificate = block.lastCertificate
    identifier = block.identifier
  }

  public var wire: Supercloud_Chain_V1_CompactBlock {
    var hashes = ByteWriter(capacity: 32 * transactionHashes.count)
    for hash in transactionHashes { hashes.write(hash) }
    return Supercloud_Chain_V1_CompactBlock.filled {
      $0.header = .init(wire: header.encoded)
      $0.transactionHashes = .init(wire: hashes.bytes)
      $0.evidence = evidence.map { .init(wire: $0.encoded) }
      $0.lastCertificate = .init(wire: lastCertificate?.encoded ?? [])
    }
  }

  /// Decodes a compact block. The header must contain the digests of the body.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(_ wire: Supercloud_Chain_V1_CompactBlock) throws(DecodingError) {
    header = try Header(decoding: wire.header.array)
    guard wire.transactionHashes.count <= 32 * ChainLimits.blockTransactions else {
      throw .outOfRange(field: "transaction_hashes")
    }
    var reader = ByteReader(wire.transactionHashes.array)
    var hashes: [Digest] = []
    hashes.reserveCapacity(reader.remaining / 32)
    while reader.remaining > 0 { hashes.append(try reader.readDigest()) }
    transactionHashes = hashes
    let pieces = try Field.list(wire.evidence, "evidence", limit: ChainLimits.blockEvidence).map(\.array)
    let attachments = try BlockAttachments(evidence: pieces, certificate: wire.lastCertificate.array)
    try attachments.check(header, hashes)
    evidence = attachments.evidence
    lastCertificate = attachments.certificate
    identifier = header.identifier
  }

  /// The whole block.
  ///
  /// - Precondition: `transactions` have the hashes in `transactionHashes`, in that order. The caller checks
  ///   this.
  public func filled(with transactions: [[UInt8]]) -> Block {
    precondition(transactions.count == transactionHashes.count, "a transaction for each hash")
    return Block(
      sealed: header,
      transactions: transactions,
      transactionHashes: transactionHashes,
      evidence: evidence,
      lastCertificate: lastCertificate
    )
  }
}
