import API
import Foundation
import Synchronization
import Testing

/// What anybody who speaks HTTP sees of a node.
@Suite struct ServerTests {
  private func get(_ path: String, _ port: Int) async throws -> RawAnswer {
    try await raw("GET \(path) HTTP/1.1\r\nhost: x\r\norigin: http://a\r\nconnection: close\r\n", port: port)
  }

  private func post(_ path: String, _ bytes: [UInt8], _ port: Int) async throws -> RawAnswer {
    try await raw(
      "POST \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(bytes.count)\r\n",
      body: bytes,
      port: port
    )
  }

  @Test func `answers are JSON with snake case keys and amounts as decimal strings`() async throws {
    try await serving(FakeNode()) { client in
      let answer = try await get("/v1/accounts/akash1xyz", client.port)
      #expect(answer.status == 200)
      #expect(answer.head.contains("content-type: application/json"))
      #expect(answer.head.contains("access-control-allow-origin: *"))
      let account =
        #"{"address":"akash1xyz","balances":[{"amount":"18446744073709551615","denomination":"uakt"}],"#
        + #""locked":[],"sequence":7}"#
      #expect(answer.body == account)
      let proposal = try await get("/v1/proposals/4", client.port).body
      #expect(proposal.contains(#""no_with_veto":"0.5""#))
      #expect(proposal.contains(#""submitted_at_height":2"#))
      try await #expect(get("/v1/market/gpus", client.port).body == "[]")
    }
  }

  @Test func `health names what is wrong, with status 503`() async throws {
    try await serving(FakeNode(failing: FakeNode.Surprise())) { client in
      let answer = try await get("/health", client.port)
      #expect(answer.status == 503)
      #expect(answer.body == "Surprise()\n")
    }
  }

  @Test func `health and metrics are text`() async throws {
    try await serving(FakeNode()) { client in
      try await #expect(get("/health", client.port).body == "ok\n")
      try await #expect(get("/metrics", client.port).body == "cometbft_consensus_height 9\n")
    }
  }

  @Test(arguments: [
    ("/v1/blocks/latest", "block latest"), ("/v1/blocks/12", "block 12"),
    ("/v1/transactions/ab", "transaction ab"),
    ("/v1/orders?owner=akash1a", "orders akash1a"), ("/v1/orders/ab/bids", "bids ab"),
    ("/v1/deployments?owner=a&state=active", "deployments a active"),
    ("/v1/leases?provider=p&state=closed", "leases - p closed"), ("/v1/validators", "validators -"),
    ("/v1/validators?status=jailed", "validators jailed"), ("/v1/validators/v/delegations", "delegations v"),
    ("/v1/proposals?status=voting", "proposals voting"), ("/v1/proposals/7/votes", "votes 7"),
    ("/v1/grants?granter=a&grantee=b", "grants a b"), ("/v1/audit/attributes?auditor=x", "signed - x"),
    ("/v1/take/income?denomination=uakt&from=2026-01-01", "income uakt 2026-01-01 -"),
    ("/v1/market/why-not?order=ab", "why-not ab"), ("/v1/provider/decisions?order=cd", "decisions cd"),
    ("/v1/proofs?kind=balance&key=akash1a%2Fibc%2FAB", "proof balance akash1a/ibc/AB"),
  ])
  func `paths and queries reach the node as they are meant`(path: String, question: String) async throws {
    let node = FakeNode()
    try await serving(node) { client in
      try await #expect(get(path, client.port).status == 200)
      #expect(node.questions == [question])
    }
  }

  /// Every list has parts.
  @Test(arguments: [
    ("/v1/orders", "orders -"), ("/v1/providers", "providers"), ("/v1/deployments", "deployments - -"),
    ("/v1/leases", "leases - - -"), ("/v1/take/income", "income - - -"), ("/v1/validators", "validators -"),
    ("/v1/validators/v/delegations", "delegations v"), ("/v1/proposals", "proposals -"),
    ("/v1/proposals/7/votes", "votes 7"), ("/v1/grants", "grants - -"),
    ("/v1/audit/attributes", "signed - -"),
  ])
  func `lists come in pages that say how they go on`(path: String, question: String) async throws {
    let node = FakeNode()
    try await serving(node) { client in
      try await #expect(get(path, client.port).body == #"{"items":[],"next":null}"#)
      let part = try await get(path + "?limit=7&page_key=33ff", client.port)
      #expect(part.body == #"{"items":[],"next":"aa"}"#)
      #expect(node.questions == [question, question + " limit 7 after 33ff"])
    }
  }

  @Test(arguments: [
    ("/v1/blocks/x", "`x` is not a height"), ("/v1/blocks/-1", "`-1` is not a height"),
    ("/v1/deployments/akash1a/x", "`x` is not a deployment number"),
    ("/v1/proposals/x", "`x` is not a proposal's number"), ("/v1/market/why-not", "no order is named"),
    ("/v1/proofs?kind=balance", "no entry is named"), ("/v1/leases?limit=0", "`0` is not a limit"),
    ("/v1/leases?limit=1001", "`1001` is not a limit"), ("/v1/grants?limit=-3", "`-3` is not a limit"),
    ("/v1/proposals?limit=x", "`x` is not a limit"),
  ])
  func `a bad request says what is wrong and what to do`(path: String, message: String) async throws {
    let node = FakeNode()
    try await serving(node) { client in
      let answer = try await get(path, client.port)
      let failure = try decode(answer.body)
      #expect(answer.status == 400)
      #expect(failure.error == "invalid" && failure.message == message && failure.fix != nil)
      #expect(node.questions.isEmpty)
    }
  }

