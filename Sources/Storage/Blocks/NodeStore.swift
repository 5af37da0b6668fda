import Primitives
import Synchronization

/// The chain's data on disk. All that a block changes is written in one batch; it is read by height, hash or
/// key.
///
/// Blocks are committed in the order of heights. After a failed commit the store refuses further ones: only
/// opening it again shows whether the failed batch reached the disk.
public final class NodeStore: Sendable {
  public let database: Database
  /// Locked for a moment only and never during disk access, so that readers do not wait for a commit.
  private let progress: Mutex<Progress>
  /// Locked while a batch is written, so that there is one writer at a time. The value is the first failure.
  private let writer = Mutex<String?>(nil)

  struct Progress {
    /// The last committed height; nil before `initialize`.
    var last: UInt64?
    var lowest: UInt64 = 0
    /// The origin's height.
    var base: UInt64 = 0
  }

  /// Takes over the database. Throws `.unsupported` when another version of the layout is in it.
  public init(_ database: Database) throws(StorageError) {
    self.database = database
    progress = Mutex(Progress())
    guard let schema = try database.get(StoreKeys.Meta.schema.key, in: .meta) else {
      guard try Self.isUntouched(database) else {
        throw .corrupt(path: database.path, detail: "it has entries but no schema version")
      }
      return
    }
    let version = schema.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard version == UInt64(StoreKeys.schema) else {
      let detail = "its layout is version \(version), this program's is \(StoreKeys.schema)"
      throw .unsupported(path: database.path, detail: detail)
    }
    let found = Progress(
      last: try number(.height),
      lowest: try number(.lowest),
      base: try number(.originHeight)
    )
    progress.withLock { $0 = found }
  }

  public convenience init(path: String, options: DatabaseOptions = DatabaseOptions()) throws(StorageError) {
    try self.init(Database(path: path, options: options))
  }

  /// The height of the last committed block, or of the origin; nil when the store is new.
  public var lastHeight: UInt64? { progress.withLock { $0.last } }

  /// Blocks below this height are pruned.
  public var lowestHeight: UInt64 { progress.withLock { $0.lowest } }

  /// The lowest height whose block is kept whole, or the next height when there is no block yet. The origin
  /// has no body.
  public var lowestBlock: UInt64 {
    progress.withLock { $0.base == .max ? .max : max($0.lowest, $0.base + 1) }
  }

  var noOrigin: StorageError { .misuse(path: database.path, detail: "the store has no origin yet") }

  func number(_ meta: StoreKeys.Meta) throws(StorageError) -> UInt64 {
    guard let bytes = try database.get(meta.key, in: .meta), let number = StoreKeys.height(of: bytes) else {
      throw .corrupt(path: database.path, detail: "the entry \(meta.rawValue) is missing or has a wrong size")
    }
    return number
  }

  // MARK: Origin

  /// Writes the origin, genesis or a snapshot, into a new store.
  public func initialize(_ origin: StoreOrigin) throws(StorageError) {
    try withWriter { (progress) throws(StorageError) in
      try Self.checkNew(progress, database)
      var batch = try database.batch()
      var schema = ByteWriter(capacity: 4)
      schema.write(StoreKeys.schema)
      batch.put(StoreKeys.Meta.schema.key, schema.bytes, in: .meta)
      batch.put(StoreKeys.Meta.chainID.key, Array(origin.chainID.utf8), in: .meta)
      batch.put(StoreKeys.Meta.genesisDigest.key, origin.genesisDigest, in: .meta)
      let height = StoreKeys.height(origin.height)
      for meta in [StoreKeys.Meta.height, .originHeight, .lowest] { batch.put(meta.key, height, in: .meta) }
      for entry in origin.state { batch.put(entry.key, entry.value, in: .state) }
      for entry in origin.tree { batch.put(entry.key, entry.value, in: .tree) }
      for (name, value) in origin.meta { batch.put(StoreKeys.named(name), value, in: .meta) }
      for (height, set) in origin.validators { batch.put(StoreKeys.height(height), set, in: .validators) }
      Self.deleteStagingMarks(in: &batch)
      if let block = origin.block {
        batch.put(height, block.header, in: .headers)
        batch.put(height, block.certificate, in: .certificates)
      }
      // The write-ahead log is sequential: this sync makes everything staged before durable, too.
      try database.write(batch, sync: true)
      progress = Progress(last: origin.height, lowest: origin.height, base: origin.height)
    }
  }

  // MARK: Committing

  /// Commits a block durably. Throws `.wrongHeight` when its height is not the one after the last.
  public func commit(_ commit: BlockCommit) throws(StorageError) {
    try withWriter { (progress) throws(StorageError) in
      guard let last = progress.last else { throw noOrigin }
      guard last < .max, commit.height == last + 1 else {
        throw .wrongHeight(path: database.path, expected: last &+ 1, found: commit.height)
      }
      var batch = try database.batch()
      Self.write(commit, into: &batch)
      try database.write(batch, sync: true)
      progress.last = commit.height
    }
  }

  /// Runs `body` as the only writer. Its changes to the progress take effect when it succeeds. After an error
  /// other than the caller's own mistakes, all further calls throw `.poisoned`.
  func withWriter(_ body: (inout Progress) throws(StorageError) -> Void) throws(StorageError) {
    try writer.withLock { (failure) throws(StorageError) in
      if let failure { throw .poisoned(path: database.path, cause: failure) }
      var next = progress.withLock { $0 }
      do throws(StorageError) {
        try body(&next)
      } catch {
        switch error {
        case .misuse, .wrongHeight, .closed: break
        default: failure = "\(error)"
        }
        throw error
      }
      progress.withLock { $0 = next }
    }
  }

  static func checkNew(_ progress: Progress, _ database: Database) throws(StorageError) {
    guard progress.last == nil else {
      throw .misuse(path: database.path, detail: "the store has an origin already")
    }
  }

  private static func write(_ commit: BlockCommit, into batch: inout WriteBatch) {
    let height = StoreKeys.height(commit.height)
    batch.put(StoreKeys.Meta.height.key, height, in: .meta)
    batch.put(height, commit.header, in: .headers)
    batch.put(height, commit.body, in: .bodies)
    batch.put(height, commit.certificate, in: .certificates)
    batch.put(height, commit.receipts, in: .receipts)
    for change in commit.state { batch.set(change.key, change.value, in: .state) }
    for change in commit.tree { batch.set(change.key, change.value, in: .tree) }
    for (name, value) in commit.meta { batch.set(StoreKeys.named(name), value, in: .meta) }
    for (height, set) in commit.validators { batch.put(StoreKeys.height(height), set, in: .validators) }
    for (index, hash) in commit.transactions.enumerated() {
      let location = TransactionLocation(height: commit.height, index: UInt32(clamping: index))
      batch.put(StoreKeys.item(hash), StoreKeys.encode(location), in: .transactions)
    }
    if !commit.transactions.isEmpty {
      let list = StoreKeys.encode(list: commit.transactions)
      batch.put(StoreKeys.itemList(commit.height), list, in: .transactions)
    }
  }
}
