import Foundation
import Synchronization
import Testing

@testable import API

/// Streams of events over real sockets.
@Suite struct EventStreamTests {
  private static func bid(_ number: Int, size: Int = 8) -> Answer.Bid {
    Answer.Bid(
      identifier: "\(number)",
      order: "ab",
      provider: "akash1p",
      groups: [.init(sequence: 1, price: "5", denomination: "uakt", gpus: ["8 × h100"])],
      expiresAt: "t",
      encoded: String(repeating: "0", count: size)
    )
  }

  private static let lease = Answer.Lease(
    identifier: "a/1/1/1/p",
    owner: "a",
    dseq: 1,
    group: 1,
    order: 1,
    provider: "p",
    state: "active",
    price: "5",
    denomination: "uakt",
    openedAtTick: 3,
    closedAtTick: nil,
    closedBy: nil,
    reason: nil,
    earned: "0",
    paid: "0",
    fee: "0"
  )

  private static let order = Answer.Order(
    identifier: "ab",
    owner: "a",
    dseq: 1,
    groups: [],
    deposit: .init(denomination: "uakt", amount: "1"),
    manifestHash: "00",
    expiresAt: "t",
    bids: 0
  )

  /// Follows until `count` events came; each in short.
  private func follow(_ client: NodeClient, until count: Int) async throws -> [String] {
    let seen = Mutex<[String]>([])
    try await client.events("/v1/market/events", [("order", "ab")], as: Answer.MarketEvent.self) { event in
      seen.withLock {
        $0.append(Self.short(event))
        return $0.count < count
      }
    }
    return seen.withLock { $0 }
  }

  private static func short(_ event: Answer.MarketEvent) -> String {
    switch event {
    case .caughtUp: "caught up"
    case .orderAdded(let order): "order \(order.identifier)"
    case .orderRemoved(let order, let reason): "order \(order.identifier) \(reason)"
    case .bidAdded(let bid): "bid \(bid.identifier) \(bid.groups.flatMap(\.gpus))"
    case .bidRemoved(let bid, let reason): "bid \(bid.identifier) \(reason)"
    case .leaseOpened(let lease, let order): "lease \(lease.dseq) of \(order)"
    case .leaseClosed(let lease): "lease \(lease.dseq) closed"
    }
  }

