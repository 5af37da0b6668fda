public import Cryptography
public import Ledger
public import Primitives
public import Replication
public import Storage

/// The committed state, read from the node's store.
///
/// A failed read means that the database is damaged; it ends the process with a message.
public struct StoreState: ReplicaState {
  /// The name under which the store keeps the tip. Each commit writes the tip in the same batch.
  static let tipName = "tip"

  let store: NodeStore
  private let cache: StateCache?
  /// The frozen view to read; with nil, the latest committed state is read.
  private let view: Snapshot?

  /// Reads every entry from the store, without a cache.
  public init(store: NodeStore) {
    self.init(store: store, cache: nil)
  }

  /// The state as it is now; later blocks do not change it. It serves long queries, which must not delay
  /// others. Release it soon, because the database keeps old versions of entries for it.
  init(frozen store: NodeStore) throws(StorageError) {
    self.init(store: store, cache: nil, view: try store.database.snapshot())
  }

  /// Reads through `cache`, which must be updated with every commit to `store`.
  init(store: NodeStore, cache: StateCache?, view: Snapshot? = nil) {
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
    let found = reading { () throws(StorageError) in try store.treePage(path.encoded(), at: view) }
    guard let bytes = found else { return nil }
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

/// The encoding of a block's receipts in the store.
public enum BlockReceipts {
  public static func encode(_ outcome: BlockOutcome) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    writer.write(UInt32(outcome.receipts.count))
    for receipt in outcome.receipts { writer.writeCounted(receipt.encoded) }
    // The block's own events are stored as one more receipt after the transactions' receipts.
    writer.writeCounted(Receipt(fee: nil, events: outcome.events).encoded)
    return writer.bytes
  }

  /// The transactions' receipts, and the events of the block that belong to no transaction.
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
