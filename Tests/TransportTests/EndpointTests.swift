import Cryptography
import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Transport

/// Everything with real sockets, one test after the other.
@Suite(.serialized) struct SocketTests {}

extension SocketTests {
  @Test func `two nodes connect, introduce themselves and exchange messages of every class`() async throws {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    try await a.connect(to: b)
    #expect(a.connection(to: b.key)?.isInbound == false)
    #expect(a.connection(to: b.key)?.hello == [2])
    #expect(b.connection(to: a.key)?.isInbound == true)
    #expect(b.connection(to: a.key)?.hello == [1])
    #expect(b.connection(to: a.key)?.listenAddress == a.address)
    for traffic in TrafficClass.allCases {
      a.endpoint.send(to: b.key, type: 1, bytes: [traffic.rawValue], class: traffic)
    }
    b.endpoint.send(to: a.key, type: 9, bytes: [], class: .gossip)
    try await eventually("all arrive") {
      b.frames(from: a.key).count == 5 && a.frames(from: b.key).count == 1
    }
    #expect(Set(b.frames(from: a.key).map { $0.bytes[0] }) == [0, 1, 2, 3, 4])
    await a.endpoint.shutdown()
    try await eventually("the other end is told") {
      b.endings(of: a.key) == [.closedByPeer(.shutdown)]
    }
    await b.endpoint.shutdown()
  }

  @Test func `a message of four mebibytes and ten thousand small ones arrive whole and in order`()
    async throws
  {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    try await a.connect(to: b)
    let large = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    a.endpoint.send(to: b.key, type: 2, bytes: large, class: .sync)
    a.endpoint.send(
      (0..<10_000).map { number in
        let bytes = [UInt8(number >> 8), UInt8(number & 255)] + [UInt8](repeating: 0, count: 200)
        return OutboundMessage(to: b.key, type: 1, bytes: bytes, class: .consensus)
      }
    )
    try await eventually("all arrive") { b.frames(from: a.key).count == 10_001 }
    let frames = b.frames(from: a.key)
    #expect(frames.first { $0.type == 2 }?.bytes == large)
    let numbers = frames.filter { $0.type == 1 }.map { Int($0.bytes[0]) << 8 | Int($0.bytes[1]) }
    #expect(numbers == Array(0..<10_000))
    await a.endpoint.shutdown()
    await b.endpoint.shutdown()
  }

  @Test func `four nodes connect in a mesh and datagram sessions follow`() async throws {
    var nodes: [Node] = []
    for seed: UInt8 in 1...4 { nodes.append(try await Node.start(seed)) }
    for (index, node) in nodes.enumerated() {
      for other in nodes[..<index] { try await node.connect(to: other) }
    }
    for node in nodes {
      for other in nodes where other.key != node.key {
        try await eventually("datagrams can be sent") { node.endpoint.hasDatagramSession(with: other.key) }
        #expect(node.endpoint.sendDatagram(to: other.key, bytes: [UInt8](repeating: 3, count: 1_171)))
        node.endpoint.send(to: other.key, type: 1, bytes: [4], class: .gossip)
      }
    }
    try await eventually("everybody hears everybody") {
      nodes.allSatisfy { node in
        nodes.allSatisfy { other in
          other.key == node.key
            || (node.datagrams(from: other.key).count == 1 && node.frames(from: other.key).count == 1)
        }
      }
    }
    for node in nodes {
      let counters = await node.endpoint.counters()
      #expect(counters.peers == 3)
      #expect(counters.datagramSessions == 3)
      #expect(counters.datagramDrops.isEmpty)
    }
    for node in nodes { await node.endpoint.shutdown() }
  }

  @Test func `a datagram session ends with the stream and comes back with it`() async throws {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    for _ in 0..<3 {
      a.endpoint.dial(b.address, expecting: .key(b.key))
      try await eventually("both sessions are up") {
        a.endpoint.hasDatagramSession(with: b.key) && b.endpoint.hasDatagramSession(with: a.key)
      }
      b.endpoint.disconnect(a.key)
      try await eventually("both sessions are gone") {
        guard !a.endpoint.hasDatagramSession(with: b.key) else { return false }
        let counters = await a.endpoint.counters()
        return counters.peers == 0 && counters.datagramSessions == 0
      }
    }
    await a.endpoint.shutdown()
    await b.endpoint.shutdown()
  }

