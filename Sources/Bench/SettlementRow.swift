/// The cost of one kind of block. All values except `samples` are medians.
public struct BlockCost: Encodable, Sendable {
  public var samples: Int
  /// The whole time until the block is durable.
  public var milliseconds: Double
  public var executionMicroseconds: Double
  public var treeMicroseconds: Double
  public var commitMilliseconds: Double
  /// The size of the keys and values of the changed state entries.
  public var stateBytes: Int
  /// The size of all data given to the store: state entries, tree pages, receipts and the block.
  public var writtenBytes: Int
}

/// The results for one number of leases.
public struct SettlementRow: Encodable, Sendable {
  public var leases: Int
  public var openingSeconds: Double
  /// The greatest resident memory of the process until the end of the measurement.
  public var peakBytes: UInt64
  /// The cost of blocks with nothing to do.
  public var idle: BlockCost
  /// The cost of blocks in which `SettlementMarket.dueAccounts` accounts are due.
  public var due: BlockCost
  /// The cost of blocks that change the take rate.
  public var takeRate: BlockCost
}
