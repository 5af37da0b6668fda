public import Chain
public import Primitives

/// How the bytes of blocks and certificates become values: decoded each time in a node; a simulation of a thousand
/// nodes that are sent the same bytes may remember what they hold.
public struct BlockReading: Sendable {
  public var block: @Sendable ([UInt8]) throws(DecodingError) -> Block
  public var certificate: @Sendable ([UInt8]) throws(DecodingError) -> Certificate

  public init(
    block: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Block,
    certificate: @escaping @Sendable ([UInt8]) throws(DecodingError) -> Certificate
  ) {
    self.block = block
    self.certificate = certificate
  }

  public static let decoding = BlockReading(
    block: { bytes throws(DecodingError) in try Block(decoding: bytes) },
    certificate: { bytes throws(DecodingError) in try Certificate(decoding: bytes) }
  )
}
