import HTTPTypes
import Hummingbird
import NIOCore

// The routes of queries and submissions; `NodeServing` says what each gives.
extension APIServer {
  func queries(_ routes: Routes) {
    routes.router.get("health") { _, _ in
      let problems = await node.health()
      guard !problems.isEmpty else { return Response(status: .ok, text: "ok\n") }
      return Response(status: .serviceUnavailable, text: problems.map { $0 + "\n" }.joined())
    }
    routes.router.get("metrics") { _, _ in try await node.metrics() }
    routes.get("v1/status") { _, _ in try await node.status() }
    routes.get("v1/accounts/:address") { _, path in try await node.account(path("address")) }
    routes.get("v1/blocks/:height") { _, path in try await node.block(path.height()) }
    routes.get("v1/light/:height") { _, path in try await node.lightBlock(path.height()) }
    routes.get("v1/transactions/:hash") { _, path in try await node.transaction(path("hash")) }
    routes.get("v1/parameters") { _, _ in try await node.parameters() }
    routes.get("v1/currencies") { _, _ in try await node.currencies() }
    routes.get("v1/take") { _, _ in try await node.take() }
    routes.get("v1/audit") { _, _ in try await node.audit() }
    routes.get("v1/peers") { _, _ in try await node.peers() }
    routes.get("v1/network") { _, _ in try await node.network() }
  }

  func market(_ routes: Routes) {
    routes.get("v1/orders") { request, _ in
      try await node.orders(owner: request.query("owner"), request.page())
    }
    routes.get("v1/orders/:id") { _, path in try await node.order(path("id")) }
    routes.get("v1/orders/:id/bids") { _, path in try await node.bids(order: path("id")) }
    routes.get("v1/providers") { request, _ in try await node.providers(request.page()) }
    routes.get("v1/providers/:address") { _, path in try await node.provider(path("address")) }
    routes.get("v1/deployments") { request, _ in
      let (owner, state) = (request.query("owner"), request.query("state"))
      return try await node.deployments(owner: owner, state: state, request.page())
    }
    routes.get("v1/deployments/:owner/:dseq") { _, path in
      let dseq = try path.number("dseq", "a deployment number")
      return try await node.deployment(owner: path("owner"), dseq: dseq)
    }
    routes.get("v1/leases") { request, _ in
      let filter = LeaseFilter(
        owner: request.query("owner"),
        provider: request.query("provider"),
        state: request.query("state")
      )
      return try await node.leases(filter, request.page())
    }
    routes.get("v1/market/gpus") { _, _ in try await node.gpus() }
    routes.get("v1/provider/status") { _, _ in try await node.providerStatus() }
    routes.get("v1/provider/decisions") { request, _ in
      try await node.decisions(order: request.query("order"))
    }
  }

  func submissions(_ routes: Routes) {
    routes.post("v1/transactions") { request, _ in
      let wait = request.query("wait") == "committed"
      return try await node.submit(transaction: request.bytes(upTo: 300_000), wait: wait)
    }
    routes.post("v1/transactions/batch") { request, _ in
      let body = try await request.bytes(upTo: 4_000_000)
      guard let batch = TransactionBatch.decode(body) else {
        throw ServingError.invalid(
          "the body is not a batch",
          fix: "for each transaction its length in four bytes, big-endian, then its bytes"
        )
      }
      return try await node.submit(batch: batch)
    }
    routes.post("v1/objects") { request, _ in try await node.submit(object: request.bytes(upTo: 70_000)) }
    routes.post("v1/faucet/:address") { request, path in
      try await node.faucet(path("address"), wait: request.query("wait") != "accepted")
    }
  }

  /// Staking, governance, grants, auditors and proofs.
  func ledger(_ routes: Routes) {
    routes.get("v1/validators") { request, _ in
      try await node.validators(status: request.query("status"), request.page())
    }
    routes.get("v1/validators/:address") { _, path in try await node.validator(path("address")) }
    routes.get("v1/validators/:address/delegations") { request, path in
      try await node.delegations(to: path("address"), request.page())
    }
    routes.get("v1/accounts/:address/stake") { _, path in try await node.stake(of: path("address")) }
    routes.get("v1/proposals") { request, _ in
      try await node.proposals(status: request.query("status"), request.page())
    }
    routes.get("v1/proposals/:id") { _, path in
      try await node.proposal(path.number("id", "a proposal's number"))
    }
    routes.get("v1/proposals/:id/votes") { request, path in
      try await node.votes(onProposal: path.number("id", "a proposal's number"), request.page())
    }
    routes.get("v1/grants") { request, _ in
      let (granter, grantee) = (request.query("granter"), request.query("grantee"))
      return try await node.grants(granter: granter, grantee: grantee, request.page())
    }
    routes.get("v1/currencies/:name") { _, path in try await node.currency(path("name")) }
    routes.get("v1/take/income") { request, _ in
      let (from, to) = (request.query("from"), request.query("to"))
      let denomination = request.query("denomination")
      return try await node.income(denomination: denomination, from: from, to: to, request.page())
    }
    routes.get("v1/audit/attributes") { request, _ in
      let (provider, auditor) = (request.query("provider"), request.query("auditor"))
      return try await node.signedAttributes(provider: provider, auditor: auditor, request.page())
    }
    routes.get("v1/market/why-not") { request, _ in
      guard let order = request.query("order") else {
        throw ServingError.invalid("no order is named", fix: "?order= with an identifier or its first digits")
      }
      return try await node.whyNot(order: order, request.page())
    }
    routes.post("v1/market/why-not") { request, _ in
      try await node.whyNot(body: request.bytes(upTo: 70_000), request.page())
    }
    routes.get("v1/proofs") { request, _ in
      guard let kind = request.query("kind"), let key = request.query("key") else {
        throw ServingError.invalid("no entry is named", fix: "?kind=balance|lease|vote&key=…")
      }
      return try await node.proof(kind: kind, key: key)
    }
  }
}

/// Adds routes that answer with JSON. Their closures get the request and the parts of its path.
struct Routes {
  let router: Router<ConnectionContext>

  typealias Handler<Value> = @Sendable (Request, RoutePath) async throws -> Value

  func get<Value: Encodable & Sendable>(_ path: RouterPath, _ answer: @escaping Handler<Value>) {
    router.get(path) { try await JSON(answer($0, RoutePath(context: $1))) }
  }

  func post<Value: Encodable & Sendable>(_ path: RouterPath, _ answer: @escaping Handler<Value>) {
    router.post(path) { try await JSON(answer($0, RoutePath(context: $1))) }
  }
}

/// The parts of a request's path that its route names, such as `:address`.
struct RoutePath {
  fileprivate let context: ConnectionContext

  func callAsFunction(_ name: String) throws -> String { try context.parameters.require(name) }

  /// `what`: what the number is, for the error.
  func number(_ name: String, _ what: String) throws -> UInt64 {
    let text = try self(name)
    guard let number = UInt64(text) else {
      throw ServingError.invalid("`\(text)` is not \(what)", fix: "a whole number above 0")
    }
    return number
  }

  /// Nil for `latest`.
  func height() throws -> UInt64? {
    let text = try self("height")
    guard text == "latest" || UInt64(text) != nil else {
      throw ServingError.invalid("`\(text)` is not a height", fix: "a number, or `latest`")
    }
    return UInt64(text)
  }
}

extension Response {
  fileprivate init(status: HTTPResponse.Status, text: String) {
    self.init(
      status: status,
      headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text))
    )
  }
}
