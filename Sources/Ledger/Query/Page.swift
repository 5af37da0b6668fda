import Primitives

/// Where a list goes on: after the entry that it names. Opaque to who asks, and good only for the same list.
public struct PageKey: Hashable, Sendable {
  public let bytes: [UInt8]

  /// Longer ones are no key of ours.
  private static let maximumBytes = 256

  public init?(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return nil }
    self.bytes = bytes
  }

  /// What `text` wrote; nil for anything else.
  public init?(text: String) {
    guard let bytes = Hex.decode(text) else { return nil }
    self.init(bytes)
  }

  public var text: String { Hex.encode(bytes) }
}

/// How much of a list is wanted, and from where on.
public struct PageRequest: Hashable, Sendable {
  public static let maximumLimit = 1_000

  /// Items, at most.
  public var limit: Int
  /// Nil begins the list.
  public var after: PageKey?

  public init(limit: Int = PageRequest.maximumLimit, after: PageKey? = nil) {
    self.limit = max(1, limit)
    self.after = after
  }

  /// The whole list, for one who knows that it is short or wants all of it.
  static let everything = PageRequest(limit: .max)

  /// Entries that are looked at for one page. A filter that fits hardly any of them gives a short page with a `next`,
  /// not a long wait.
  var lookLimit: Int { limit > .max / 10 ? .max : max(1_000, 10 * limit) }
}

/// A part of a list.
public struct Page<Item> {
  public var items: [Item]
  /// Nil at the list's end. A page may be short, even empty, and still have one.
  public var next: PageKey?

  public init(items: [Item], next: PageKey?) {
    self.items = items
    self.next = next
  }
}

extension Page: Sendable where Item: Sendable {}

public enum PageFault: Error, Hashable, Sendable {
  /// The key is of another list, or of the same with other filters.
  case foreignKey
}

extension StateReading {
  /// Part of the entries under `prefix`, in order: those that `item` makes something of.
  func page<Key, Value, Item>(
    _ table: Table<Key, Value>,
    prefix: [UInt8]? = nil,
    _ request: PageRequest,
    _ item: (Key, Value) -> Item?
  ) throws(PageFault) -> Page<Item> {
    let prefix = prefix ?? [table.prefix]
    guard let end = KeyOrder.end(of: prefix) else { return Page(items: [], next: nil) }
    return try page(from: prefix, to: end, request) { item(table.key($0), table.value($1)) }
  }

  /// Part of the entries in a range.
  func page<Item>(
    from: [UInt8],
    to end: [UInt8],
    _ request: PageRequest,
    _ item: ([UInt8], [UInt8]) -> Item?
  ) throws(PageFault) -> Page<Item> {
    var start = from
    if let after = request.after?.bytes {
      guard !KeyOrder.precedes(after, from), KeyOrder.precedes(after, end) else { throw .foreignKey }
      start = after + [0]
    }
    // One more than wanted tells whether something follows.
    let step = request.limit < 256 ? request.limit + 1 : 256
    var items: [Item] = []
    var looked = 0
    var last: [UInt8] = []
    while true {
      let entries = entries(from: start, to: end, limit: step)
      for entry in entries {
        if items.count == request.limit || looked == request.lookLimit {
          return Page(items: items, next: PageKey(last))
        }
        looked += 1
        last = entry.key
        if let made = item(entry.key, entry.value) { items.append(made) }
      }
      guard entries.count == step else { return Page(items: items, next: nil) }
      start = last + [0]
    }
  }

  /// All of them: what a short list, or a caller who needs every entry, wants.
  func all<Key, Value, Item>(
    _ table: Table<Key, Value>,
    prefix: [UInt8]? = nil,
    _ item: (Key, Value) -> Item?
  ) -> [Item] {
    // Only a key to go on from can be wrong.
    (try? page(table, prefix: prefix, .everything, item).items) ?? []
  }
}
