extension Answer {
  /// A part of a list. `next` is the `page_key` under which it goes on, with the same filters; null at the end.
  public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    public var items: [Item]
    public var next: String?

    public init(items: [Item], next: String? = nil) {
      self.items = items
      self.next = next
    }

    /// Says null, so that the end of a list is seen and not guessed.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(items, forKey: .items)
      try container.encode(next, forKey: .next)
    }
  }
}

/// Which part of a list is asked for.
public struct PageQuery: Hashable, Sendable {
  public static let maximumLimit = 1_000

  /// Items, at most.
  public var limit: Int
  /// `next` of the part before; nil begins the list.
  public var key: String?

  public init(limit: Int = PageQuery.maximumLimit, key: String? = nil) {
    self.limit = limit
    self.key = key
  }
}
