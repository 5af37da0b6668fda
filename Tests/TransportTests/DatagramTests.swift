import Cryptography
import Primitives
import Testing

@testable import Transport

@Suite struct DatagramTests {
  let wire = DatagramWire()

  @Test func `one round trip opens a session in which both send`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    #expect(a.isUp(b.identity.publicKey))
    #expect(b.isUp(a.identity.publicKey))
    #expect(wire.send(aAddress, to: bAddress, [1, 2]))
    #expect(wire.send(bAddress, to: aAddress, [3]))
    #expect(wire.delivered.map(\.bytes) == [[1, 2], [3]])
    #expect(wire.ups[b.identity.publicKey] == [a.identity.publicKey])
  }

  @Test func `the largest datagram is 1,200 bytes and the answer to an initiation is smaller than it`() {
    let (_, aAddress) = wire.add(1)
    let (_, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    #expect(wire.recorded[1].bytes.count < wire.recorded[0].bytes.count)
    #expect(wire.send(aAddress, to: bAddress, [UInt8](repeating: 1, count: Endpoint.maximumDatagram)))
    #expect(wire.recorded.map(\.bytes.count).max() == 1_200)
    #expect(!wire.send(aAddress, to: bAddress, [UInt8](repeating: 1, count: Endpoint.maximumDatagram + 1)))
  }

  @Test func `a changed byte anywhere in the handshake opens nothing`() {
    for message: UInt8 in [DatagramMessage.initiation, DatagramMessage.response] {
      let count = message == DatagramMessage.initiation ? 157 : 137
      for index in 0..<count {
        let wire = DatagramWire()
        let (a, aAddress) = wire.add(1)
        let (b, bAddress) = wire.add(2)
        var isTampered = false
        wire.loses = { $0[0] == message && !isTampered }
        wire.open(aAddress, to: bAddress)
        guard var last = wire.recorded.last else { continue }
        isTampered = true
        last.bytes[index] ^= 0x10
        wire.pass(last.bytes, from: last.from, to: last.to)
        #expect(!a.isUp(b.identity.publicKey) && !b.isUp(a.identity.publicKey), "\(message) byte \(index)")
      }
    }
  }

  @Test func `a replayed initiation is refused, and after a restart gains nothing`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    let initiation = wire.recorded[0]
    wire.pass(initiation.bytes, from: initiation.from, to: initiation.to)
    #expect(wire.drops(b, .replayed) == 1)
    let other = DatagramWire()
    let (reborn, _) = other.add(2)
    other.pass(initiation.bytes, from: initiation.from, to: bAddress)
    #expect(!reborn.isUp(a.identity.publicKey))
    other.pass(seconds: 12)
    #expect(reborn.peers.isEmpty)
  }

  @Test func `a replayed or reordered datagram is delivered once`() {
    let (_, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.loses = { _ in true }
    for number in 0..<10 { _ = wire.send(aAddress, to: bAddress, [UInt8(number)]) }
    let sent = wire.recorded.suffix(10)
    for datagram in sent.reversed() + sent { wire.pass(datagram.bytes, from: datagram.from, to: datagram.to) }
    #expect(wire.delivered.map { $0.bytes[0] } == (0..<10).reversed())
    #expect(wire.drops(b, .replayed) == 10)
  }

  @Test func `forged datagrams do not move the window or the address`() {
    let (_, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    _ = wire.send(aAddress, to: bAddress, [1])
    guard var forged = wire.recorded.last else { return }
    let attacker = IPEndpoint(address: IPAddress(v4: 0x0B00_0001), port: 1)
    forged.bytes[12] = 200
    wire.pass(forged.bytes, from: attacker, to: bAddress)
    #expect(wire.drops(b, .notAuthentic) == 1)
    #expect(b.peers.values.first?.endpoint == aAddress)
    #expect(wire.send(aAddress, to: bAddress, [2]))
    #expect(wire.delivered.count == 2)
  }

  @Test func `a peer whose address changed is followed`() {
    let (_, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.loses = { _ in true }
    _ = wire.send(aAddress, to: bAddress, [1])
    guard let last = wire.recorded.last else { return }
    let moved = IPEndpoint(address: aAddress.address, port: 9_999)
    wire.pass(last.bytes, from: moved, to: bAddress)
    #expect(b.peers.values.first?.endpoint == moved)
  }

  @Test func `another network's node is not understood`() {
    let (_, aAddress) = wire.add(1, network: Fixture.otherNetwork)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    #expect(wire.drops(b, .wrongRecipient) == 1)
    #expect(b.peers.isEmpty)
  }

  @Test func `a responder with another key than the pinned one opens nothing`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.run(aAddress) { $0.open(Fixture.key(3).publicKey, at: bAddress, &$1) }
    #expect(wire.drops(b, .wrongRecipient) == 1)
    #expect(!a.isUp(Fixture.key(3).publicKey))
  }

  @Test func `random bytes are dropped with a reason and answered with nothing`() {
    let (b, bAddress) = wire.add(2)
    var random = SeededGenerator(seed: 5)
    let source = IPEndpoint(address: IPAddress(v4: 0x0B00_0001), port: 1)
    let sizes = [0, 1, 28, 29, 37, 137, 173, 600, 1_200, 1_201, 2_000]
    for _ in 0..<2_000 {
      let count = sizes[Int(random.next(below: UInt64(sizes.count)))]
      var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      if count > 0, random.chance(partsPerMillion: 800_000) { bytes[0] = UInt8(random.next(below: 7)) }
      wire.pass(bytes, from: source, to: bAddress)
    }
    #expect(b.drops.values.reduce(0, +) == 2_000)
    for drop in [DatagramDrop.length, .unknownType, .wrongRecipient, .unknownSession] {
      #expect(wire.drops(b, drop) > 0)
    }
    #expect(wire.recorded.isEmpty)
    #expect(b.peers.isEmpty)
  }

  @Test func `under load a cookie is asked for and given`() {
    var settings = DatagramSettings.testnet
    settings.cookieThreshold = 1
    let (b, bAddress) = wire.add(2, settings)
    let (a, aAddress) = wire.add(1)
    let (c, cAddress) = wire.add(3)
    wire.open(aAddress, to: bAddress)
    #expect(b.isUp(a.identity.publicKey))
    wire.open(cAddress, to: bAddress)
    #expect(wire.drops(b, .cookieRequired) == 1)
    #expect(b.isUp(c.identity.publicKey))
    let cookies = wire.recorded.filter { $0.bytes[0] == DatagramMessage.cookie }
    #expect(cookies.map(\.bytes.count) == [37])
  }

  @Test func `a source has a budget of handshakes`() {
    var settings = DatagramSettings()
    settings.handshakesPerAddress = 3
    let (b, bAddress) = wire.add(2, settings)
    for seed: UInt8 in 10..<30 {
      let (_, address) = wire.add(seed)
      wire.loses = { _ in true }
      wire.open(address, to: bAddress)
      guard let initiation = wire.recorded.last else { continue }
      wire.pass(
        initiation.bytes,
        from: IPEndpoint(address: IPAddress(v4: 9), port: UInt16(seed)),
        to: bAddress
      )
    }
    // Beyond it a cookie is asked for, since the address may be forged to use up its owner's budget.
    #expect(wire.drops(b, .cookieRequired) == 14)
    // Of the six within the budget four got a record, as many as an address may have.
    #expect(wire.drops(b, .full) == 2)
    #expect(b.peers.count == 4)
  }

  @Test func `an owner of an address is heard although others forge it`() {
    var settings = DatagramSettings.testnet
    settings.handshakesPerAddress = 1
    let (b, bAddress) = wire.add(2, settings)
    let (a, aAddress) = wire.add(1)
    for seed: UInt8 in 10..<20 {
      let (_, address) = wire.add(seed)
      wire.loses = { _ in true }
      wire.open(address, to: bAddress)
      guard let forged = wire.recorded.last else { continue }
      wire.pass(forged.bytes, from: IPEndpoint(address: aAddress.address, port: 1), to: bAddress)
    }
    wire.loses = { _ in false }
    wire.open(aAddress, to: bAddress)
    #expect(a.isUp(b.identity.publicKey) && b.isUp(a.identity.publicKey))
  }

  @Test func `strangers open no session when the node admits none`() {
    let (b, bAddress) = wire.add(2)
    let (_, aAddress) = wire.add(1)
    b.admits = { _ in false }
    wire.open(aAddress, to: bAddress)
    #expect(wire.drops(b, .stranger) == 1)
    #expect(b.peers.isEmpty)
    #expect(wire.recorded.count == 1)
  }

  @Test func `silence is filled with keep-alives and ends the session when they stop`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.pass(seconds: 200)
    #expect(a.isUp(b.identity.publicKey) && b.isUp(a.identity.publicKey))
    wire.loses = { _ in true }
    wire.pass(seconds: 80)
    #expect(!a.isUp(b.identity.publicKey) && !b.isUp(a.identity.publicKey))
    #expect(wire.downs[b.identity.publicKey] == [a.identity.publicKey])
    wire.loses = { _ in false }
    wire.pass(seconds: 70)
    #expect(a.isUp(b.identity.publicKey) && b.isUp(a.identity.publicKey))
  }

  @Test func `keys are renewed each hour and nothing is lost meanwhile`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    let first = a.peers[b.identity.publicKey]?.current?.localIndex
    for hour in 0..<3 {
      wire.pass(seconds: 1_500)
      #expect(wire.send(aAddress, to: bAddress, [UInt8(hour)]))
      #expect(wire.send(bAddress, to: aAddress, [UInt8(hour)]))
    }
    #expect(wire.delivered.count == 6)
    #expect(a.peers[b.identity.publicKey]?.current?.localIndex != first)
    #expect(wire.downs.isEmpty)
  }

  @Test func `two that call each other at once both end up with a session`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.loses = { _ in true }
    wire.open(aAddress, to: bAddress)
    wire.open(bAddress, to: aAddress)
    wire.loses = { _ in false }
    for datagram in wire.recorded { wire.pass(datagram.bytes, from: datagram.from, to: datagram.to) }
    for number in 0..<5 {
      #expect(wire.send(aAddress, to: bAddress, [UInt8(number)]))
      #expect(wire.send(bAddress, to: aAddress, [UInt8(number)]))
    }
    #expect(wire.delivered.count == 10)
    #expect(a.isUp(b.identity.publicKey) && b.isUp(a.identity.publicKey))
  }

  @Test func `a burst is spread over time and the oldest of too many is dropped`() {
    let (a, aAddress) = wire.add(1)
    let (_, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    for number in 0..<300 { _ = wire.send(aAddress, to: bAddress, [UInt8(number & 255)]) }
    #expect(wire.delivered.count == 64)
    #expect(a.pacingDrops == 300 - 64 - 128)
    wire.now = wire.now + .milliseconds(10)
    wire.run(aAddress) { $0.drainBacklog(&$1) }
    #expect(wire.delivered.count == 84)
    wire.now = wire.now + .seconds(1)
    for _ in 0..<3 {
      wire.run(aAddress) { $0.drainBacklog(&$1) }
      wire.now = wire.now + .seconds(1)
    }
    #expect(wire.delivered.count == 192)
    #expect(!a.hasBacklog)
  }

  @Test func `loss that the peer reports slows the sender down`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.loseData(every: 4)
    wire.send(50, seconds: 10, from: aAddress, to: bAddress)
    let peer = a.peers[b.identity.publicKey]
    #expect((200...300).contains(peer?.lossPerMille ?? 0))
    #expect((peer?.datagramsPerSecond ?? 0) < 1_000)
  }

  @Test func `closing tells the other end`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.run(aAddress) { $0.close(b.identity.publicKey, &$1) }
    #expect(!b.isUp(a.identity.publicKey))
    wire.pass(seconds: 20)
    #expect(a.peers.isEmpty && b.peers.isEmpty)
  }
}
