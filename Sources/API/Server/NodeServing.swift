/// The requests that the HTTP server passes to a node. The node's `NodeService` implements it.
public protocol NodeServing: Sendable {
  func status() async throws -> Answer.Status
  /// What is wrong with the node, in words; empty when all is well.
  func health() async -> [String]
  func account(_ address: String) async throws -> Answer.Account
  func block(_ height: UInt64?) async throws -> Answer.Block
  /// The light block of a height; nil means the newest.
  func lightBlock(_ height: UInt64?) async throws -> Answer.LightBlock
  func transaction(_ hash: String) async throws -> Answer.TransactionResult
  /// Submits a signed transaction; with `wait`, returns when it is in a block.
  func submit(transaction: [UInt8], wait: Bool) async throws -> Answer.TransactionResult
  /// Submits many signed transactions; does not wait for blocks.
  func submit(batch: [[UInt8]]) async throws -> Answer.BatchResult
  /// Publishes a signed order, bid, withdrawal or offer.
  func submit(object: [UInt8]) async throws -> Answer.Submitted
  func orders(owner: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Order>
  func order(_ identifier: String) async throws -> Answer.Order
  func bids(order identifier: String) async throws -> [Answer.Bid]
  func providers(_ page: PageQuery) async throws -> Answer.Page<Answer.Provider>
  func provider(_ address: String) async throws -> Answer.Provider
  func deployments(owner: String?, state: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Deployment>
  func deployment(owner: String, dseq: UInt64) async throws -> Answer.Deployment
  func leases(_ filter: LeaseFilter, _ page: PageQuery) async throws -> Answer.Page<Answer.Lease>
  func gpus() async throws -> [Answer.GPU]
  /// The network's share of payments (the take) in each currency.
  func take() async throws -> [Answer.Take]
  /// The network's income by day. `from` and `to` are dates such as `2026-11-24`; both days are included.
  func income(denomination: String?, from: String?, to: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Income>
  func parameters() async throws -> [Answer.Parameter]
  func currencies() async throws -> [Answer.Currency]
  func currency(_ name: String) async throws -> Answer.Currency
  /// `status`: `bonded`, `unbonding`, `unbonded` or `jailed`; nil for validators of any status.
  func validators(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Validator>
  func validator(_ address: String) async throws -> Answer.Validator
  func delegations(to validator: String, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Delegation>
  func stake(of address: String) async throws -> Answer.Stake
  func proposals(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Proposal>
  func proposal(_ id: UInt64) async throws -> Answer.Proposal
  func votes(onProposal id: UInt64, _ page: PageQuery) async throws -> Answer.Page<Answer.Vote>
  func grants(granter: String?, grantee: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Grant>
  func signedAttributes(provider: String?, auditor: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.SignedAttributes>
  /// For each registered provider, whether it can serve a live order, and the reason if it cannot.
  func whyNot(order identifier: String, _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult>
  /// Like `whyNot(order:)`, for an order that was not published; `body` is its encoding.
  func whyNot(body: [UInt8], _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult>
  /// Proves an entry of the state. Waits up to 30 s for the next block, whose header has the state root.
  func proof(kind: String, key: String) async throws -> Answer.Proof
  func audit() async throws -> [Answer.AuditLine]
  func peers() async throws -> [Answer.Peer]
  func network() async throws -> Answer.Network
  func decisions(order: String?) async throws -> [Answer.Decision]
  /// The status of the provider that this node runs. Throws `ServingError.unavailable` when it runs none.
  func providerStatus() async throws -> Answer.ProviderStatus
  /// Pays an account coins of a test network; with `wait`, returns when they are in a block.
  func faucet(_ address: String, wait: Bool) async throws -> Answer.TransactionResult
  /// The metrics in Prometheus' text format.
  func metrics() async throws -> String
  /// A stream of the blocks that are committed from now on.
  func events() async throws -> EventStream<Answer.Commit>
  /// A stream of changes of the order book and of leases from now on. If the filter names an order, that
  /// order and its current bids come first, so that the caller misses none.
  func marketEvents(_ filter: MarketFilter) async throws -> EventStream<Answer.MarketEvent>
}

/// A filter for leases; a field that is nil matches all.
public struct LeaseFilter: Hashable, Sendable {
  public var owner: String?
  public var provider: String?
  /// `active`, `closed` or `insufficient_funds`.
  public var state: String?
}

/// A filter for market events; a field that is nil matches all. An event must match every field.
public struct MarketFilter: Hashable, Sendable {
  /// The complete identifier of an order. Matches the order, its bids, and leases opened by its agreement.
  public var order: String?
  /// A tenant's address. Matches its orders and leases.
  public var owner: String?
  /// A provider's address. Matches its bids and leases.
  public var provider: String?
}

/// An error that the server returns with an HTTP status and an `Answer.Failure`.
public enum ServingError: Error, CustomStringConvertible, Sendable {
  /// HTTP status 404.
  case notFound(String)
  /// HTTP status 400. `fix` says what to send instead.
  case invalid(String, fix: String?)
  /// HTTP status 413: the request's body is longer than `limit` bytes.
  case tooLarge(limit: Int)
  /// HTTP status 422: the ledger or the order book rejected the transaction or object.
  case rejected(code: UInt32, codespace: String, message: String)
  /// HTTP status 503.
  case unavailable(String)
  /// HTTP status 429.
  case busy(String)

  /// The message for the caller.
  public var description: String {
    switch self {
    case .notFound(let message), .invalid(let message, _), .rejected(_, _, let message),
      .unavailable(let message),
      .busy(let message):
      message
    case .tooLarge(let limit): "the body is larger than \(limit) bytes"
    }
  }
}

extension Answer {
  /// A committed block and its events, as the event stream sends it.
  public struct Commit: Codable, Sendable {
    public var height: UInt64
    public var time: String
    public var tick: UInt64
    public var transactions: [TransactionResult]
    public var events: [Event]

    public init(
      height: UInt64,
      time: String,
      tick: UInt64,
      transactions: [TransactionResult],
      events: [Event]
    ) {
      self.height = height
      self.time = time
      self.tick = tick
      self.transactions = transactions
      self.events = events
    }
  }
}
