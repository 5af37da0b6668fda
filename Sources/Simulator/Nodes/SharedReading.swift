import Chain
import Primitives
import Replication
import Synchronization

/// Blocks, transactions and certificates by their bytes, decoded once for all nodes of a run.
///
/// Nodes that are sent the same bytes come to the same value, as each would by itself; bytes that cannot be decoded
/// are tried anew each time.
final class SharedReading: Sendable {
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

  /// Hashed by its length and its end, which differs between blocks by their certificates and between certificates by
  /// their signatures; compared whole.
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
