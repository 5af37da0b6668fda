/// A bounded memory that forgets what was not used lately: two generations, of which the older is dropped when the
/// newer is full.
struct Generations<Key: Hashable, Value> {
  private var recent: [Key: Value] = [:]
  private var older: [Key: Value] = [:]
  private let limit: Int

  /// `limit`: entries of a generation; at most twice as many are held.
  init(limit: Int) {
    self.limit = limit
  }

  /// The value, which counts as used.
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