  @Test func `without UDP everything goes by stream and the caller is told`() async throws {
    let a = try await Node.start(1) { $0.datagrams = nil }
    let b = try await Node.start(2)
    try await a.connect(to: b)
    #expect(!a.endpoint.sendDatagram(to: b.key, bytes: [1]))
    #expect(!b.endpoint.sendDatagram(to: a.key, bytes: [1]))
    await a.endpoint.shutdown()
    await b.endpoint.shutdown()
  }

  @Test func `dials fail with the reason`() async throws {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    let foreign = try await Node.start(3, network: Fixture.otherNetwork)
    func failure(_ address: NetworkAddress, _ expected: ExpectedPeer) async throws -> DialFailure? {
      let before = a.dialFailures.count
      a.endpoint.dial(address, expecting: expected)
      try await eventually("the dial fails") { a.dialFailures.count > before }
      return a.dialFailures.last
    }
    #expect(try await failure(b.address, .key(foreign.key)) == .handshake(.wrongPeer))
    #expect(try await failure(foreign.address, .anyone) == .handshake(.refused(.wrongNetwork)))
    #expect(try await failure(a.address, .anyone) == .handshake(.selfConnection))
    guard case .unreachable = try await failure(NetworkAddress(host: "127.0.0.1", port: 1), .anyone) else {
      Issue.record("nobody listens on port 1")
      return
    }
    try await a.connect(to: b)
    #expect(try await failure(b.address, .key(b.key)) == .alreadyConnected)
    let counters = await foreign.endpoint.counters()
    #expect(counters.handshakeFailures[.wrongNetwork] == 1)
    for node in [a, b, foreign] { await node.endpoint.shutdown() }
  }

  @Test func `nodes that dial each other at once keep one connection, the smaller key's`() async throws {
    for round: UInt8 in 0..<5 {
      let a = try await Node.start(10 + round)
      let b = try await Node.start(20 + round)
      a.endpoint.dial(b.address, expecting: .anyone)
      b.endpoint.dial(a.address, expecting: .anyone)
      let smaller = a.key < b.key ? a : b
      let larger = a.key < b.key ? b : a
      try await eventually("both settle on one") {
        let one = await smaller.endpoint.peers()
        let other = await larger.endpoint.peers()
        return one.map(\.info.isInbound) == [false] && other.map(\.info.isInbound) == [true]
      }
      smaller.endpoint.send(to: larger.key, type: 1, bytes: [1], class: .gossip)
      larger.endpoint.send(to: smaller.key, type: 1, bytes: [2], class: .gossip)
      try await eventually("both are heard") {
        smaller.frames(from: larger.key).count == 1 && larger.frames(from: smaller.key).count == 1
      }
      await a.endpoint.shutdown()
      await b.endpoint.shutdown()
    }
  }

  @Test func `a cut is told from an end`() async throws {
    let b = try await Node.start(2)
    let raw = try await RawConnection.open(to: b.address)
    let identity = Fixture.identity(40)
    _ = try await raw.shakeHands(as: identity)
    try await eventually("the session opens") { b.connection(to: identity.node.publicKey) != nil }
    await raw.close()
    try await eventually("the cut is seen") { b.endings(of: identity.node.publicKey) == [.connectionLost] }
    let a = try await Node.start(1)
    try await a.connect(to: b)
    a.endpoint.disconnect(b.key, reason: .done)
    try await eventually("the end is seen") {
      b.endings(of: a.key) == [.closedByPeer(.done)] && a.endings(of: b.key) == [.closedHere(.done)]
    }
    await a.endpoint.shutdown()
    await b.endpoint.shutdown()
  }