  @Test func `each refusal has its status, its word and the ledger's code`() async throws {
    let cases: [(ServingError, Int, String)] = [
      (.notFound("no"), 404, "not_found"), (.invalid("no", fix: "do"), 400, "invalid"),
      (.tooLarge(limit: 9), 413, "too_large"),
      (.rejected(code: 32, codespace: "sdk", message: "no"), 422, "rejected"),
      (.unavailable("no"), 503, "unavailable"), (.busy("no"), 429, "busy"),
    ]
    for (error, expected, word) in cases {
      try await serving(FakeNode(failing: error)) { client in
        let answer = try await post("/v1/transactions", [1], client.port)
        let failure = try decode(answer.body)
        #expect(answer.status == expected && failure.error == word)
        #expect(answer.head.contains("content-type: application/json"))
        if expected == 422 { #expect(failure.code == 32 && failure.codespace == "sdk") }
      }
    }
  }

  @Test func `what went wrong inside is not told to strangers`() async throws {
    struct Secret: Error { var path = "/home/operator/keys" }
    try await serving(FakeNode(failing: Secret())) { client in
      let answer = try await get("/v1/take", client.port)
      #expect(answer.status == 500)
      try #expect(decode(answer.body).error == "internal")
      #expect(!answer.body.contains("operator"))
    }
  }

  @Test func `an unknown path and a wrong method are refused in JSON`() async throws {
    try await serving(FakeNode()) { client in
      let unknown = try await get("/v2/nothing", client.port)
      #expect(unknown.status == 404)
      try #expect(decode(unknown.body).error == "http")
      try await #expect(post("/v1/take", [1], client.port).status == 404)
    }
  }

  @Test func `bodies have limits and must not be empty`() async throws {
    let node = FakeNode()
    try await serving(node) { client in
      for (path, limit) in [
        ("/v1/transactions", 300_000), ("/v1/objects", 70_000), ("/v1/market/why-not", 70_000),
      ] {
        let full = try await post(path, Array(repeating: 7, count: limit), client.port)
        #expect(full.status == 200, "\(path)")
        let large = try await post(path, Array(repeating: 7, count: limit + 1), client.port)
        #expect(large.status == 413, "\(path)")
        try #expect(decode(large.body).message == "the body is larger than \(limit) bytes")
        try await #expect(post(path, [], client.port).status == 400, "\(path)")
      }
      #expect(node.questions == ["submit 300000 false", "object 70000", "why-not body 70000"])
    }
  }

  @Test func `a batch is taken apart by its lengths`() async throws {
    let node = FakeNode()
    try await serving(node) { client in
      let batch: [UInt8] = [0, 0, 0, 2, 9, 9, 0, 0, 0, 1, 8]
      let answer = try await post("/v1/transactions/batch", batch, client.port)
      #expect(answer.status == 200)
      #expect(answer.body == #"{"accepted":2,"busy":[],"refused":[{"index":1,"reason":"no"}]}"#)
      #expect(node.questions == ["batch [2, 1]"])
      for broken: [UInt8] in [[0, 0, 0, 2, 9], [0, 0, 0], [255, 255, 255, 255, 1]] {
        let answer = try await post("/v1/transactions/batch", broken, client.port)
        #expect(answer.status == 400, "\(broken)")
      }
    }
  }

  @Test func `events are told as they come, each on a line of its own`() async throws {
    let commits = (1...3).map {
      Answer.Commit(height: $0, time: "t", tick: $0, transactions: [FakeNode.transaction], events: [])
    }
    try await serving(FakeNode(commits: commits)) { client in
      let answer = try await get("/v1/events", client.port)
      #expect(answer.status == 200)
      #expect(answer.head.contains("content-type: text/event-stream"))
      #expect(answer.head.contains("cache-control: no-store"))
      #expect(answer.body.components(separatedBy: "data:{").count == 5)
      #expect(answer.body.contains("event:end\ndata:{\"error\":\"unavailable\""))
      let heights = Mutex<[UInt64]>([])
      try await client.events("/v1/events", as: Answer.Commit.self) { commit in
        heights.withLock { $0.append(commit.height) }
        return commit.height < 2
      }
      let seen = heights.withLock { $0 }
      #expect(seen == [1, 2])
    }
  }

  @Test func `malformed HTTP ends the connection, not the server`() async throws {
    try await serving(FakeNode()) { client in
      _ = try? await raw("NONSENSE\r\n\r\n", port: client.port)
      _ = try? await raw("GET / HTTP/9.9\r\n", port: client.port)
      try await #expect(get("/health", client.port).status == 200)
    }
  }

  private func decode(_ body: String) throws -> Answer.Failure {
    let start = try #require(body.firstIndex(of: "{"))
    let end = try #require(body.lastIndex(of: "}"))
    return try JSONDecoder().decode(Answer.Failure.self, from: Data(body[start...end].utf8))
  }
}
