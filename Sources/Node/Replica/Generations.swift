/// A bounded cache with two generations. When the newer one is full, the older one is dropped, so entries
/// that were not used recently disappear.
struct Generations<Key: Hashable, Value> {
  private var recent: [Key: Value] = [:]
  private var older: [Key: Value] = [:]
  private let limit: Int

  /// `limit`: the largest number of entries in a generation; the cache holds at most twice as many.
  init(limit: Int) {
    self.limit = limit
  }

  /// Returns the value and marks it as recently used.
  mutating func use(_ key: Key) -> Value? {
    if let value = recent[key] { return value }
    guard let value = older[key] else { return nil }
    set(key, to: value)
    return value
  }

  mutating func set(_ key: Key, to value: Value) {
    if recent.count >= limit, recent[key] == nil {
      older = recent
      recent = [:]
    }
    recent[key] = value
  }

  mutating func remove(_ key: Key) {
    recent[key] = nil
    older[key] = nil
  }
}
