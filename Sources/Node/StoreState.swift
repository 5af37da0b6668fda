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

  /// Reads every entry from the store.
  public init(store: NodeStore) {
    self.store = store
    cache = nil
  }

  /// `cache`: hears of every commit to `store`.
  init(store: NodeStore, cache: StateCache) {
    self.store = store
    self.cache = cache
  }

  public func value(for key: [UInt8]) -> [UInt8]? {
    guard let cache else { return storedValue(for: key) }
    return cache.value(for: key) { storedValue(for: key) }
  }

  private func storedValue(for key: [UInt8]) -> [UInt8]? {
    reading { () throws(StorageError) in try store.stateValue(key) }
  }

  public func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    reading { () throws(StorageError) in
      try store.stateEntries(from: from, to: to, limit: limit).map { ($0.key, $0.value) }
    }
  }

  public func page(at path: NibblePath) -> StateTreePage? {
    guard let cache else { return storedPage(at: path) }
    return cache.page(at: path) { storedPage(at: path) }
  }

  private func storedPage(at path: NibblePath) -> StateTreePage? {
    guard let bytes = reading({ () throws(StorageError) in try store.treePage(path.encoded()) }) else {
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
