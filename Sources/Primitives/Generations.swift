/// A bounded dictionary that forgets old entries. It consists of two: when the current one has half the capacity or is a
/// period old, it becomes the previous one, and what was the previous one is dropped.
///
/// An entry stays for one to two periods, and less when many others are set. A look-up costs two hash look-ups, and the
/// oldest entry is never searched for.
public struct Generations<Key: Hashable, Value> {
  @usableFromInline var current: [Key: Value] = [:]
  @usableFromInline var previous: [Key: Value] = [:]
  @usableFromInline var rotatedAt: Instant = .zero
  @usableFromInline let capacity: Int
  @usableFromInline let period: Interval

  /// - Parameters:
  ///   - capacity: entries held at most, in both generations together.
  ///   - period: after which a generation becomes the previous one; by default entries do not age.
  public init(capacity: Int, period: Interval = Interval(nanoseconds: .max)) {
    self.capacity = capacity
    self.period = period
  }

  /// The entries of both generations. A key that is in both counts twice.
  public var count: Int { current.count + previous.count }
  /// The approximate memory of both tables' keys, in bytes: for each key that there is room for, its size and
  /// 3 bytes of overhead. Values are not counted.
  public var footprint: Int { (current.capacity + previous.capacity) * (MemoryLayout<Key>.stride + 3) }

  @inlinable public subscript(key: Key) -> Value? { current[key] ?? previous[key] }

  /// Whether `key` was set within the last one to two periods.
  @inlinable public func contains(_ key: Key, at now: Instant) -> Bool {
    let age = now.since(rotatedAt)
    if current[key] != nil { return age < period + period }
    return age < period && previous[key] != nil
  }

  /// The value of `key`, which stays as long as one that is set now.
  @inlinable public mutating func use(_ key: Key) -> Value? {
    if let value = current[key] { return value }
    guard let value = previous[key] else { return nil }
    set(key, to: value)
    return value
  }

  /// Changes the value of a key if there is one. The change does not prolong the time until it is forgotten.
  @inlinable public mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
    if let index = current.index(forKey: key) {
      change(&current.values[index])
    } else if let index = previous.index(forKey: key) {
      change(&previous.values[index])
    }
  }

  /// `now` counts only where there is a period.
  @inlinable public mutating func set(_ key: Key, to value: Value, at now: Instant = .zero) {
    let age = now.since(rotatedAt)
    if current.count >= capacity / 2 || age >= period {
      // Two periods without a rotation mean that both generations are too old.
      previous = age >= period + period ? [:] : current
      current = [:]
      rotatedAt = now
    }
    current[key] = value
  }

  public mutating func remove(_ key: Key) {
    current[key] = nil
    previous[key] = nil
  }
}

extension Generations where Value == Void {
  @inlinable public mutating func insert(_ key: Key, at now: Instant = .zero) { set(key, to: (), at: now) }
}

extension Generations: Sendable where Key: Sendable, Value: Sendable {}
