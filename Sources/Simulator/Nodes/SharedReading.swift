import Chain
import Primitives
import Replication
import Synchronization

/// A cache of decoded blocks, transactions and certificates by their bytes, so that each is decoded once for
/// all nodes.
///
/// Decoding the same bytes gives the same value on every node, so sharing does not change what a node does.
/// Bytes that cannot be decoded are not stored.
final class SharedReading: Sendable {
  /// At most 1,024 decoded values; when there are that many, all are removed.
  private struct Memory<Value: Sendable>: Sendable {
    private var values: [Bytes: Value] = [:]

    mutating func value<Failure>(
      of bytes: [UInt8],
      decode: ([UInt8]) throws(Failure) -> Value
    ) throws(Failure) -> Value {
      let key = Bytes(array: bytes)
      if let known = values[key] { return known }
      let value = try decode(bytes)
      if values.count >= 1_024 { values = [:] }
      values[key] = value
      return value
    }
  }

  /// Hashes only the length and the last 32 bytes, which is fast. They differ between blocks because a block
  /// ends with a certificate, and between certificates because a certificate ends with signatures. Equality
  /// compares all bytes.
  private struct Bytes: Hashable, Sendable {
    let array: [UInt8]

    func hash(into hasher: inout Hasher) {
      hasher.combine(array.count)
      for byte in array.suffix(32) { hasher.combine(byte) }
    }
  }

  private let blocks = Mutex(Memory<Block>())
  private let certificates = Mutex(Memory<Certificate>())
  private let transactions = Mutex(Memory<Transaction>())

  /// Gives a node's replica access to this cache.
  var reading: BlockReading {
    BlockReading(
      block: { [self] bytes throws(DecodingError) in
        try blocks.withLock { (memory) throws(DecodingError) in
          try memory.value(of: bytes) { (bytes) throws(DecodingError) in try Block(decoding: bytes) }
        }
      },
      certificate: { [self] bytes throws(DecodingError) in
        try certificates.withLock { (memory) throws(DecodingError) in
          try memory.value(of: bytes) { (bytes) throws(DecodingError) in try Certificate(decoding: bytes) }
        }
      },
      transaction: { [self] bytes, chain in
        transactions.withLock { memory in
          try? memory.value(of: bytes) { bytes throws(TransactionError) in
            try Transaction(decoding: bytes, chain: chain)
          }
        }
      }
    )
  }
}
