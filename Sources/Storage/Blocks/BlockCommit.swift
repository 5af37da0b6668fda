/// A change of one entry: `value` is put at `key`, or the entry is deleted when `value` is nil.
public struct Change: Hashable, Sendable {
  public var key: [UInt8]
  public var value: [UInt8]?

  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// The block in which a transaction was committed.
public struct TransactionLocation: Hashable, Sendable {
  public var height: UInt64
  /// The transaction's position in the block, from 0.
  public var index: UInt32
}

/// Everything that a decided block changes. It is committed in one synced batch: after a crash the store
/// holds either all of it or nothing.
public struct BlockCommit: Sendable {
  public var height: UInt64
  public var header: [UInt8]
  public var body: [UInt8]
  public var certificate: [UInt8]
  public var receipts: [UInt8]
  /// Changes of the state's entries; each key occurs at most once.
  public var state: [Change] = []
  /// Changes of the pages of the authenticated tree.
  public var tree: [Change] = []
  /// The hashes of the block's transactions, in the block's order.
  public var transactions: [[UInt8]] = []
  /// Values that the caller keeps under names of its own; nil removes one.
  public var meta: [(name: String, value: [UInt8]?)] = []
  /// Validator sets, each with the first height that it decides. A height for which no set was written is
  /// decided by the newest set below it.
  public var validators: [(height: UInt64, set: [UInt8])] = []

  public init(height: UInt64, header: [UInt8], body: [UInt8], certificate: [UInt8], receipts: [UInt8] = []) {
    self.height = height
    self.header = header
    self.body = body
    self.certificate = certificate
    self.receipts = receipts
  }
}

/// The content that a new store starts with: genesis, or a snapshot of a later height.
public struct StoreOrigin: Sendable {
  public var chainID: String
  public var genesisDigest: [UInt8]
  /// The height after which `state` and `tree` are taken; the first block committed is the next one.
  public var height: UInt64
  public var state: [Entry] = []
  public var tree: [Entry] = []
  /// Header and certificate of block `height`; nil for genesis, which has no block.
  public var block: (header: [UInt8], certificate: [UInt8])?
  public var meta: [(name: String, value: [UInt8])] = []
  /// Validator sets by first height; see `BlockCommit.validators`.
  public var validators: [(height: UInt64, set: [UInt8])] = []

  public init(chainID: String, genesisDigest: [UInt8], height: UInt64 = 0) {
    self.chainID = chainID
    self.genesisDigest = genesisDigest
    self.height = height
  }
}
