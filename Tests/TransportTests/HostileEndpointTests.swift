import Cryptography
import Glibc
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Transport

extension SocketTests {
  @Suite(.serialized) struct HostileTests {
    @Test func `random bytes to the TCP port end the connection and nothing else`() async throws {
      let b = try await Node.start(2)
      var random = SeededGenerator(seed: 1)
      for _ in 0..<50 {
        let raw = try await RawConnection.open(to: b.address)
        raw.send((0..<200).map { _ in UInt8.random(in: 0...255, using: &random) })
        try await eventually("the connection is closed") { raw.isClosed }
      }
      let a = try await Node.start(1)
      try await a.connect(to: b)
      let counters = await b.endpoint.counters()
      #expect(counters.handshakeFailures.values.reduce(0, +) == 50)
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    @Test func `random bytes to the UDP port are counted by reason`() async throws {
      let a = try await Node.start(1)
      let b = try await Node.start(2)
      try await a.connect(to: b)
      let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
      let target = try SocketAddress(ipAddress: "127.0.0.1", port: Int(b.endpoint.port))
      var random = SeededGenerator(seed: 2)
      for number in 0..<200 {
        var bytes = (0..<[5, 137, 173, 1_200, 3_000][number % 5]).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
        bytes[0] = UInt8(number % 7)
        let envelope = AddressedEnvelope(remoteAddress: target, data: ByteBuffer(bytes: bytes))
        try await socket.writeAndFlush(envelope).get()
      }
      try await eventually("they are counted") {
        let counters = await b.endpoint.counters()
        return counters.datagramDrops.values.reduce(0, +) >= 200
      }
      let counters = await b.endpoint.counters()
      #expect(counters.datagramDrops[.length] ?? 0 > 0)
      #expect(counters.datagramDrops[.unknownType] ?? 0 > 0)
      try await eventually("the session works on") { a.endpoint.hasDatagramSession(with: b.key) }
      a.endpoint.sendDatagram(to: b.key, bytes: [1])
      try await eventually("a datagram arrives") { b.datagrams(from: a.key) == [[1]] }
      try await socket.close().get()
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    /// Opens a session with bare hands, sends one record and gives back how the session ended.
    func ending(of record: [UInt8]?, raw suffix: [UInt8] = []) async throws -> [DisconnectReason] {
      let b = try await Node.start(2)
      let raw = try await RawConnection.open(to: b.address)
      let identity = Fixture.identity(40)
      let result = try await raw.shakeHands(as: identity)
      var sealer = RecordSealer(key: result.sendKey, policy: RekeyPolicy(), at: Fixture.start)
      var output = ByteBuffer()
      sealer.seal(record ?? [], at: Fixture.start, into: &output)
      raw.send(Array(output.readableBytesView) + suffix)
      try await eventually("the session ends") { !b.endings(of: identity.node.publicKey).isEmpty }
      try await eventually("the connection is closed") { raw.isClosed }
      await b.endpoint.shutdown()
      return b.endings(of: identity.node.publicKey)
    }

    @Test func `an announcement of four gibibytes ends the session at once`() async throws {
      let announcement: [UInt8] = [0xF0, 0, 0, 6, 3, 2, 0xFF, 0xFF, 0xFF, 0xFF]
      #expect(try await ending(of: announcement) == [.violation(.tooLarge)])
    }

    @Test func `a record announced beyond a mebibyte ends the session at once`() async throws {
      #expect(try await ending(of: nil, raw: [0xFF, 0xFF, 0xFF]) == [.violation(.recordLength)])
    }

    @Test func `a forged record ends the session`() async throws {
      let forged = [0, 0, 30] + [UInt8](repeating: 7, count: 30)
      #expect(try await ending(of: nil, raw: forged) == [.violation(.notAuthentic)])
    }

    @Test func `a flood of silent connections does not keep an honest node out`() async throws {
      let b = try await Node.start(2) { $0.connections.halfOpen = 8 }
      var silent: [RawConnection] = []
      for _ in 0..<60 { silent.append(try await RawConnection.open(to: b.address)) }
      let a = try await Node.start(1)
      try await a.connect(to: b)
      let counters = await b.endpoint.counters()
      #expect(counters.halfOpen <= 8)
      for raw in silent { await raw.close() }
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    @Test func `one address has a limited number of connections and of handshakes a second`() async throws {
      let crowded = try await Node.start(2) { $0.connections.perAddress = 3 }
      var connections: [RawConnection] = []
      for _ in 0..<6 { connections.append(try await RawConnection.open(to: crowded.address)) }
      try await eventually("those beyond three are closed") { connections.count { $0.isClosed } == 3 }
      #expect(await crowded.endpoint.counters().connectionsRefused == [.perAddress: 3])
      for raw in connections { await raw.close() }
      await crowded.endpoint.shutdown()

      let limited = try await Node.start(2) { $0.connections.handshakesPerAddress = 1 }
      connections = []
      for _ in 0..<10 { connections.append(try await RawConnection.open(to: limited.address)) }
      try await eventually("those beyond the rate are closed") { connections.count { $0.isClosed } >= 7 }
      #expect(await limited.endpoint.counters().connectionsRefused[.handshakeRate] ?? 0 >= 7)
      for raw in connections { await raw.close() }
      await limited.endpoint.shutdown()
    }

    @Test func `a handshake that is not finished in time is given up`() async throws {
      let b = try await Node.start(2) { $0.timing.handshake = .milliseconds(200) }
      let raw = try await RawConnection.open(to: b.address)
      try await eventually("the connection is closed") { raw.isClosed }
      #expect(await b.endpoint.counters().handshakeFailures == [.timedOut: 1])
      await b.endpoint.shutdown()
    }

    @Test func `a peer that falls silent is pinged, then given up`() async throws {
      let b = try await Node.start(2) {
        $0.timing.ping = .milliseconds(100)
        $0.timing.idle = .milliseconds(600)
      }
      let a = try await Node.start(1)
      try await a.connect(to: b)
      let raw = try await RawConnection.open(to: b.address)
      let identity = Fixture.identity(40)
      _ = try await raw.shakeHands(as: identity)
      try await eventually("the silent one is given up") { b.endings(of: identity.node.publicKey) == [.idle] }
      // The other one answers pings.
      #expect(b.endings(of: a.key).isEmpty)
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    @Test func `a node that stood still gives up no peer for its own silence`() async throws {
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
      let b = try await Node.start(2, on: group) {
        $0.timing.ping = .milliseconds(200)
        $0.timing.idle = .milliseconds(1_000)
      }
      let a = try await Node.start(1)
      try await a.connect(to: b)
      // The loop's thread does nothing for twice the time after which a silent peer is given up.
      let loop = group.next()
      _ = try await loop.submit { usleep(2_000_000) }.get()
      a.endpoint.send(to: b.key, type: 1, bytes: [7], class: .gossip)
      try await eventually("the session works on") { b.frames(from: a.key).count == 1 }
      #expect(b.endings(of: a.key).isEmpty)
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
      try await group.shutdownGracefully()
    }

    @Test func `a slow reader loses gossip first and the session when consensus cannot reach it`()
      async throws
    {
      let b = try await Node.start(2)
      let a = try await Node.start(1)
      try await a.connect(to: b)
      let raw = try await RawConnection.open(to: b.address)
      let identity = Fixture.identity(40)
      let slow = identity.node.publicKey
      _ = try await raw.shakeHands(as: identity)
      try await eventually("the session opens") { b.connection(to: slow) != nil }
      try await raw.setReading(false)
      let chunk = [UInt8](repeating: 1, count: 60_000)
      try await eventually("gossip is dropped") {
        for _ in 0..<20 { b.endpoint.send(to: slow, type: 3, bytes: chunk, class: .gossip) }
        return await b.endpoint.counters().displaced[.gossip] ?? 0 > 0
      }
      #expect(b.endings(of: slow).isEmpty)
      b.endpoint.send(to: a.key, type: 1, bytes: [5], class: .gossip)
      try await eventually("others are not held up") { a.frames(from: b.key).count == 1 }
      for _ in 0..<200 { b.endpoint.send(to: slow, type: 3, bytes: chunk, class: .consensus) }
      try await eventually("the slow one is given up") { b.endings(of: slow) == [.tooSlow(.consensus)] }
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
      await raw.close()
    }

    @Test func `an owner that is behind is not read for, and catches up later`() async throws {
      let a = try await Node.start(1) { $0.queues.sync = 64 << 20 }
      let b = try await Node.start(2) { $0.acknowledgesEvents = true }
      try await a.connect(to: b)
      let chunk = [UInt8](repeating: 1, count: 64 << 10)
      for _ in 0..<512 { a.endpoint.send(to: b.key, type: 3, bytes: chunk, class: .sync) }
      try await eventually("the owner's megabyte is full") { b.frames(from: a.key).count >= 16 }
      var last = -1
      try await eventually("nothing more comes") {
        let count = b.frames(from: a.key).count
        defer { last = count }
        try await Task.sleep(for: .milliseconds(50))
        return count == last
      }
      #expect(last < 64)
      var acknowledged = 0
      try await eventually("the rest comes as it is worked off") {
        let events = b.events
        b.endpoint.acknowledge(Array(events[acknowledged...]))
        acknowledged = events.count
        return b.frames(from: a.key).count == 512
      }
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    @Test func `who sends more than its share is read slower, loses nothing and holds up nobody`()
      async throws
    {
      let b = try await Node.start(2) {
        $0.connections.bytesPerSecond = 250_000
        $0.connections.messageCost = 1_000
      }
      let flooder = try await Node.start(1)
      let other = try await Node.start(3)
      try await flooder.connect(to: b)
      try await other.connect(to: b)
      // Five seconds' worth, of which two may come at once; and more than one burst of reads can bring, which a busy
      // machine may take before it counts: four buffers of 64 KiB.
      let chunk = [UInt8](repeating: 1, count: 900)
      for _ in 0..<700 { flooder.endpoint.send(to: b.key, type: 1, bytes: chunk, class: .sync) }
      try await eventually("it is throttled") { await b.endpoint.counters().throttled > 0 }
      #expect(b.frames(from: flooder.key).count < 700)
      other.endpoint.send(to: b.key, type: 1, bytes: [7], class: .gossip)
      try await eventually("others are heard meanwhile") { b.frames(from: other.key).count == 1 }
      #expect(b.frames(from: flooder.key).count < 700)
      try await eventually("the rest comes later") { b.frames(from: flooder.key).count == 700 }
      #expect(b.endings(of: flooder.key).isEmpty)
      for node in [b, flooder, other] { await node.endpoint.shutdown() }
    }

    @Test func `messages that may not be sent are counted and not sent`() async throws {
      let a = try await Node.start(1)
      let b = try await Node.start(2)
      try await a.connect(to: b)
      a.endpoint.send(to: b.key, type: 1, bytes: [UInt8](repeating: 0, count: 1_001), class: .gossip)
      a.endpoint.send(to: b.key, type: 0xF4, bytes: [0], class: .gossip)
      a.endpoint.send(to: Fixture.key(99).publicKey, type: 1, bytes: [], class: .gossip)
      a.endpoint.send(to: b.key, type: 1, bytes: [1], class: .gossip)
      try await eventually("the good one arrives") { b.frames(from: a.key).count == 1 }
      #expect(await a.endpoint.counters().unsent == [.gossip: 3])
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }

    @Test func `keys of a stream change while messages flow`() async throws {
      let a = try await Node.start(1) { $0.rekey = RekeyPolicy(bytes: 100_000, interval: .seconds(3_600)) }
      let b = try await Node.start(2)
      try await a.connect(to: b)
      for _ in 0..<500 {
        a.endpoint.send(to: b.key, type: 1, bytes: [UInt8](repeating: 1, count: 1_000), class: .consensus)
      }
      try await eventually("all arrive") { b.frames(from: a.key).count == 500 }
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }
  }
}
