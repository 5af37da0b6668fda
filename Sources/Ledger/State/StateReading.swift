/// A consistent view of committed state, ordered by the bytes of the keys. It does not change while it is
/// used.
///
/// The node uses a RocksDB snapshot, the simulator a `MemoryState`.
public protocol StateReading {
  func value(for key: [UInt8]) -> [UInt8]?

  /// Entries with `from` <= key < `to` in byte order, at most `limit` of them.
  func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])]
}

/// A changed entry: the new value of a key, or nil when the entry is removed.
public struct StateChange: Hashable, Sendable {
  public var key: [UInt8]
  public var value: [UInt8]?

  public init(key: [UInt8], value: [UInt8]?) {
    self.key = key
    self.value = value
  }
}

/// The order of keys.
public enum KeyOrder {
  /// Whether `left` comes before `right` in byte order. A proper prefix comes before the longer key.
  public static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let count = min(left.count, right.count)
    var index = 0
    while index < count {
      if left[index] != right[index] { return left[index] < right[index] }
      index += 1
    }
    return left.count < right.count
  }

  /// The smallest key after all keys that begin with `prefix`; nil when there is none (`prefix` is empty or
  /// all 0xFF).
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

extension Array {
  /// The position of the first element for which `isBefore` is false. All elements for which it is true must
  /// come before those for which it is false.
  func partitionPoint(_ isBefore: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
