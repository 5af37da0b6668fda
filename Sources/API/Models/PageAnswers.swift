extension Answer {
  /// A page of a list. `next` is the `page_key` of the next page with the same filters; null on the last.
  public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    public var items: [Item]
    public var next: String?

    public init(items: [Item], next: String? = nil) {
      self.items = items
      self.next = next
    }

    /// Encodes `next` as null instead of leaving it out, so that the end of a list is explicit.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(items, forKey: .items)
      try container.encode(next, forKey: .next)
    }
  }
}

/// Which page of a list is requested.
public struct PageQuery: Hashable, Sendable {
  public static let maximumLimit = 1_000

  /// The largest number of items on the page.
  public var limit: Int
  /// The `next` of the previous page; nil for the first page.
  public var key: String?

  public init(limit: Int = PageQuery.maximumLimit, key: String? = nil) {
    self.limit = limit
    self.key = key
  }
}
