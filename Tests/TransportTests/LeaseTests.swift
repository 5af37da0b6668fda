import Cryptography
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Transport

enum LeaseTests {
  static let frames = FrameLimits([1: 1_000, 2: 3 << 20])

  static func connect(
    to node: Node,
    account: UInt8,
    provider: ExpectedPeer = .anyone
  ) async throws -> LeaseConnection {
    try await LeaseConnection.connect(
      to: node.address,
      provider: provider,
      account: Fixture.key(account),
      network: Fixture.network,
      frames: frames,
      on: MultiThreadedEventLoopGroup.singleton
    )
  }

  static func start(_ seed: UInt8, account: UInt8?) async throws -> Node {
    try await Node.start(seed, account: account) { $0.leaseFrames = frames }
  }

  typealias Request = (session: LeaseSession, request: UInt32, type: UInt8, bytes: [UInt8])

  static func requests(at node: Node) -> [Request] {
    node.events.compactMap { event in
      if case .leaseFrame(let session, let request, let type, let bytes) = event {
        (session, request, type, bytes)
      } else {
        nil
      }
    }
  }
}

extension SocketTests {
  @Suite(.serialized) struct LeaseSessionTests {
    /// Answers the next requests with their bytes reversed.
    func answer(_ count: Int, at node: Node, from start: Int = 0) async throws {
      try await eventually("the requests arrive") { LeaseTests.requests(at: node).count >= start + count }
      for request in LeaseTests.requests(at: node)[start..<start + count] {
        node.endpoint.sendLease(
          request.session,
          request: request.request,
          type: request.type,
          bytes: request.bytes.reversed()
        )
      }
    }

    @Test func `a tenant's requests are answered by the provider`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let provider = Fixture.key(51).publicKey
      let lease = try await LeaseTests.connect(to: node, account: 61, provider: .account(Address(provider)))
      #expect(lease.provider == provider)
      async let response = lease.request(type: 1, bytes: [1, 2, 3])
      try await answer(1, at: node)
      #expect(try await response == LeaseFrame(type: 1, bytes: [3, 2, 1]))
      let accounts = node.events.compactMap { event -> PublicKey? in
        if case .leaseOpened(_, let account, let info) = event, info.purpose == .lease {
          account
        } else {
          nil
        }
      }
      #expect(accounts == [Fixture.key(61).publicKey])
      await lease.close()
      try await eventually("the provider sees the end") {
        node.events.contains { event in
          if case .leaseClosed(_, .closedByPeer(.shutdown)) = event { true } else { false }
        }
      }
      await node.endpoint.shutdown()
    }

    @Test func `many requests at once get their own responses, large ones too`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let lease = try await LeaseTests.connect(to: node, account: 61)
      let large = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number: UInt8 in 0..<50 {
          group.addTask {
            let response = try await lease.request(type: 1, bytes: [number, 0])
            #expect(response.bytes == [0, number])
          }
        }
        group.addTask {
          let response = try await lease.request(type: 2, bytes: large)
          #expect(response.bytes == large.reversed())
        }
        group.addTask { try await answer(51, at: node) }
        try await group.waitForAll()
      }
      await lease.close()
      await node.endpoint.shutdown()
    }

    @Test func `what the provider sends unasked comes in order and ends with the session`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let lease = try await LeaseTests.connect(to: node, account: 61)
      try lease.send(type: 1, bytes: [42])
      try await eventually("the message arrives") { LeaseTests.requests(at: node).count == 1 }
      let message = try #require(LeaseTests.requests(at: node).first)
      #expect(message.request == 0)
      for number: UInt8 in 0..<100 {
        node.endpoint.sendLease(message.session, type: 1, bytes: [number] + [UInt8](repeating: 0, count: 900))
      }
      var received: [UInt8] = []
      for await frame in lease.pushes {
        received.append(frame.bytes[0])
        if received.count == 100 { node.endpoint.closeLease(message.session, reason: .done) }
      }
      #expect(received == Array(0..<100))
      await #expect(throws: LeaseError.closed(.closedByPeer(.done))) {
        _ = try await lease.request(type: 1, bytes: [])
      }
      await lease.close()
      await node.endpoint.shutdown()
    }

    @Test func `a tenant that consumes slowly slows the provider and loses nothing`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let lease = try await LeaseTests.connect(to: node, account: 61)
      try lease.send(type: 1, bytes: [])
      try await eventually("the message arrives") { LeaseTests.requests(at: node).count == 1 }
      let session = try #require(LeaseTests.requests(at: node).first).session
      let chunk = [UInt8](repeating: 3, count: 60_000)
      for _ in 0..<100 { node.endpoint.sendLease(session, type: 2, bytes: chunk) }
      var count = 0
      for await frame in lease.pushes {
        #expect(frame.bytes == chunk)
        count += 1
        if count == 100 { break }
      }
      #expect(count == 100)
      await lease.close()
      await node.endpoint.shutdown()
    }

    @Test func `the wrong provider, or a node that is none, is not connected to`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      await #expect(throws: LeaseError.dial(.handshake(.wrongPeer))) {
        _ = try await LeaseTests.connect(to: node, account: 61, provider: .key(Fixture.key(1).publicKey))
      }
      let plain = try await LeaseTests.start(2, account: nil)
      await #expect(throws: LeaseError.dial(.handshake(.refused(.purposeRefused)))) {
        _ = try await LeaseTests.connect(to: plain, account: 61)
      }
      await node.endpoint.shutdown()
      await plain.endpoint.shutdown()
    }

    @Test func `requests end by time, cancellation and the session's end`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let lease = try await LeaseTests.connect(to: node, account: 61)
      await #expect(throws: LeaseError.timedOut) {
        _ = try await lease.request(type: 1, bytes: [], timeout: .milliseconds(20))
      }
      await #expect(throws: LeaseError.tooLarge) {
        _ = try await lease.request(type: 1, bytes: [UInt8](repeating: 0, count: 1_001))
      }
      let cancelled = Task { try await lease.request(type: 1, bytes: [1]) }
      cancelled.cancel()
      await #expect(throws: LeaseError.cancelled) { try await cancelled.value }
      let cut = Task { try await lease.request(type: 1, bytes: [9]) }
      try await eventually("the request arrives") {
        LeaseTests.requests(at: node).contains { $0.bytes == [9] }
      }
      await node.endpoint.shutdown()
      await #expect(throws: LeaseError.closed(.closedByPeer(.shutdown))) { try await cut.value }
      await lease.close()
    }

    @Test func `peers and tenants use the same port side by side`() async throws {
      let node = try await LeaseTests.start(1, account: 51)
      let peer = try await Node.start(2)
      try await peer.connect(to: node)
      let first = try await LeaseTests.connect(to: node, account: 61)
      let second = try await LeaseTests.connect(to: node, account: 61)
      let counters = await node.endpoint.counters()
      #expect(counters.peers == 1)
      #expect(counters.leases == 2)
      await first.close()
      await second.close()
      await peer.endpoint.shutdown()
      await node.endpoint.shutdown()
    }
  }
}
