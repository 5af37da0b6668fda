import Primitives

extension NodeStore {
  // MARK: Blocks

  public func header(at height: UInt64) throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.height(height), in: .headers)
  }

  public func body(at height: UInt64) throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.height(height), in: .bodies)
  }

  public func certificate(at height: UInt64) throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.height(height), in: .certificates)
  }

  public func receipts(at height: UInt64) throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.height(height), in: .receipts)
  }

  /// The newest validator set that was written for `height` or a height below, with the height for which it
  /// was written; nil when there is none.
  public func validators(at height: UInt64) throws(StorageError) -> (height: UInt64, set: [UInt8])? {
    guard height < .max else { return nil }
    let range = KeyRange(from: nil, to: StoreKeys.height(height + 1))
    guard let entry = try database.entries(in: .validators, range, reversed: true, limit: 1).first else {
      return nil
    }
    guard let found = StoreKeys.height(of: entry.key) else {
      throw .corrupt(path: database.path, detail: "a key of validators is not a height")
    }
    return (found, entry.value)
  }

  /// Writes validator sets by first height, for a store that was made by a version that did not keep them.
  public func saveValidators(_ sets: [(height: UInt64, set: [UInt8])]) throws(StorageError) {
    var batch = try database.batch()
    for (height, set) in sets { batch.put(StoreKeys.height(height), set, in: .validators) }
    try database.write(batch, sync: true)
  }

  public func transactionLocation(_ hash: [UInt8]) throws(StorageError) -> TransactionLocation? {
    guard let bytes = try database.get(StoreKeys.item(hash), in: .transactions) else { return nil }
    return try decoded { () throws(DecodingError) in try StoreKeys.decode(location: bytes) }
  }

  /// The hashes of a block's transactions, in their order.
  public func transactions(at height: UInt64) throws(StorageError) -> [[UInt8]] {
    guard let bytes = try database.get(StoreKeys.itemList(height), in: .transactions) else { return [] }
    return try decoded { () throws(DecodingError) in try StoreKeys.decode(list: bytes) }
  }

  private func decoded<Value>(_ body: () throws(DecodingError) -> Value) throws(StorageError) -> Value {
    do throws(DecodingError) { return try body() } catch {
      throw .corrupt(path: database.path, detail: "an entry of transactions does not decode: \(error)")
    }
  }

  // MARK: State

  public func stateValue(_ key: [UInt8], at snapshot: Snapshot? = nil) throws(StorageError) -> [UInt8]? {
    try database.get(key, in: .state, at: snapshot)
  }

  /// Entries from `lower` to before `upper` (nil is no bound), at most `limit`.
  public func stateEntries(
    from lower: [UInt8]? = nil,
    to upper: [UInt8]? = nil,
    limit: Int,
    at snapshot: Snapshot? = nil
  ) throws(StorageError) -> [Entry] {
    try database.entries(in: .state, KeyRange(from: lower, to: upper), limit: limit, at: snapshot)
  }

  public func treePage(_ key: [UInt8], at snapshot: Snapshot? = nil) throws(StorageError) -> [UInt8]? {
    try database.get(key, in: .tree, at: snapshot)
  }

  // MARK: Names

  /// The id of the chain whose blocks and state this store holds; nil when the store is new.
  public func chainID() throws(StorageError) -> String? {
    guard let bytes = try database.get(StoreKeys.Meta.chainID.key, in: .meta) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .corrupt(path: database.path, detail: "the chain id is not text")
    }
    return text
  }

  /// The digest of the genesis file; nil when the store is new.
  public func genesisDigest() throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.Meta.genesisDigest.key, in: .meta)
  }

  /// A value that the caller keeps under `name`; nil when there is none.
  public func meta(_ name: String) throws(StorageError) -> [UInt8]? {
    try database.get(StoreKeys.named(name), in: .meta)
  }

  /// Sets a named value durably; nil removes it. Values that belong to a block go into its `BlockCommit`.
  public func setMeta(_ name: String, _ value: [UInt8]?) throws(StorageError) {
    guard lastHeight != nil else { throw noOrigin }
    var batch = try database.batch()
    batch.set(StoreKeys.named(name), value, in: .meta)
    try database.write(batch, sync: true)
  }
}
