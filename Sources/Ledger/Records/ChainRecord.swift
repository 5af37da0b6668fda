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

/// Converts between times and ticks. When governance changes the length of a tick, `change` moves the start,
/// and the numbers of the ticks go on.
public struct TickSchedule: Hashable, Sendable, StateValue {
  /// The time at which `firstTick` begins.
  public private(set) var start: Timestamp
  public private(set) var firstTick: Tick
  public private(set) var tickMilliseconds: UInt64

  public init(start: Timestamp, tickMilliseconds: UInt64) {
    self.start = start
    firstTick = 0
    self.tickMilliseconds = max(1, tickMilliseconds)
  }

  /// The tick in which `time` lies. Times before `start` give `firstTick`; a tick beyond 64 bits gives the
  /// largest.
  public func tick(at time: Timestamp) -> Tick {
    let (tick, overflow) = firstTick.addingReportingOverflow(
      time.milliseconds(since: start) / tickMilliseconds
    )
    return overflow ? .max : tick
  }

  /// The time at which `tick` begins, at most the largest `Timestamp`.
  public func time(of tick: Tick) -> Timestamp {
    let ticks = tick > firstTick ? tick - firstTick : 0
    let (milliseconds, overflow) = ticks.multipliedReportingOverflow(by: tickMilliseconds)
    return start.advanced(byMilliseconds: overflow ? .max : milliseconds)
  }

  /// Changes the length of a tick. The tick in which `time` lies starts anew at `time` and keeps its number.
  mutating func change(to milliseconds: UInt64, at time: Timestamp) {
    firstTick = tick(at: time)
    start = time
    tickMilliseconds = max(1, milliseconds)
  }

  func encode(into writer: inout ByteWriter) { writer.write(start, firstTick, tickMilliseconds) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (start, firstTick, tickMilliseconds) = try reader.readAll()
    tickMilliseconds = max(1, tickMilliseconds)
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
