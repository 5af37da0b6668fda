import Cryptography
import Primitives
import Testing

@testable import Transport

/// Datagrams where the path is bad: the owner is told to use the stream, and when to try again.
@Suite struct DatagramQualityTests {
  private let wire = DatagramWire()

  @Test func `where a tenth is lost the stream is used for half a minute`() throws {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.loseData(every: 8)
    wire.send(40, seconds: 4, from: aAddress, to: bAddress)
    #expect(wire.usable[a.identity.publicKey] == [false])
    #expect(a.isUp(b.identity.publicKey), "the session stays for the next try")
    wire.loses = { _ in false }
    wire.pass(seconds: 28)
    #expect(wire.usable[a.identity.publicKey] == [false])
    wire.pass(seconds: 4)
    #expect(wire.usable[a.identity.publicKey] == [false, true])
    wire.send(40, seconds: 10, from: aAddress, to: bAddress)
    #expect(wire.usable[a.identity.publicKey] == [false, true])
    #expect(wire.usable[b.identity.publicKey] == nil)
  }

  @Test func `where little is lost datagrams go on`() {
    let (a, aAddress) = wire.add(1)
    let (_, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    var count = 0
    wire.loses = { _ in
      count += 1
      return count % 20 == 0
    }
    wire.send(40, seconds: 60, from: aAddress, to: bAddress)
    #expect(wire.usable[a.identity.publicKey] == nil)
  }

  @Test(arguments: [true, false])
  func `a path that is blocked after the session came up is noticed within ten seconds`(isOneWay: Bool) throws
  {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.send(4, seconds: 12, from: aAddress, to: bAddress)
    #expect(wire.usable.isEmpty)
    // What the other end sends still arrives when only one direction is blocked.
    let fromFirst = a.peers[b.identity.publicKey]?.current?.remoteIndex
    wire.loses = { bytes in !isOneWay || DatagramMessage.index(bytes, at: 1) == fromFirst }
    for _ in 0..<10 {
      _ = wire.send(bAddress, to: aAddress, [1])
      wire.send(4, seconds: 1, from: aAddress, to: bAddress)
    }
    #expect(wire.usable[a.identity.publicKey] == [false])
    wire.loses = { _ in false }
    // What came in between is reported as a loss, which has to pass, too.
    wire.pass(seconds: 40)
    #expect(wire.usable[a.identity.publicKey]?.last == true)
  }

  @Test func `who sends nothing asks nothing`() {
    let (_, aAddress) = wire.add(1)
    let (_, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    let before = wire.recorded.count
    wire.pass(seconds: 20)
    #expect(wire.recorded.count == before)
  }

  @Test func `a node that did not run for two minutes gives up no session`() {
    let (a, aAddress) = wire.add(1)
    let (b, bAddress) = wire.add(2)
    wire.open(aAddress, to: bAddress)
    wire.pass(seconds: 5)
    wire.now = wire.now + .seconds(120)
    wire.pass(seconds: 30)
    #expect(a.isUp(b.identity.publicKey) && b.isUp(a.identity.publicKey))
    #expect(wire.downs.isEmpty)
  }
}
