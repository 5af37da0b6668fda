public import Chain
public import Cryptography
import HeapModule
public import Primitives

/// The market's soft state: live orders, bids, withdrawals and offers, all signed by their authors.
///
/// Every peer applies the same rules (`OrderAdmission` in `Ledger`) to what it hears and to its committed
/// state. Time is consensus time. Memory is bounded: per account, per order, and by `Limits.bytes` for all;
/// when the book is full, the account that holds most of it gives way.
public struct OrderBook: Sendable {
  /// What bounds the book, with the reason of each number.
  public struct Limits: Hashable, Sendable {
    /// How far ahead an object may expire, in milliseconds.
    public var lifetime: UInt64 = 3_600_000
    public var ordersPerAccount = 32
    public var bidsPerOrder = 20
    /// A provider that bids on every order of a full book.
    public var bidsPerAccount = 4_096
    public var withdrawalsPerAccount = 512
    /// Bids whose order has not come yet.
    public var heldBids = 1_024
    public var heldBidsPerAccount = 64
    /// Closed orders that are remembered until they would have expired.
    public var closedOrders = 65_536
    /// Memory for all objects, by `OrderBook.charge`.
    public var bytes = 64 * 1024 * 1024

    public init() {}

    /// The numbers that the chain's parameters set.
    public init(_ parameters: Parameters) { adopt(parameters) }

    mutating func adopt(_ parameters: Parameters) {
      lifetime = parameters[.orderMaximumLifetime]
      ordersPerAccount = Int(clamping: parameters[.maximumLiveOrders])
      bidsPerOrder = Int(clamping: parameters[.orderMaximumBids])
    }
  }

  public struct Entry: Hashable, Sendable {
    public let object: SignedObject
    public let content: MarketObject
    /// The author's account.
    public let account: Address
    /// A number that rises with every object that the book takes.
    public let arrival: UInt64
    /// A bid whose order has not arrived.
    public internal(set) var isHeld = false
  }

  struct BidKey: Hashable {
    let order: Digest
    let provider: Address
  }

  struct WithdrawalKey: Hashable {
    let object: Digest
    let account: Address
  }

  struct Account {
    var bytes = 0
    var orders = 0
    var bids = 0
    var heldBids = 0
    var withdrawals = 0
    var identifiers: Set<Digest> = []
  }

  struct Expiry: Comparable {
    let at: Timestamp
    let identifier: Digest

    static func < (left: Expiry, right: Expiry) -> Bool {
      (left.at, left.identifier) < (right.at, right.identifier)
    }
  }

  /// How much an account holds; entries in the heap may be out of date and are checked when taken.
  struct Usage: Comparable {
    let bytes: Int
    let account: Address

    static func < (left: Usage, right: Usage) -> Bool {
      (left.bytes, left.account) < (right.bytes, right.account)
    }
  }

  public var limits: Limits
  var entries: [Digest: Entry] = [:]
  /// Identifiers of an order's bids, cheapest first.
  var bidsOfOrder: [Digest: [Digest]] = [:]
  var bidOfProvider: [BidKey: Digest] = [:]
  var heldOfOrder: [Digest: [Digest]] = [:]
  var heldCount = 0
  var withdrawals: [WithdrawalKey: Digest] = [:]
  var offerOfProvider: [Address: Digest] = [:]
  /// Orders that must not come back, with the time at which they would have expired.
  var closed: [Digest: Timestamp] = [:]
  var accounts: [Address: Account] = [:]
  var expiries: Heap<Expiry> = []
  var usages: Heap<Usage> = []
  var arrivals: UInt64 = 0
  /// Charged for all objects, at most `limits.bytes`.
  public internal(set) var bytes = 0
  /// The consensus time up to which expired objects are gone.
  public internal(set) var time: Timestamp

  public init(limits: Limits = Limits(), time: Timestamp = .zero) {
    self.limits = limits
    self.time = time
  }

  /// The bytes that an object is charged for: three times its size (as received, body, decoded) and the indexes.
  static func charge(_ object: SignedObject) -> Int { 3 * object.encoded.count + 1_024 }

  public var count: Int { entries.count }
  public var orderCount: Int { bidsOfOrder.count }
  public var bidCount: Int { bidOfProvider.count - heldCount }
  public var offerCount: Int { offerOfProvider.count }

  public func contains(_ identifier: Digest) -> Bool { entries[identifier] != nil }

  public subscript(identifier: Digest) -> Entry? { entries[identifier] }

  /// All identifiers, ascending: what reconciliation compares.
  public var liveIdentifiers: [Digest] { entries.keys.sorted() }

  /// All objects in the order of their arrival.
  public var objects: [SignedObject] { entries.values.sorted { $0.arrival < $1.arrival }.map(\.object) }

  /// Live orders in the order of their arrival.
  public var orders: [Entry] {
    bidsOfOrder.keys.compactMap { entries[$0] }.sorted { $0.arrival < $1.arrival }
  }

  public func order(_ identifier: Digest) -> Order? {
    guard case .order(let order)? = entries[identifier]?.content else { return nil }
    return order
  }

  /// Orders whose identifier begins with the hex digits of `prefix`, ascending.
  public func orders(withPrefix prefix: String) -> [Entry] {
    let prefix = prefix.lowercased()
    let identifiers = bidsOfOrder.keys.filter { $0.description.hasPrefix(prefix) }
    return identifiers.sorted().compactMap { entries[$0] }
  }

  /// Live orders of an account, by deployment.
  public func orders(of owner: Address) -> [Entry] {
    guard let account = accounts[owner] else { return [] }
    return account.identifiers.sorted().compactMap { entries[$0] }.filter { $0.object.kind == .order }
  }

  /// Bids of an order, cheapest first; ties by identifier.
  public func bids(for order: Digest) -> [Entry] { (bidsOfOrder[order] ?? []).compactMap { entries[$0] } }

  /// Live bids of a provider, in the order of their arrival.
  public func bids(of provider: Address) -> [Entry] {
    guard let account = accounts[provider] else { return [] }
    return account.identifiers.compactMap { entries[$0] }.filter { $0.object.kind == .bid }
      .sorted { $0.arrival < $1.arrival }
  }

  /// The newest offer of each provider, by provider.
  public var offers: [Offer] {
    offerOfProvider.sorted { $0.key < $1.key }.compactMap { pair in
      guard case .offer(let offer)? = entries[pair.value]?.content else { return nil }
      return offer
    }
  }

  public func offer(of provider: Address) -> Offer? {
    guard let identifier = offerOfProvider[provider], case .offer(let offer)? = entries[identifier]?.content
    else { return nil }
    return offer
  }
}