  @Test func `banned peers are disconnected and refused`() async throws {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    try await a.connect(to: b)
    b.endpoint.setBanned([a.key])
    try await eventually("the ban is told") { a.endings(of: b.key) == [.closedByPeer(.banned)] }
    a.endpoint.dial(b.address, expecting: .key(b.key))
    try await eventually("the dial is refused") { a.dialFailures == [.handshake(.refused(.banned))] }
    await a.endpoint.shutdown()
    await b.endpoint.shutdown()
  }

  @Test func `a full node keeps places for reserved peers`() async throws {
    let a = try await Node.start(1)
    let b = try await Node.start(2)
    let c = try await Node.start(3)
    let full = try await Node.start(4) { $0.connections.inbound = 1 }
    full.endpoint.setReserved([c.key])
    try await a.connect(to: full)
    b.endpoint.dial(full.address, expecting: .key(full.key))
    try await eventually("no place is left") { b.dialFailures == [.handshake(.refused(.full))] }
    try await c.connect(to: full)
    for node in [a, b, c, full] { await node.endpoint.shutdown() }
  }

  // MARK: Starting and ending

  @Test func `a port in use is named in the error`() async throws {
    let a = try await Node.start(1)
    await #expect(throws: TransportError.addressInUse(a.address)) {
      _ = try await Node.start(2, listen: a.address)
    }
    #expect(TransportError.addressInUse(a.address).description == "\(a.address) is already in use")
    await a.endpoint.shutdown()
    let again = try await Node.start(2, listen: a.address)
    #expect(again.endpoint.port == a.endpoint.port)
    await again.endpoint.shutdown()
  }

  @Test func `a UDP port in use is an error, too, and leaves no listener behind`() async throws {
    let udp = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let address = NetworkAddress(host: "127.0.0.1", port: UInt16(udp.localAddress?.port ?? 0))
    await #expect(throws: TransportError.addressInUse(address)) {
      _ = try await Node.start(2, listen: address)
    }
    try await udp.close().get()
    let node = try await Node.start(2, listen: address)
    await node.endpoint.shutdown()
  }

  @Test func `an address of another machine is an error`() async throws {
    let address = NetworkAddress(host: "192.0.2.1", port: 0)
    await #expect(throws: TransportError.addressNotAvailable(address)) {
      _ = try await Node.start(2, listen: address)
    }
  }

  static func openSockets() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
      return target?.hasPrefix("socket:") ?? false
    }
  }

  /// In a process of its own, since it counts all of the process's sockets, and other suites have some.
  @Test func `shutdown leaves no socket open, whatever was under way`() async {
    await #expect(processExitsWith: .success) { try await SocketTests.shutDownWhateverIsUnderWay() }
  }

  private static func shutDownWhateverIsUnderWay() async throws {
    // What the runtime opens once, such as the wake-up of event loops, is there before the count.
    try await Node.start(9).endpoint.shutdown()
    let before = try openSockets()
    var nodes: [Node] = []
    for seed: UInt8 in 1...4 { nodes.append(try await Node.start(seed, account: seed + 50)) }
    for node in nodes[1...] { try await node.connect(to: nodes[0]) }
    let silent = try await RawConnection.open(to: nodes[0].address)
    let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let mutePort = UInt16(mute.localAddress?.port ?? 0)
    nodes[0].endpoint.dial(NetworkAddress(host: "127.0.0.1", port: mutePort), expecting: .anyone)
    let lease = try await LeaseTests.connect(to: nodes[2], account: 60)
    for node in nodes { await node.endpoint.shutdown() }
    await lease.close()
    await silent.close()
    try await mute.close().get()
    try await eventually("no socket is left") { try openSockets() == before }
    #expect(nodes[0].dialFailures == [.shutDown])
    guard nodes[0].dialFailures == [.shutDown] else { throw Overdue() }
    // After the end calls do nothing.
    nodes[0].endpoint.send(to: nodes[1].key, type: 1, bytes: [1], class: .gossip)
    await nodes[0].endpoint.shutdown()
  }
}
