public import Primitives

/// A bounded set that forgets old elements. It consists of two sets: when the current one is half the capacity large or
/// a period old, it becomes the previous one, and what was the previous one is dropped.
///
/// An element stays for one to two periods, and less when many others are inserted. A look-up costs two hash look-ups,
/// and the oldest element is never searched for.
public struct GenerationSet<Element: Hashable & Sendable>: Sendable {
  private var current: Set<Element> = []
  private var previous: Set<Element> = []
  private var rotatedAt: Instant = .zero
  public let capacity: Int
  public let period: Interval

  /// - Parameters:
  ///   - capacity: elements held at most, in both generations together.
  ///   - period: after which a generation becomes the previous one.
  public init(capacity: Int, period: Interval) {
    self.capacity = capacity
    self.period = period
  }

  public var count: Int { current.count + previous.count }
  /// About the bytes of both tables.
  public var footprint: Int { (current.capacity + previous.capacity) * (MemoryLayout<Element>.stride + 3) }

  /// Whether `element` came within the last one to two periods.
  public func contains(_ element: Element, at now: Instant) -> Bool {
    let age = now.since(rotatedAt)
    if current.contains(element) { return age < period + period }
    return age < period && previous.contains(element)
  }

  public mutating func insert(_ element: Element, at now: Instant) {
    rotate(at: now)
    current.insert(element)
  }

  public mutating func rotate(at now: Instant) {
    guard current.count >= capacity / 2 || now.since(rotatedAt) >= period else { return }
    // Two periods without a rotation mean that both generations are too old.
    let isStale = now.since(rotatedAt) >= period + period
    previous = isStale ? [] : current
    current = []
    rotatedAt = now
  }
}

/// A bounded dictionary that forgets old entries like `GenerationSet`.
public struct GenerationTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private var current: [Key: Value] = [:]
  private var previous: [Key: Value] = [:]
  private var rotatedAt: Instant = .zero
  public let capacity: Int
  public let period: Interval

  public init(capacity: Int, period: Interval) {
    self.capacity = capacity
    self.period = period
  }

  public var count: Int { current.count + previous.count }

  public subscript(key: Key) -> Value? { current[key] ?? previous[key] }

  /// Changes a value that is there; it is forgotten when it would have been without the change.
  public mutating func update(_ key: Key, _ change: (inout Value) -> Void) {
    if let index = current.index(forKey: key) {
      change(&current.values[index])
    } else if let index = previous.index(forKey: key) {
      change(&previous.values[index])
    }
  }

  public mutating func insert(_ value: Value, for key: Key, at now: Instant) {
    rotate(at: now)
    current[key] = value
  }

  public mutating func rotate(at now: Instant) {
    guard current.count >= capacity / 2 || now.since(rotatedAt) >= period else { return }
    let isStale = now.since(rotatedAt) >= period + period
    previous = isStale ? [:] : current
    current = [:]
    rotatedAt = now
  }
}
