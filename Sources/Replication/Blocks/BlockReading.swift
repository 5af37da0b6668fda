public import Chain
public import Primitives

/// The functions that decode blocks, transactions and certificates. A node uses `decoding`. A simulation, in
/// which many nodes receive the same bytes, may use functions that cache the results.
public struct BlockReading: Sendable {
  /// Decodes a block.
  public var block: @Sendable ([UInt8]) throws(DecodingError) -> Block
  /// Decodes a certificate.
  public var certificate: @Sendable ([UInt8]) throws(DecodingError) -> Certificate
  /// Decodes a transaction of a block. Nil when the bytes are not a transaction of this chain.
  public var transaction: @Sendable ([UInt8], ChainID) -> Transaction?

  public init(
    block: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Block,
    certificate: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Certificate,
    transaction: @escaping @Sendable ([UInt8], ChainID) -> Transaction?
  ) {
    self.block = block
    self.certificate = certificate
    self.transaction = transaction
  }

  /// Decodes the bytes at every call.
  public static let decoding = BlockReading(
    block: { bytes throws(DecodingError) in try Block(decoding: bytes) },
    certificate: { bytes throws(DecodingError) in try Certificate(decoding: bytes) },
    transaction: { try? Transaction(decoding: $0, chain: $1) }
  )
}
