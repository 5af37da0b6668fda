import Cryptography
import Dispatch
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Testing

@testable import Transport

extension SocketTests {
  @Suite(.serialized) struct TurnTests {
    /// Keeps a thread busy until it is let go.
    final class Standstill: Sendable {
      private let began = DispatchSemaphore(value: 0)
      private let end = DispatchSemaphore(value: 0)

      /// Keeps whatever thread runs the body that `start` is given.
      init(_ start: (@escaping @Sendable () -> Void) -> Void) {
        start { [began, end] in
          began.signal()
          end.wait()
        }
        began.wait()
      }

      func letGo() { end.signal() }
    }

    private func sends(_ node: Node, _ body: () -> Void) async throws {
      let before = await node.endpoint.counters().messagesSent
      let bytes = await node.endpoint.counters().streamBytesSent
      body()
      try await eventually("the bytes are in the socket") {
        let counters = await node.endpoint.counters()
        return counters.messagesSent > before && counters.streamBytesSent > bytes
      }
    }

    @Test func `a validator is heard before a flood that came first`() async throws {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let node = try await Node.start(2, on: group)
      let (flooder, validator) = (try await Node.start(1), try await Node.start(3))
      try await flooder.connect(to: node)
      try await validator.connect(to: node)
      node.endpoint.setReserved([validator.key])
      _ = await node.endpoint.counters()

      let still = Standstill { body in group.next().execute(body) }
      try await sends(flooder) {
        for _ in 0..<20 {
          let chunk = [UInt8](repeating: 1, count: 60_000)
          flooder.endpoint.send(to: node.key, type: 3, bytes: chunk, class: .sync)
        }
      }
      try await sends(validator) {
        validator.endpoint.send(to: node.key, type: 1, bytes: [7], class: .consensus)
      }
      still.letGo()
      try await eventually("all comes") {
        node.frames(from: flooder.key).count == 20 && node.frames(from: validator.key).count == 1
      }
      guard case .frame(validator.key, _, _)? = node.events.first(where: \.isFrame) else {
        Issue.record("the flood was handled first")
        return
      }
      for node in [node, flooder, validator] { await node.endpoint.shutdown() }
      try await group.shutdownGracefully()
    }

    @Test func `links that flood take turns, and another one is heard after a turn or two`() async throws {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let node = try await Node.start(2, on: group)
      var flooders: [Node] = []
      for seed: UInt8 in 10..<20 { flooders.append(try await Node.start(seed)) }
      let other = try await Node.start(3)
      for peer in flooders + [other] { try await peer.connect(to: node) }

      let still = Standstill { body in group.next().execute(body) }
      let chunk = [UInt8](repeating: 1, count: 900)
      for flooder in flooders {
        try await sends(flooder) {
          for _ in 0..<400 { flooder.endpoint.send(to: node.key, type: 1, bytes: chunk, class: .sync) }
        }
      }
      try await sends(other) { other.endpoint.send(to: node.key, type: 1, bytes: [7], class: .gossip) }
      still.letGo()
      try await eventually("the other one is heard") { node.frames(from: other.key).count == 1 }
      let heard = node.events.filter(\.isFrame).prefix { event in
        if case .frame(other.key, _, _) = event { false } else { true }
      }
      // A turn's budget is 128 KiB, and each link may go beyond its share by one record of 16 KiB. Without turns all that
      // the sockets gave at once would be in front of it, 64 KiB of each.
      #expect(heard.count * 964 <= 2 * 128 << 10)
      try await eventually("nothing is lost") {
        flooders.allSatisfy { node.frames(from: $0.key).count == 400 }
      }
      for node in flooders + [node, other] { await node.endpoint.shutdown() }
      try await group.shutdownGracefully()
    }

    @Test func `handshakes are computed on the pool while sessions go on`() async throws {
      let pool = NIOThreadPool(numberOfThreads: 1)
      pool.start()
      let node = try await Node.start(2, pool: pool)
      let (friend, stranger) = (try await Node.start(1), try await Node.start(3))
      try await friend.connect(to: node)
      let still = Standstill { body in pool.submit { _ in body() } }
      stranger.endpoint.dial(node.address, expecting: .key(node.key))
      try await eventually("the stranger's first message is there") {
        await node.endpoint.counters().halfOpen == 1
      }
      for number: UInt8 in 0..<20 {
        friend.endpoint.send(to: node.key, type: 1, bytes: [number], class: .gossip)
        try await eventually("the session goes on") {
          node.frames(from: friend.key).count == Int(number) + 1
        }
      }
      #expect(node.connection(to: stranger.key) == nil)
      still.letGo()
      try await eventually("the stranger comes in") { node.connection(to: stranger.key) != nil }
      for node in [node, friend, stranger] { await node.endpoint.shutdown() }
      try await pool.shutdownGracefully()
    }

    @Test func `an owner that calls from its handler is not called before it is done`() async throws {
      struct State {
        var endpoint: Endpoint?
        var isInside = false
        var nested = 0
        var ended: [PeerID] = []
      }
      let state = Mutex(State())
      let other = try await Node.start(1)
      var configuration = TransportConfiguration(
        network: Fixture.network,
        identity: Fixture.identity(2),
        listen: nil,
        frames: Fixture.frames
      )
      configuration.datagrams = nil
      let endpoint = try await Endpoint.start(
        configuration,
        on: MultiThreadedEventLoopGroup.singleton
      ) { events in
        let endpoint = state.withLock { state in
          if state.isInside { state.nested += 1 }
          state.isInside = true
          return state.endpoint
        }
        for event in events {
          switch event {
          case .connected(let peer, _): endpoint?.disconnect(peer)
          case .disconnected(let peer, _): state.withLock { $0.ended.append(peer) }
          default: break
          }
        }
        state.withLock { $0.isInside = false }
      }
      state.withLock { $0.endpoint = endpoint }
      endpoint.dial(other.address, expecting: .key(other.key))
      try await eventually("the session ends") { state.withLock { $0.ended } == [other.key] }
      #expect(state.withLock { $0.nested } == 0)
      await endpoint.shutdown()
      await other.endpoint.shutdown()
    }
  }
}

@Suite struct MailboxTests {
  @Test func `items come in their order, and what exceeds the limit comes back`() async throws {
    let taken = Mutex<[Int]>([])
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let mailbox = Mailbox<Int>(loop: loop, limit: 10, cost: { $0 }) { items in
      taken.withLock { $0 += items }
    }
    // On the loop, so that it takes nothing out meanwhile.
    let refused = try await loop.submit { mailbox.post(contentsOf: [4, 6, 1, 0]) }.get()
    #expect(refused == [1])
    try await eventually("the loop takes them out") { taken.withLock { $0 } == [4, 6, 0] }
    #expect(mailbox.post(contentsOf: [10]).isEmpty)
    try await eventually("there is room again") { taken.withLock { $0 } == [4, 6, 0, 10] }
    #expect(mailbox.close().isEmpty)
    mailbox.post(contentsOf: [1])
    #expect(mailbox.close().isEmpty)
  }
}

extension TransportEvent {
  fileprivate var isFrame: Bool {
    if case .frame = self { true } else { false }
  }
}
