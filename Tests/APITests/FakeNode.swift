@testable import API
import Foundation
import Glibc
import Logging
import NIOPosix
import Primitives
import Synchronization

/// A node that answers what a test wants and remembers what it was asked.
final class FakeNode: NodeServing {
  struct Surprise: Error {}

  /// What questions without their own answer fail with.
  let failure: (any Error)?
  let asked = Mutex<[String]>([])
  let commits: [Answer.Commit]
  /// What the stream of market events begins with.
  let marketPresent: [Answer.MarketEvent]
  /// What goes on in the market, for one follower.
  let market: EventFeed<Answer.MarketEvent>
  /// Whom transactions are for; nil: each gets the same answer.
  let chain: FakeChain?

  var questions: [String] { asked.withLock { $0 } }

  init(
    failing failure: (any Error)? = nil,
    commits: [Answer.Commit] = [],
    marketPresent: [Answer.MarketEvent] = [],
    marketLimit: Int = 16,
    chain: FakeChain? = nil
  ) {
    self.chain = chain
    self.failure = failure
    self.commits = commits
    self.marketPresent = marketPresent
    market = EventFeed(limit: marketLimit)
  }

  private func answer<Value>(_ question: String, _ value: Value) throws -> Value {
    asked.withLock { $0.append(question) }
    if let failure { throw failure }
    return value
  }

  /// An empty page that goes on at `aa` when a part is asked for.
  private func answer<Item>(_ question: String, _ page: PageQuery) throws -> Answer.Page<Item> {
    guard page != PageQuery() else { return try answer(question, Answer.Page(items: [])) }
    let part = "\(question) limit \(page.limit) after \(page.key ?? "-")"
    return try answer(part, Answer.Page(items: [], next: "aa"))
  }

  static let transaction = Answer.TransactionResult(
    hash: "ab",
    height: 3,
    code: 0,
    codespace: "",
    log: "",
    events: [.init(name: "transferred", attributes: [.init(key: "from", value: "a")])]
  )

  func health() async -> [String] { failure.map { ["\($0)"] } ?? [] }

  func status() async throws -> Answer.Status { throw failure ?? Surprise() }

  func account(_ address: String) async throws -> Answer.Account {
    if let chain { return chain.account(address) }
    return try answer(
      "account \(address)",
      Answer.Account(
        address: address,
        sequence: 7,
        balances: [.init(denomination: "uakt", amount: "18446744073709551615")],
        locked: []
      )
    )
  }

  func block(_ height: UInt64?) async throws -> Answer.Block {
    try answer(
      "block \(height.map(String.init) ?? "latest")",
      Answer.Block(
        height: height ?? 9,
        identifier: "00",
        time: "2026-11-24T00:00:00.000Z",
        proposer: "akash1",
        parent: "00",
        stateRoot: "11",
        transactions: [],
        round: 0,
        signers: 4
      )
    )
  }

  func transaction(_ hash: String) async throws -> Answer.TransactionResult {
    try chain?.transaction(hash) ?? answer("transaction \(hash)", Self.transaction)
  }

  func submit(transaction: [UInt8], wait: Bool) async throws -> Answer.TransactionResult {
    if let chain { return try await chain.submit(transaction, wait: wait) }
    return try answer("submit \(transaction.count) \(wait)", Self.transaction)
  }

  func submit(batch: [[UInt8]]) async throws -> Answer.BatchResult {
    try answer(
      "batch \(batch.map(\.count))",
      Answer.BatchResult(accepted: batch.count, busy: [], refused: [.init(index: 1, reason: "no")])
    )
  }

  func submit(object: [UInt8]) async throws -> Answer.Submitted {
    try answer("object \(object.count)", Answer.Submitted(identifier: "cd"))
  }

