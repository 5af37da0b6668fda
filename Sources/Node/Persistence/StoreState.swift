public import Cryptography
public import Ledger
public import Primitives
public import Replication
public import Storage

/// Committed state, read from the node's store.
///
/// A read that fails means a damaged database: the node cannot go on, and says so.
public struct StoreState: ReplicaState {
  /// Under which name a commit's batch carries the tip.
  static let tipName = "tip"

  let store: NodeStore
  private let cache: StateCache?
  /// Nil for what is committed now, whatever is written meanwhile.
  private let view: Snapshot?

  /// Reads every entry from the store.
  public init(store: NodeStore) {
    self.init(store: store, cache: nil, view: nil)
  }

  /// `cache`: hears of every commit to `store`.
  init(store: NodeStore, cache: StateCache) {
    self.init(store: store, cache: cache, view: nil)
  }

  /// The state as it stands now, however many blocks are written meanwhile: for questions that look at much of it and
  /// must hold up nobody. Let it go soon: the database keeps what it shows.
  init(frozen store: NodeStore) throws(StorageError) {
    self.init(store: store, cache: nil, view: try store.database.snapshot())
  }

  private init(store: NodeStore, cache: StateCache?, view: Snapshot?) {
    self.store = store
    self.cache = cache
    self.view = view
  }

  public func value(for key: [UInt8]) -> [UInt8]? {
    guard let cache else { return storedValue(for: key) }
    return cache.value(for: key) { storedValue(for: key) }
  }

  private func storedValue(for key: [UInt8]) -> [UInt8]? {
    reading { () throws(StorageError) in try store.stateValue(key, at: view) }
  }

  public func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    reading { () throws(StorageError) in
      try store.stateEntries(from: from, to: to, limit: limit, at: view).map { ($0.key, $0.value) }
    }
  }

  public func page(at path: NibblePath) -> StateTreePage? {
    guard let cache else { return storedPage(at: path) }
    return cache.page(at: path) { storedPage(at: path) }
  }

  private func storedPage(at path: NibblePath) -> StateTreePage? {
    guard let bytes = reading({ () throws(StorageError) in try store.treePage(path.encoded(), at: view) })
    else {
      return nil
    }
    guard let page = try? StateTreePage(decoding: bytes) else {
      fatalError(
        "the state tree's page at \(path) in \(store.database.path) is damaged; restore the node from a peer"
      )
    }
    return page
  }

  private func reading<Value>(_ body: () throws(StorageError) -> Value) -> Value {
    do {
      return try body()
    } catch {
      fatalError("the database cannot be read: \(error)")
    }
  }
}

/// The receipts of a block as the store keeps them.
public enum BlockReceipts {
  public static func encode(_ outcome: BlockOutcome) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    writer.write(UInt32(outcome.receipts.count))
    for receipt in outcome.receipts { writer.writeCounted(receipt.encoded) }
    // What happened by itself, as the receipt of no transaction.
    writer.writeCounted(Receipt(fee: nil, events: outcome.events).encoded)
    return writer.bytes
  }

  /// The transactions' receipts and the block's own events.
  public static func decode(_ bytes: [UInt8]) throws(DecodingError) -> (receipts: [Receipt], events: [Event])
  {
    var reader = ByteReader(bytes)
    let count = Int(try reader.read(UInt32.self))
    guard count <= reader.remaining / 4 else { throw .outOfRange(field: "receipts") }
    var receipts: [Receipt] = []
    for _ in 0..<count { receipts.append(try Receipt(decoding: try reader.readCounted())) }
    let own = try Receipt(decoding: try reader.readCounted())
    try reader.finish()
    return (receipts, own.events)
  }
}
