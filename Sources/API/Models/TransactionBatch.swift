import Primitives

/// The body of a batch submission: for each transaction, its length in four big-endian bytes, then its bytes.
public enum TransactionBatch {
  public static let limit = 2_000

  public static func encode(_ transactions: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter(capacity: transactions.reduce(0) { $0 + $1.count + 4 })
    for transaction in transactions { writer.writeCounted(transaction) }
    return writer.bytes
  }

  /// Splits a batch; nil when the bytes are no batch or have more than `limit` transactions.
  public static func decode(_ bytes: [UInt8]) -> [[UInt8]]? {
    var reader = ByteReader(bytes)
    var transactions: [[UInt8]] = []
    while reader.remaining > 0 {
      guard transactions.count < limit, let transaction = try? reader.readCounted(limit: 300_000) else {
        return nil
      }
      transactions.append(transaction)
    }
    return transactions
  }
}
