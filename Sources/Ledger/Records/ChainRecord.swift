import Chain
import Primitives

/// The ledger's record of its own chain.
struct ChainRecord: Hashable, Sendable, StateValue {
  var chain: ChainID
  var genesisTime: Timestamp
  var protocolVersion: UInt32
  var ticks: TickSchedule
  /// The planned upgrade: decided by vote, its height not reached yet.
  var upgrade: SoftwareUpgrade?

  init(chain: ChainID, genesisTime: Timestamp, protocolVersion: UInt32, ticks: TickSchedule) {
    self.chain = chain
    self.genesisTime = genesisTime
    self.protocolVersion = protocolVersion
    self.ticks = ticks
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(chain.text)
    writer.write(genesisTime.milliseconds)
    writer.write(protocolVersion)
    ticks.encode(into: &writer)
    writer.write(upgrade != nil)
    guard let upgrade else { return }
    writer.write(upgrade.name)
    writer.write(upgrade.height)
    writer.write(upgrade.protocolVersion)
    writer.write(upgrade.info)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    guard let chain = ChainID(try reader.readText(limit: 48)) else { throw .invalid(field: "chain") }
    self.chain = chain
    genesisTime = Timestamp(milliseconds: try reader.read())
    protocolVersion = try reader.read()
    ticks = try TickSchedule(from: &reader)
    guard try reader.readFlag() else { return }
    let name = try reader.readText(limit: ChainLimits.nameBytes)
    let height = try reader.read(UInt64.self)
    let version = try reader.read(UInt32.self)
    upgrade = SoftwareUpgrade(
      name: name,
      height: height,
      protocolVersion: version,
      info: try reader.readText(limit: ChainLimits.summaryBytes)
    )
  }
}

/// Assigns times to ticks. It stays valid when governance changes the length of a tick.
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

  /// Changes the length of a tick. The tick in which `time` lies begins again at `time`; the numbers of ticks
  /// go on.
  mutating func change(to milliseconds: UInt64, at time: Timestamp) {
    firstTick = tick(at: time)
    start = time
    tickMilliseconds = max(1, milliseconds)
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(start.milliseconds)
    writer.write(firstTick)
    writer.write(tickMilliseconds)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    start = Timestamp(milliseconds: try reader.read())
    firstTick = try reader.read()
    tickMilliseconds = max(1, try reader.read())
  }
}
