/// One entry to put (a value) or to delete (nil).
public struct Change: Hashable, Sendable {
  public var key: [UInt8]
  public var value: [UInt8]?

  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// Where a transaction was committed.
public struct TransactionLocation: Hashable, Sendable {
  public var height: UInt64
  /// Its position in the block, from 0.
  public var index: UInt32

  public init(height: UInt64, index: UInt32) {
    self.height = height
    self.index = index
  }
}

/// Everything that a decided block changes, committed in one synced batch: after a crash either all of it is
/// there or nothing.
public struct BlockCommit: Sendable {
  public var height: UInt64
  public var header: [UInt8]
  public var body: [UInt8]
  public var certificate: [UInt8]
  public var receipts: [UInt8]
  /// State entries, each key at most once.
  public var state: [Change]
  /// Pages of the authenticated tree.
  public var tree: [Change]
  /// The hashes of the block's transactions, in their order.
  public var transactions: [[UInt8]]
  /// Named values of the caller.
  public var meta: [(name: String, value: [UInt8]?)]
  /// Who decides which heights, where that does not follow from the height before.
  public var validators: [(height: UInt64, set: [UInt8])] = []

  public init(
    height: UInt64,
    header: [UInt8],
    body: [UInt8],
    certificate: [UInt8],
    receipts: [UInt8] = [],
    state: [Change] = [],
    tree: [Change] = [],
    transactions: [[UInt8]] = [],
    meta: [(name: String, value: [UInt8]?)] = []
  ) {
    self.height = height
    self.header = header
    self.body = body
    self.certificate = certificate
    self.receipts = receipts
    self.state = state
    self.tree = tree
    self.transactions = transactions
    self.meta = meta
  }
}

/// What a store starts from: genesis, or a snapshot of a later height.
public struct StoreOrigin: Sendable {
  public var chainID: String
  public var genesisDigest: [UInt8]
  /// The height that the entries are the state after; the first block committed is the next one.
  public var height: UInt64
  public var state: [Entry]
  public var tree: [Entry]
  /// Header and certificate of `height`, when it is that of a block.
  public var block: (header: [UInt8], certificate: [UInt8])?
  public var meta: [(name: String, value: [UInt8])]
  /// Who decides which heights; see `BlockCommit.validators`.
  public var validators: [(height: UInt64, set: [UInt8])] = []

  public init(
    chainID: String,
    genesisDigest: [UInt8],
    height: UInt64 = 0,
    state: [Entry] = [],
    tree: [Entry] = [],
    block: (header: [UInt8], certificate: [UInt8])? = nil,
    meta: [(name: String, value: [UInt8])] = []
  ) {
    self.chainID = chainID
    self.genesisDigest = genesisDigest
    self.height = height
    self.state = state
    self.tree = tree
    self.block = block
    self.meta = meta
  }
}