  private func until(_ condition: () async throws -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if (try? await condition()) == true { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  @Test func `a stream begins with what is there and goes on with what happens`() async throws {
    let node = FakeNode(marketPresent: [.orderAdded(Self.order), .bidAdded(Self.bid(1)), .caughtUp])
    try await serving(node) { client in
      async let seen = follow(client, until: 8)
      #expect(await until { node.questions == ["market ab - -"] })
      for event: Answer.MarketEvent in [
        .bidAdded(Self.bid(2)), .bidRemoved(Self.bid(1), reason: "outbid"),
        .leaseOpened(Self.lease, agreedOrder: "ab"), .leaseClosed(Self.lease),
        .orderRemoved(Self.order, reason: "closed"),
      ] {
        #expect(node.market.sender.send(event))
      }
      try await #expect(
        seen == [
          "order ab", #"bid 1 ["8 × h100"]"#, "caught up", #"bid 2 ["8 × h100"]"#, "bid 1 outbid",
          "lease 1 of ab", "lease 1 closed", "order ab closed",
        ]
      )
    }
  }

  @Test func `an event is one line of JSON that says what happened and to what`() async throws {
    let node = FakeNode(marketPresent: [.caughtUp, .bidAdded(Self.bid(1))])
    node.market.sender.end(.nodeStops)
    try await serving(node) { client in
      let request = "GET /v1/market/events?owner=o&provider=p HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
      let answer = try await raw(request, port: client.port)
      #expect(answer.status == 200 && answer.head.contains("content-type: text/event-stream"))
      #expect(node.questions == ["market - o p"])
      #expect(answer.body.contains(#"data:{"event":"caught_up"}"#))
      #expect(answer.body.contains(#"data:{"bid":{"encoded":"00000000","expires_at":"t","groups":"#))
      #expect(answer.body.contains(#""event":"bid_added"}"#))
      #expect(answer.body.contains("event:end\ndata:{\"error\":\"unavailable\""))
    }
  }

  @Test func `a quiet stream shows that it is alive`() async throws {
    let node = FakeNode()
    let limits = HTTPConnectionLimits(heartbeat: .milliseconds(30))
    try await serving(node, connections: limits) { client in
      let follower = try #require(IdleConnection(port: client.port))
      follower.send("GET /v1/market/events HTTP/1.1\r\nhost: x\r\n\r\n")
      let isAlive = await until {
        String(decoding: follower.receive(), as: UTF8.self).components(separatedBy: ":\n\n").count > 3
      }
      #expect(isAlive)
    }
  }

  @Test func `who reads too slowly gets what was kept and is told why the stream ends`() async throws {
    let node = FakeNode(marketLimit: 2)
    // Sent before anybody reads: two are kept, the third is one too many.
    let sent = (1...4).map { node.market.sender.send(.bidAdded(Self.bid($0))) }
    #expect(sent == [true, true, false, false])
    try await serving(node) { client in
      let seen = Mutex<[String]>([])
      let error = await #expect(throws: ClientError.self) {
        try await client.events("/v1/market/events", as: Answer.MarketEvent.self) { event in
          seen.withLock { $0.append(Self.short(event)) }
          return true
        }
      }
      #expect(seen.withLock { $0 } == [#"bid 1 ["8 × h100"]"#, #"bid 2 ["8 × h100"]"#])
      #expect(
        error?.description.contains("faster than they were read") == true,
        "\(String(describing: error))"
      )
    }
  }

  @Test func `who takes nothing at all is disconnected, and its feed ends`() async throws {
    let node = FakeNode(marketLimit: 100)
    let hasEnded = Mutex(false)
    node.market.sender.whenEnded { hasEnded.withLock { $0 = true } }
    try await serving(node, connections: HTTPConnectionLimits(heartbeat: .milliseconds(50))) { client in
      let stalled = try #require(IdleConnection(port: client.port))
      stalled.send("GET /v1/market/events HTTP/1.1\r\nhost: x\r\n\r\n")
      #expect(await until { !node.questions.isEmpty })
      // More than the sockets between the two hold.
      let isCutOff = await until {
        _ = node.market.sender.send(.bidAdded(Self.bid(1, size: 1_000_000)))
        return hasEnded.withLock { $0 }
      }
      #expect(isCutOff)
      // The server goes on.
      #expect(await until { (try await client.text("/health")) == "ok\n" })
    }
  }

  @Test func `a follower that goes is noticed, and its feed ends`() async throws {
    let node = FakeNode()
    let hasEnded = Mutex(false)
    node.market.sender.whenEnded { hasEnded.withLock { $0 = true } }
    try await serving(node, connections: HTTPConnectionLimits(heartbeat: .milliseconds(30))) { client in
      let follower = try #require(IdleConnection(port: client.port))
      follower.send("GET /v1/market/events HTTP/1.1\r\nhost: x\r\n\r\n")
      #expect(await until { !node.questions.isEmpty })
      follower.close()
      #expect(await until { hasEnded.withLock { $0 } })
    }
  }

  @Test func `a stream that the node refuses is an error with its words`() async throws {
    let node = FakeNode(failing: ServingError.invalid("`ab` is not a hash", fix: "64 hex digits"))
    try await serving(node) { client in
      let error = await #expect(throws: ClientError.self) { try await follow(client, until: 1) }
      #expect(error?.description == "`ab` is not a hash")
    }
  }

  @Test func `pieces may end anywhere`() throws {
    let text = ":\n\ndata:{\"a\":\"8 × h100\"}\r\n\r\nevent:end\ndata: one\ndata: two\n\n"
    let expected: [EventReader.Event] = [
      .init(data: Array("{\"a\":\"8 × h100\"}".utf8)), .init(name: "end", data: Array("one\ntwo".utf8)),
    ]
    for length in 1...text.utf8.count {
      var reader = EventReader()
      var events: [EventReader.Event] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        events += try reader.read(Array(rest.prefix(length)))
        rest = rest.dropFirst(length)
      }
      #expect(events == expected, "pieces of \(length)")
    }
  }
}
