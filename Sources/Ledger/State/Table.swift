import Cryptography
import Primitives

/// What can be an entry's key: keys sort bytewise as their meaning does.
protocol StateKey {
  func write(to writer: inout ByteWriter)
  init(from reader: inout ByteReader) throws(DecodingError)
}

/// What can be an entry's value.
protocol StateValue {
  func encode(into writer: inout ByteWriter)
  init(from reader: inout ByteReader) throws(DecodingError)
}

/// Entries of one kind: their keys begin with the table's byte.
struct Table<Key: StateKey, Value: StateValue>: Sendable {
  let prefix: UInt8

  init(_ prefix: UInt8) {
    self.prefix = prefix
  }

  func bytes(_ key: Key) -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.write(prefix)
    key.write(to: &writer)
    return writer.bytes
  }

  /// The beginning of the keys that start with `part`.
  func prefix(_ part: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter(capacity: 64)
    writer.write(prefix)
    part(&writer)
    return writer.bytes
  }

  /// The value of stored bytes.
  ///
  /// - Precondition: The bytes are what the ledger wrote. To go on with an entry that is not would fork the node off
  ///   its chain; no message of a peer can cause it.
  func value(_ bytes: [UInt8]) -> Value {
    do {
      var reader = ByteReader(bytes)
      let value = try Value(from: &reader)
      try reader.finish()
      return value
    } catch {
      preconditionFailure(
        "the state's table \(prefix) holds an entry that does not decode: \(error)"
      )
    }
  }

  /// The key of stored bytes; the same precondition holds.
  func key(_ bytes: [UInt8]) -> Key {
    do {
      var reader = ByteReader(bytes.dropFirst())
      let key = try Key(from: &reader)
      try reader.finish()
      return key
    } catch {
      preconditionFailure("the state's table \(prefix) holds a key that does not decode: \(error)")
    }
  }
}

/// The key of a table that has one entry.
struct SingleKey: StateKey {
  init() {}
  init(from reader: inout ByteReader) throws(DecodingError) {}
  func write(to writer: inout ByteWriter) {}
}

/// The value of an index whose keys say everything.
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

  /// Entries whose keys begin with `prefix` and, where `after` is given, come after it.
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
    return entries(from: start, to: end, limit: limit).map {
      (table.key($0.key), table.value($0.value))
    }
  }

  /// Calls `body` for every entry under `prefix` in order, a page at a time.
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

  func remove<Key, Value>(_ table: Table<Key, Value>, _ key: Key) {
    set(table.bytes(key), to: nil)
  }
}
