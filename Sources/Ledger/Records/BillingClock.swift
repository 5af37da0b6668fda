public import Primitives

/// The clock by which leases are priced: block time without the time that the network stood still.
///
/// Each block advances it by the time since the block before, at most by `Parameters.billedIntervalLimit`. So a
/// halt costs nobody more than that limit, however long it lasts. Prices, payouts and the end of the money go by
/// this clock (`TickSchedule` converts it to ticks); expiries, votes and unbonding go by block time.
public struct BillingClock: Hashable, Sendable, StateValue {
  /// The time of the newest block.
  public private(set) var blockTime: Timestamp
  /// What the billing clock shows at that block. It equals the block time of a chain that never stood still.
  public private(set) var time: Timestamp

  /// The clock at genesis.
  public init(start: Timestamp) {
    blockTime = start
    time = start
  }

  /// The clock at a later block. A block that is not later leaves it as it is.
  public func advanced(to blockTime: Timestamp, atMost limit: UInt64) -> BillingClock {
    guard blockTime > self.blockTime else { return self }
    var clock = self
    clock.time = time.advanced(byMilliseconds: min(blockTime.milliseconds(since: self.blockTime), limit))
    clock.blockTime = blockTime
    return clock
  }

  /// The block time at which the clock shows `time`, if the network does not stand still until then.
  public func blockTime(at time: Timestamp) -> Timestamp {
    blockTime.advanced(byMilliseconds: time.milliseconds(since: self.time))
  }

  func encode(into writer: inout ByteWriter) { writer.write(blockTime, time) }

  init(from reader: inout ByteReader) throws(DecodingError) { (blockTime, time) = try reader.readAll() }
}

/// Converts between times of the billing clock and ticks. When governance changes the length of a tick, `change` moves the start,
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
