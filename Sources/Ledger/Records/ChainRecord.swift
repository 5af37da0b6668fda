import Chain
import Primitives

/// The ledger's record of its own chain.
struct ChainRecord: Hashable, Sendable {
  var chain: ChainID
  var genesisTime: Timestamp
  var protocolVersion: UInt32
  var ticks: TickSchedule
  /// The planned upgrade: decided by vote, its height not reached yet.
  var upgrade: SoftwareUpgrade?
}

extension ChainRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(chain.text)
    writer.write(genesisTime, protocolVersion, ticks, upgrade)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let chain = ChainID(try reader.readText(limit: 48)) else { throw .invalid(field: "chain") }
    self.chain = chain
    (genesisTime, protocolVersion, ticks, upgrade) = try reader.readAll()
  }
}

extension SoftwareUpgrade: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(name)
    writer.write(height, protocolVersion)
    writer.write(info)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      name: try reader.readText(limit: ChainLimits.nameBytes),
      height: try reader.read(),
      protocolVersion: try reader.read(),
      info: try reader.readText(limit: ChainLimits.summaryBytes)
    )
  }
}

/// The record of an account that has sent a transaction.
struct AccountRecord: Hashable, Sendable, StateValue {
  /// The sequence number that its next transaction must have.
  var sequence: UInt64 = 0

  init() {}

  func encode(into writer: inout ByteWriter) { writer.write(sequence) }

  init(from reader: inout ByteReader) throws(DecodingError) { sequence = try reader.read() }
}

/// A grant, which lets an account spend another's money. `limit` is the amount that is left.
struct GrantRecord: Hashable, Sendable {
  var limit: Amount
  var expiresAt: Timestamp
}

extension GrantRecord: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(limit, expiresAt) }

  init(from reader: inout ByteReader) throws(DecodingError) { (limit, expiresAt) = try reader.readAll() }
}