  func orders(owner: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Order> {
    try answer("orders \(owner ?? "-")", page)
  }
  func order(_ identifier: String) async throws -> Answer.Order { throw failure ?? Surprise() }
  func bids(order identifier: String) async throws -> [Answer.Bid] { try answer("bids \(identifier)", []) }
  func providers(_ page: PageQuery) async throws -> Answer.Page<Answer.Provider> {
    try answer("providers", page)
  }
  func provider(_ address: String) async throws -> Answer.Provider { throw failure ?? Surprise() }

  func deployments(owner: String?, state: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Deployment>
  {
    try answer("deployments \(owner ?? "-") \(state ?? "-")", page)
  }

  func deployment(owner: String, dseq: UInt64) async throws -> Answer.Deployment {
    throw failure ?? Surprise()
  }

  func leases(_ filter: LeaseFilter, _ page: PageQuery) async throws -> Answer.Page<Answer.Lease> {
    try answer("leases \(filter.owner ?? "-") \(filter.provider ?? "-") \(filter.state ?? "-")", page)
  }

  func gpus() async throws -> [Answer.GPU] { try answer("gpus", []) }
  func take() async throws -> [Answer.Take] { try answer("take", []) }

  func income(denomination: String?, from: String?, to: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Income>
  {
    try answer("income \(denomination ?? "-") \(from ?? "-") \(to ?? "-")", page)
  }

  func parameters() async throws -> [Answer.Parameter] { try answer("parameters", []) }
  func currencies() async throws -> [Answer.Currency] { try answer("currencies", []) }
  func currency(_ name: String) async throws -> Answer.Currency { throw failure ?? Surprise() }

  func validators(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Validator> {
    try answer("validators \(status ?? "-")", page)
  }

  func validator(_ address: String) async throws -> Answer.Validator { throw failure ?? Surprise() }

  func delegations(to validator: String, _ page: PageQuery) async throws -> Answer.Page<Answer.Delegation> {
    try answer("delegations \(validator)", page)
  }

  func stake(of address: String) async throws -> Answer.Stake { throw failure ?? Surprise() }
  func proposals(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Proposal> {
    try answer("proposals \(status ?? "-")", page)
  }

  func proposal(_ id: UInt64) async throws -> Answer.Proposal {
    try answer(
      "proposal \(id)",
      Answer.Proposal(
        id: id,
        title: "t",
        summary: "",
        proposer: "akash1",
        status: "voting",
        expedited: false,
        contents: [.init(kind: "text", fields: [])],
        deposit: "1",
        submittedAtHeight: 2,
        depositEnd: "",
        votingStart: nil,
        votingEnd: nil,
        tally: Answer.Tally(yes: "1", abstain: "0", no: "0", noWithVeto: "0.5", bonded: "2"),
        log: ""
      )
    )
  }

  func votes(onProposal id: UInt64, _ page: PageQuery) async throws -> Answer.Page<Answer.Vote> {
    try answer("votes \(id)", page)
  }

  func grants(granter: String?, grantee: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Grant>
  {
    try answer("grants \(granter ?? "-") \(grantee ?? "-")", page)
  }

  func signedAttributes(provider: String?, auditor: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.SignedAttributes>
  {
    try answer("signed \(provider ?? "-") \(auditor ?? "-")", page)
  }

  func whyNot(order identifier: String, _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult> {
    try answer("why-not \(identifier)", page)
  }
  func whyNot(body: [UInt8], _ page: PageQuery) async throws -> Answer.Page<Answer.MatchResult> {
    try answer("why-not body \(body.count)", page)
  }

  func lightBlock(_ height: UInt64?) async throws -> Answer.LightBlock {
    Answer.LightBlock(height: height ?? 7, hash: "light", time: "", block: "")
  }

  func proof(kind: String, key: String) async throws -> Answer.Proof {
    try answer(
      "proof \(kind) \(key)",
      Answer.Proof(
        chainId: "c",
        kind: kind,
        key: key,
        value: nil,
        proof: "",
        header: "",
        certificate: "",
        validators: ""
      )
    )
  }

  func audit() async throws -> [Answer.AuditLine] { try answer("audit", []) }
  func peers() async throws -> [Answer.Peer] { try answer("peers", []) }
  func network() async throws -> Answer.Network { throw failure ?? Surprise() }
  func decisions(order: String?) async throws -> [Answer.Decision] {
    try answer("decisions \(order ?? "-")", [])
  }
  func providerStatus() async throws -> Answer.ProviderStatus { throw failure ?? Surprise() }

  func faucet(_ address: String, wait: Bool) async throws -> Answer.TransactionResult {
    try answer("faucet \(address)", Self.transaction)
  }

  func metrics() async throws -> String { try answer("metrics", "cometbft_consensus_height 9\n") }

  func events() async throws -> EventStream<Answer.Commit> {
    let feed = EventFeed<Answer.Commit>(limit: commits.count)
    for commit in commits { _ = feed.sender.send(commit) }
    feed.sender.end(.nodeStops)
    return EventStream(feed: feed)
  }

  func marketEvents(_ filter: MarketFilter) async throws -> EventStream<Answer.MarketEvent> {
    try answer(
      "market \(filter.order ?? "-") \(filter.owner ?? "-") \(filter.provider ?? "-")",
      EventStream(initialEvents: marketPresent, feed: market)
    )
  }
}

/// Serves `node` on a free port of the loopback while `body` runs.
func serving(
  _ node: FakeNode,
  connections: HTTPConnectionLimits = HTTPConnectionLimits(),
  _ body: @escaping @Sendable (NodeClient) async throws -> Void
) async throws {
  var logger = Logger(label: "test")
  logger.logLevel = .critical
  let server = APIServer(node: node, logger: logger, connections: connections)
  let (ports, announce) = AsyncStream<Int>.makeStream()
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      do {
        try await server.run(host: "127.0.0.1", port: 0, group: .singleton) { announce.yield($0) }
      } catch is CancellationError {}
      announce.finish()
    }
    var iterator = ports.makeAsyncIterator()
    guard let port = await iterator.next() else { throw FakeNode.Surprise() }
    let result: Result<Void, any Error>
    do {
      try await body(try NodeClient("127.0.0.1:\(port)"))
      result = .success(())
    } catch {
      result = .failure(error)
    }
    group.cancelAll()
    try await group.waitForAll()
    try result.get()
  }
}

/// A node's answer as it came: the head in lower case.
struct RawAnswer: Sendable {
  var status: Int
  var head: String
  var body: String
}

/// Speaks HTTP/1.1 by hand, so that nothing between the test and the wire is ours. Waits on a thread of its own: the
/// server's handlers need those of the pool.
func raw(_ request: String, body: [UInt8] = [], port: Int) async throws -> RawAnswer {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(with: Result { try exchange(request, body: body, port: port) })
    }
  }
}

private func exchange(_ request: String, body: [UInt8], port: Int) throws -> RawAnswer {
  let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(socket) }
  var patience = timeval(tv_sec: 20, tv_usec: 0)
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  let connected = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  guard connected == 0 else { throw FakeNode.Surprise() }
  var bytes = (Array((request + "\r\n").utf8) + body)[...]
  while !bytes.isEmpty {
    let count = Array(bytes).withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    guard count > 0 else { break }
    bytes = bytes.dropFirst(count)
  }
  var answer: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count > 0 else { break }
    answer += buffer[..<count]
  }
  let text = String(decoding: answer, as: UTF8.self)
  guard let end = text.range(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
    throw FakeNode.Surprise()
  }
  return RawAnswer(
    status: status,
    head: text[..<end.lowerBound].lowercased(),
    body: String(text[end.upperBound...])
  )
}

extension NodeClient {
  var port: Int { Int(address.port) }
}
