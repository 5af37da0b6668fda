import Ledger
import Storage

/// The committed state as it stood at one moment, however many blocks are written meanwhile: for questions that look
/// at much of it and must hold up nobody. Let it go soon: the database keeps what it shows.
struct FrozenState: StateReading {
  private let store: NodeStore
  private let view: Snapshot

  init(_ store: NodeStore) throws(StorageError) {
    self.store = store
    view = try store.database.snapshot()
  }

  func value(for key: [UInt8]) -> [UInt8]? {
    reading { () throws(StorageError) in try store.stateValue(key, at: view) }
  }

  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
    reading { () throws(StorageError) in
      try store.stateEntries(from: from, to: to, limit: limit, at: view).map { ($0.key, $0.value) }
    }
  }

  private func reading<Value>(_ body: () throws(StorageError) -> Value) -> Value {
    do {
      return try body()
    } catch {
      fatalError("the database cannot be read: \(error)")
    }
  }
}
