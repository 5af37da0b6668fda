/// A consistent view of committed state, ordered by the bytes of the keys.
///
/// The node's is a RocksDB snapshot, the simulator's a `MemoryState`. A view never changes while it is used.
public protocol StateReading {
  func value(for key: [UInt8]) -> [UInt8]?

  /// Entries with `from` <= key < `to` in byte order, at most `limit` of them.
  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])]
}

/// A write of a block: the new value of a key, or nil where the entry is removed.
public struct StateChange: Hashable, Sendable {
  public var key: [UInt8]
  public var value: [UInt8]?

  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// How keys compare, and where ranges of them end.
public enum KeyOrder {
  /// Whether `left` comes before `right` bytewise; a proper prefix comes first.
  public static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let count = min(left.count, right.count)
    var index = 0
    while index < count {
      if left[index] != right[index] { return left[index] < right[index] }
      index += 1
    }
    return left.count < right.count
  }

  /// The first key after all keys that begin with `prefix`; nil when there is none (`prefix` is all 0xFF).
  public static func end(of prefix: [UInt8]) -> [UInt8]? {
    var bound = prefix
    while let last = bound.last {
      if last < 0xFF {
        bound[bound.count - 1] = last + 1
        return bound
      }
      bound.removeLast()
    }
    return nil
  }
}
