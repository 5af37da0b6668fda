import Primitives

/// Where the next page of a list begins: after the entry with this key. It is opaque to clients and valid
/// only for the same list with the same filters.
public struct PageKey: Hashable, Sendable {
  public let bytes: [UInt8]

  /// The length of the longest accepted key. No key of the state is longer.
  private static let maximumBytes = 256

  public init?(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return nil }
    self.bytes = bytes
  }

  /// Parses a key from the hexadecimal digits of `text`; nil for any other text.
  public init?(text: String) {
    guard let bytes = Hex.decode(text) else { return nil }
    self.init(bytes)
  }

  public var text: String { Hex.encode(bytes) }
}

/// Which part of a list is wanted.
public struct PageRequest: Hashable, Sendable {
  public static let maximumLimit = 1_000

  /// The most items of the page; at least 1.
  public var limit: Int
  /// The position after which the page begins; nil for the beginning of the list.
  public var after: PageKey?

  public init(limit: Int = PageRequest.maximumLimit, after: PageKey? = nil) {
    self.limit = max(1, limit)
    self.after = after
  }

  /// The whole list, for internal callers that need all of it.
  static let everything = PageRequest(limit: .max)

  /// The most entries that are read for one page. When a filter accepts few of them, the page is short and
  /// has a `next`, so that the time stays bounded.
  var readLimit: Int { limit > .max / 10 ? .max : max(1_000, 10 * limit) }
}

/// A part of a list.
public struct Page<Item> {
  public var items: [Item]
  /// Where the next page begins; nil at the end of the list. A page may be short or empty and still have a
  /// `next`.
  public var next: PageKey?

  public init(items: [Item], next: PageKey?) {
    self.items = items
    self.next = next
  }
}

extension Page: Sendable where Item: Sendable {}

public enum PageFault: Error, Hashable, Sendable {
  /// The key belongs to another list, or to the same list with other filters.
  case foreignKey
}

extension StateReading {
  /// A page of the entries under `prefix`, in order. Entries for which `item` returns nil are left out.
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

  /// A page of the entries from `from` up to, not including, `end`.
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
    // One entry more than wanted shows whether the list goes on.
    let step = request.limit < 256 ? request.limit + 1 : 256
    var items: [Item] = []
    var readCount = 0
    var last: [UInt8] = []
    while true {
      let entries = entries(from: start, to: end, limit: step)
      for entry in entries {
        if items.count == request.limit || readCount == request.readLimit {
          return Page(items: items, next: PageKey(last))
        }
        readCount += 1
        last = entry.key
        if let made = item(entry.key, entry.value) { items.append(made) }
      }
      guard entries.count == step else { return Page(items: items, next: nil) }
      start = last + [0]
    }
  }

  /// All entries under `prefix`, in order. Entries for which `item` returns nil are left out.
  func all<Key, Value, Item>(
    _ table: Table<Key, Value>,
    prefix: [UInt8]? = nil,
    _ item: (Key, Value) -> Item?
  ) -> [Item] {
    // Only an invalid `PageRequest.after` could throw; there is none.
    (try? page(table, prefix: prefix, .everything, item).items) ?? []
  }
}
