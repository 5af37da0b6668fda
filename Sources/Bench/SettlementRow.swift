/// Medians of one kind of block.
public struct BlockCost: Encodable, Sendable {
  public var samples: Int
  /// Everything, until the block is durable.
  public var milliseconds: Double
  public var executionMicroseconds: Double
  public var treeMicroseconds: Double
  public var commitMilliseconds: Double
  /// Keys and values of entries that change.
  public var stateBytes: Int
  /// What the store is given: entries, tree pages, receipts and the block.
  public var writtenBytes: Int
}

/// What was measured with one number of leases.
public struct SettlementRow: Encodable, Sendable {
  public var leases: Int
  public var openingSeconds: Double
  /// The most memory that the process has used up to the end of the measurement.
  public var peakBytes: UInt64
  /// The cost of blocks with nothing to do.
  public var idle: BlockCost
  /// The cost of blocks in which `SettlementMarket.dueAccounts` accounts are due.
  public var due: BlockCost
  /// The cost of blocks that change the take rate.
  public var takeRate: BlockCost
}
