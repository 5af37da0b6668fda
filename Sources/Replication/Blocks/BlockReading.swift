public import Chain
public import Primitives

/// How the bytes of blocks, transactions and certificates become values: decoded each time in a node; a simulation of
/// a thousand nodes that are sent the same bytes may remember what they hold.
public struct BlockReading: Sendable {
  public var block: @Sendable ([UInt8]) throws(DecodingError) -> Block
  public var certificate: @Sendable ([UInt8]) throws(DecodingError) -> Certificate
  /// Of a block; nil for what is no transaction of the chain.
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

  public static let decoding = BlockReading(
    block: { bytes throws(DecodingError) in try Block(decoding: bytes) },
    certificate: { bytes throws(DecodingError) in try Certificate(decoding: bytes) },
    transaction: { try? Transaction(decoding: $0, chain: $1) }
  )
}
