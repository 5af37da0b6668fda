import Chain
import Primitives

/// The record of an account that has sent a transaction.
struct AccountRecord: Hashable, Sendable, StateValue {
  /// The sequence number that its next transaction must have.
  var sequence: UInt64 = 0

  init() {}

  func encode(into writer: inout ByteWriter) { writer.write(sequence) }

  init(from reader: inout ByteReader) throws(DecodingError) { sequence = try reader.read() }
}

/// A grant. `limit` is the amount that is left.
struct GrantRecord: Hashable, Sendable {
  var limit: Amount
  var expiresAt: Timestamp
}

extension GrantRecord: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(limit, expiresAt) }

  init(from reader: inout ByteReader) throws(DecodingError) { (limit, expiresAt) = try reader.readAll() }
}
