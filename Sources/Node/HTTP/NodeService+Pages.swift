import API
import Ledger
import Primitives
import Replication

// Paged lists. A page key says where the next page begins, so only the entries of one page are read.
extension NodeService {
  /// A page of a list in the committed state. `line` converts an item to its answer, or omits it with nil.
  func page<Item, Line: Codable & Sendable>(
    _ page: PageQuery,
    _ list: @Sendable (PageRequest, LedgerQuery<AnyState>, Moment) throws(PageFault) -> Page<Item>,
    _ line: @Sendable (Item, LedgerQuery<AnyState>, Moment) -> Line?
  ) async throws -> Answer.Page<Line> {
    try await self.page(page) { (request, replica) throws(PageFault) in
      let query = LedgerQuery(state: AnyState(replica.view))
      let moment = replica.moment
      let found = try list(request, query, moment)
      return Page(items: found.items.compactMap { line($0, query, moment) }, next: found.next)
    }
  }

  /// A page of a list in the committed state, whose items `line` turns into their answers.
  func page<Item, Line: Codable & Sendable>(
    _ page: PageQuery,
    of line: @Sendable (Item) -> Line,
    _ list: @Sendable (PageRequest, LedgerQuery<AnyState>, Moment) throws(PageFault) -> Page<Item>
  ) async throws -> Answer.Page<Line> {
    try await self.page(page, list, { item, _, _ in line(item) })
  }

  /// A page of the list that `list` reads from the replica.
  func page<Line: Codable & Sendable>(
    _ page: PageQuery,
    _ list: @Sendable (PageRequest, borrowing Replica<StoreState>) throws(PageFault) -> Page<Line>
  ) async throws -> Answer.Page<Line> {
    let request = try PageRequest(page)
    do {
      let found = try await host.read { replica in try list(request, replica) }
      return Answer.Page(items: found.items, next: found.next?.text)
    } catch is PageFault {
      throw ServingError.foreignPageKey(page.key ?? "")
    }
  }
}

extension PageKey {
  /// The first byte of page keys of lists outside of the state; no key of the state begins with it.
  private static let mark: UInt8 = 0xFE

  init?(arrival: UInt64) {
    var writer = ByteWriter(capacity: 9)
    writer.write(Self.mark)
    writer.write(arrival)
    self.init(writer.bytes)
  }

  /// The number in the key of a list outside of the state: the place, in the order of arrival, of the item
  /// after which the page begins. Throws when the key has another form, such as a key of the state.
  var arrival: UInt64 {
    get throws(PageFault) {
      var reader = ByteReader(bytes)
      do {
        guard try reader.read(UInt8.self) == Self.mark else { throw PageFault.foreignKey }
        let arrival = try reader.read(UInt64.self)
        try reader.finish()
        return arrival
      } catch {
        throw .foreignKey
      }
    }
  }
}

extension PageRequest {
  init(_ page: PageQuery) throws {
    guard let text = page.key else {
      self.init(limit: page.limit)
      return
    }
    guard let key = PageKey(text: text) else { throw ServingError.foreignPageKey(text) }
    self.init(limit: page.limit, after: key)
  }
}

extension ServingError {
  static func foreignPageKey(_ text: String) -> ServingError {
    .invalid(
      "`\(text.prefix(80))` is not a page key of this list",
      fix: "give the `next` of the page before, with the same filters; without a key the list begins"
    )
  }
}
