/// A text that is compared and sorted by its bytes.
///
/// Swift's strings are equal when they are canonically equivalent ("é" as one or two code points). Names in
/// this format, and everything that is hashed, are compared by bytes.
struct Name: Hashable, Comparable, Sendable {
  let text: String

  init(_ text: String) {
    self.text = text
  }

  static func == (left: Name, right: Name) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  static func < (left: Name, right: Name) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }
}

/// A dictionary that keeps the order of insertion.
struct NameMap<Value> {
  private(set) var entries: [(name: Name, value: Value)] = []
  private var indexes: [Name: Int] = [:]

  var isEmpty: Bool { entries.isEmpty }
  var names: [String] { entries.map(\.name.text) }

  /// The entries in byte order of their names.
  var sorted: [(name: Name, value: Value)] { entries.sorted { $0.name < $1.name } }

  subscript(name: Name) -> Value? {
    indexes[name].map { entries[$0].value }
  }

  func contains(_ name: Name) -> Bool { indexes[name] != nil }

  mutating func set(_ name: Name, to value: Value) {
    if let index = indexes[name] {
      entries[index].value = value
    } else {
      indexes[name] = entries.count
      entries.append((name, value))
    }
  }

  mutating func removeAll() {
    entries.removeAll()
    indexes.removeAll()
  }
}
