import Primitives

/// A table: the entries whose keys begin with the byte `prefix`.
struct Table<Key: StateKey, Value: StateValue>: Sendable {
  let prefix: UInt8

  init(_ prefix: UInt8) { self.prefix = prefix }

  func bytes(_ key: Key) -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.write(prefix)
    key.write(to: &writer)
    return writer.bytes
  }

  /// The bytes with which all keys of this table begin that start with `parts`.
  func prefix<each Part: StateValue>(_ parts: repeat each Part) -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.write(prefix, repeat each parts)
    return writer.bytes
  }

  /// Decodes a stored value.
  ///
  /// - Precondition: The ledger wrote the bytes. A damaged entry stops the process, because going on would
  ///   fork the node off its chain. No peer's message can damage an entry.
  func value(_ bytes: [UInt8]) -> Value {
    do {
      var reader = ByteReader(bytes)
      let value = try Value(from: &reader)
      try reader.finish()
      return value
    } catch {
      preconditionFailure("the state's table \(prefix) holds an entry that does not decode: \(error)")
    }
  }

  /// Decodes a stored key, which the ledger must have written. A damaged key stops the process.
  func key(_ bytes: [UInt8]) -> Key {
    do {
      var reader = ByteReader(bytes.dropFirst())
      let key = try Key(key: &reader)
      try reader.finish()
      return key
    } catch {
      preconditionFailure("the state's table \(prefix) holds a key that does not decode: \(error)")
    }
  }
}

/// The key of the only entry of a table.
struct SingleKey: StateKey {
  init() {}
  init(from reader: inout ByteReader) throws(DecodingError) {}
  func encode(into writer: inout ByteWriter) {}
}

/// The empty value of an index, whose keys hold all information.
struct Presence: StateValue {
  init() {}
  init(from reader: inout ByteReader) throws(DecodingError) {}
  func encode(into writer: inout ByteWriter) {}
}

extension StateReading {
  func read<Key, Value>(_ table: Table<Key, Value>, _ key: Key) -> Value? {
    value(for: table.bytes(key)).map(table.value)
  }

  func contains<Key, Value>(_ table: Table<Key, Value>, _ key: Key) -> Bool {
    value(for: table.bytes(key)) != nil
  }

  /// The entries whose keys begin with `prefix` and come after the key `after`; at most `limit`.
  func scan<Key, Value>(
    _ table: Table<Key, Value>,
    prefix: [UInt8]? = nil,
    after: [UInt8]? = nil,
    limit: Int
  ) -> [(key: Key, value: Value)] {
    let prefix = prefix ?? [table.prefix]
    guard let end = KeyOrder.end(of: prefix) else { return [] }
    var start = prefix
    if let after, KeyOrder.precedes(prefix, after) || prefix == after { start = after + [0] }
    return entries(from: start, to: end, limit: limit).map { (table.key($0.key), table.value($0.value)) }
  }

  /// Calls `body` for every entry under `prefix`, in order, reading 256 entries at a time.
  func forEach<Key, Value, Failure: Error>(
    _ table: Table<Key, Value>,
    prefix: [UInt8]? = nil,
    _ body: (Key, Value) throws(Failure) -> Void
  ) throws(Failure) {
    var after: [UInt8]?
    while true {
      let page = scan(table, prefix: prefix, after: after, limit: 256)
      for (key, value) in page { try body(key, value) }
      guard page.count == 256, let last = page.last else { return }
      after = table.bytes(last.key)
    }
  }
}

extension StateOverlay {
  func write<Key, Value>(_ table: Table<Key, Value>, _ key: Key, _ value: Value) {
    var writer = ByteWriter(capacity: 128)
    value.encode(into: &writer)
    set(table.bytes(key), to: writer.bytes)
  }

  func remove<Key, Value>(_ table: Table<Key, Value>, _ key: Key) { set(table.bytes(key), to: nil) }
}
