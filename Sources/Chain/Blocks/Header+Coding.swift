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
