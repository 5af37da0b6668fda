public import Chain
public import Cryptography
import HeapModule
public import Primitives

/// The market's data without consensus: live orders, bids, withdrawals and offers, all signed by their
/// authors.
///
/// Every peer judges the objects that it hears by the same rules (`OrderAdmission` in `Ledger`), each against
/// its own committed state. Time is consensus time. Memory is bounded: per account, per order, and by
/// `Limits.bytes` for all. When the book is full, objects of the account that holds most of it are removed.
public struct OrderBook: Sendable {
  /// The limits of the book.
  public struct Limits: Hashable, Sendable {
    /// How far ahead an object may expire, in milliseconds.
    public var lifetime: UInt64 = 3_600_000
    public var ordersPerAccount = 32
    public var bidsPerOrder = 20
    /// Live bids of one account. The limit is high, because a provider may bid on every live order.
    public var bidsPerAccount = 4_096
    public var withdrawalsPerAccount = 512
    /// Bids that may wait for an order that has not arrived.
    public var heldBids = 1_024
    public var heldBidsPerAccount = 64
    /// Closed orders that are remembered until the time at which they would have expired.
    public var closedOrders = 65_536
    /// The most bytes of memory for all objects, counted by `OrderBook.charge`.
    public var bytes = 64 * 1024 * 1024

    public init() {}

    /// The limits that the chain's parameters set; the others have their default values.
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
    /// The address of the object's signer.
    public let account: Address
    /// A number that increases with every object that the book accepts.
    public let arrival: UInt64
    /// True for a bid whose order has not arrived.
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

  /// The bytes that an account holds. Entries of the heap may be outdated and are checked when they are
  /// taken.
  struct Usage: Comparable {
    let bytes: Int
    let account: Address

    static func < (left: Usage, right: Usage) -> Bool {
      (left.bytes, left.account) < (right.bytes, right.account)
    }
  }

  public var limits: Limits
  var entries: [Digest: Entry] = [:]
  /// The identifiers of each order's bids, cheapest first.
  var bidsOfOrder: [Digest: [Digest]] = [:]
  var bidOfProvider: [BidKey: Digest] = [:]
  var heldOfOrder: [Digest: [Digest]] = [:]
  var heldCount = 0
  var withdrawals: [WithdrawalKey: Digest] = [:]
  var offerOfProvider: [Address: Digest] = [:]
  /// Closed orders, which must not be inserted again, with the time at which they would have expired.
  var closed: [Digest: Timestamp] = [:]
  var accounts: [Address: Account] = [:]
  var expiries: Heap<Expiry> = []
  var usages: Heap<Usage> = []
  var arrivals: UInt64 = 0
  /// The sum of the charges of all objects; at most `limits.bytes`.
  public internal(set) var bytes = 0
  /// The consensus time. All objects that expired by then are removed.
  public internal(set) var time: Timestamp

  public init(limits: Limits = Limits(), time: Timestamp = .zero) {
    self.limits = limits
    self.time = time
  }

  /// The bytes charged for an object: three times its length (received bytes, body and decoded content), and
  /// indexes.
  static func charge(_ object: SignedObject) -> Int { 3 * object.encoded.count + 1_024 }

  public var count: Int { entries.count }
  public var orderCount: Int { bidsOfOrder.count }
  public var bidCount: Int { bidOfProvider.count - heldCount }
  public var offerCount: Int { offerOfProvider.count }

  public func contains(_ identifier: Digest) -> Bool { entries[identifier] != nil }

  public subscript(identifier: Digest) -> Entry? { entries[identifier] }

  /// The identifiers of all objects in ascending order, for reconciliation.
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

  /// Live orders whose identifier starts with the hex digits `prefix`, in ascending order of the identifier.
  public func orders(withPrefix prefix: String) -> [Entry] {
    let prefix = prefix.lowercased()
    let identifiers = bidsOfOrder.keys.filter { $0.description.hasPrefix(prefix) }
    return identifiers.sorted().compactMap { entries[$0] }
  }

  /// Live orders of an account, in ascending order of their identifier.
  public func orders(of owner: Address) -> [Entry] {
    guard let account = accounts[owner] else { return [] }
    return account.identifiers.sorted().compactMap { entries[$0] }.filter { $0.object.kind == .order }
  }

  /// Bids of an order, cheapest first; equal prices in ascending order of the identifier.
  public func bids(for order: Digest) -> [Entry] { (bidsOfOrder[order] ?? []).compactMap { entries[$0] } }

  /// Live bids of a provider, in the order of their arrival.
  public func bids(of provider: Address) -> [Entry] {
    guard let account = accounts[provider] else { return [] }
    return account.identifiers.compactMap { entries[$0] }.filter { $0.object.kind == .bid }
      .sorted { $0.arrival < $1.arrival }
  }

  /// The newest offer of each provider, in ascending order of the provider's address.
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
