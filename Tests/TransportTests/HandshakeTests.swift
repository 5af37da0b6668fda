import Cryptography
import NIOCore
import Primitives
import Testing

@testable import Transport

@Suite struct HandshakeTests {
  /// What a run of the three messages came to on each side.
  struct Outcome {
    var dialer: Result<HandshakeResult, HandshakeFailure>?
    var listener: Result<HandshakeResult, HandshakeFailure>?
    var messages: [[UInt8]] = []
  }

  /// Runs a handshake, letting `tamper` change each message on its way.
  func run(
    dialer: LocalIdentity = Fixture.identity(1, account: 11),
    listener: LocalIdentity = Fixture.identity(2, account: 12),
    purpose: SessionPurpose = .peer,
    expecting: ExpectedPeer = .anyone,
    networks: (NetworkIdentity, NetworkIdentity) = (Fixture.network, Fixture.network),
    tamper: (Int, inout [UInt8]) -> Void = { _, _ in }
  ) -> Outcome {
    var outcome = Outcome()
    var initiator = Handshake(
      initiating: purpose,
      expecting: expecting,
      as: dialer,
      on: networks.0,
      introduction: .init(listenPort: 100, hello: [7, 7])
    )
    var responder = Handshake(
      respondingAs: listener,
      on: networks.1,
      introduction: .init(listenPort: 200, hello: [8])
    )
    func pass(_ message: [UInt8]) -> ByteBuffer {
      var bytes = message
      tamper(outcome.messages.count, &bytes)
      outcome.messages.append(bytes)
      return ByteBuffer(bytes: bytes)
    }
    do throws(HandshakeFailure) {
      var first = pass(try initiator.start())
      let second: [UInt8]
      do throws(HandshakeFailure) {
        guard case .reply(let reply) = try responder.receive(&first) else { return outcome }
        second = reply
      } catch {
        outcome.listener = .failure(error)
        second = error.refusal.map { HandshakeMessage.refusal($0) } ?? []
      }
      var input = pass(second)
      guard case .done(let result, let third) = try initiator.receive(&input) else { return outcome }
      outcome.dialer = .success(result)
      var last = pass(third)
      do throws(HandshakeFailure) {
        guard case .done(let result, _) = try responder.receive(&last) else { return outcome }
        outcome.listener = .success(result)
      } catch {
        outcome.listener = .failure(error)
      }
    } catch {
      outcome.dialer = .failure(error)
    }
    return outcome
  }

  func failure(_ result: Result<HandshakeResult, HandshakeFailure>?) -> HandshakeFailure? {
    if case .failure(let failure) = result { failure } else { nil }
  }

  @Test func `both ends learn who the other is and agree on keys`() throws {
    let outcome = run()
    let dialer = try #require(try outcome.dialer?.get())
    let listener = try #require(try outcome.listener?.get())
    #expect(dialer.peer == Fixture.key(2).publicKey)
    #expect(listener.peer == Fixture.key(1).publicKey)
    #expect(dialer.sendKey == listener.receiveKey)
    #expect(dialer.receiveKey == listener.sendKey)
    #expect(dialer.sendKey != dialer.receiveKey)
    #expect(dialer.hello == [8])
    #expect(listener.hello == [7, 7])
    #expect(dialer.listenPort == 200)
    #expect(listener.listenPort == 100)
  }

  @Test func `no two handshakes share a key`() throws {
    let first = try #require(try run().dialer?.get())
    let second = try #require(try run().dialer?.get())
    #expect(first.sendKey != second.sendKey)
  }

  @Test func `a lease session is between account keys`() throws {
    let outcome = run(purpose: .lease, expecting: .account(Address(Fixture.key(12).publicKey)))
    let dialer = try #require(try outcome.dialer?.get())
    let listener = try #require(try outcome.listener?.get())
    #expect(dialer.peer == Fixture.key(12).publicKey)
    #expect(listener.peer == Fixture.key(11).publicKey)
    #expect(listener.purpose == .lease)
  }

  @Test func `a node without an account key refuses lease sessions`() {
    let outcome = run(listener: Fixture.identity(2), purpose: .lease)
    #expect(failure(outcome.listener) == .purposeRefused)
    #expect(failure(outcome.dialer) == .refused(.purposeRefused))
  }

  @Test(arguments: 0..<3)
  func `a changed byte anywhere fails the handshake`(message: Int) throws {
    let count = try #require(run().messages.dropFirst(message).first?.count)
    for index in 0..<count {
      let outcome = run { number, bytes in
        if number == message { bytes[index] ^= 1 << UInt8(index % 8) }
      }
      let dialer = try? outcome.dialer?.get()
      let listener = try? outcome.listener?.get()
      #expect(listener == nil, "message \(message + 1), byte \(index)")
      if message < 2 { #expect(dialer == nil, "message \(message + 1), byte \(index)") }
    }
  }

  @Test(arguments: 0..<3)
  func `a message cut anywhere leaves the handshake waiting`(message: Int) throws {
    let count = try #require(run().messages.dropFirst(message).first?.count)
    for kept in 0..<count {
      let outcome = run { number, bytes in
        if number == message { bytes = Array(bytes.prefix(kept)) }
      }
      #expect((try? outcome.listener?.get()) == nil)
      #expect(failure(outcome.listener) == nil)
      #expect(failure(outcome.dialer) == nil)
    }
  }

  @Test func `another chain is told so`() {
    let outcome = run(networks: (Fixture.network, Fixture.otherNetwork))
    #expect(failure(outcome.listener) == .wrongNetwork)
    #expect(failure(outcome.dialer) == .refused(.wrongNetwork))
  }

  @Test func `another genesis of the same name is another network`() {
    let twin = NetworkIdentity(chainID: "test-1", genesis: Digest.blake2b([9]))
    #expect(failure(run(networks: (Fixture.network, twin)).listener) == .wrongNetwork)
  }

  @Test func `another version is told so`() {
    let older = NetworkIdentity(chainID: "test-1", genesis: Fixture.network.genesis, version: 0)
    let outcome = run(networks: (older, Fixture.network))
    #expect(failure(outcome.listener) == .unsupportedVersion)
    #expect(failure(outcome.dialer) == .refused(.unsupportedVersion))
  }

  @Test func `a dialer that reaches another than it wants gives up before saying who it is`() {
    let outcome = run(expecting: .key(Fixture.key(3).publicKey))
    #expect(failure(outcome.dialer) == .wrongPeer)
    #expect(outcome.messages.count == 2)
  }

  @Test func `a node that reaches itself gives up`() {
    let outcome = run(dialer: Fixture.identity(2), listener: Fixture.identity(2))
    #expect(failure(outcome.dialer) == .selfConnection)
  }

  /// Points of order 1, 2, 4 and 8 and their other encodings: with them a shared secret would be zero.
  static let lowOrderPoints: [[UInt8]] = [
    [UInt8](repeating: 0, count: 32),
    [1] + [UInt8](repeating: 0, count: 31),
    Hex.decode("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")!,
    Hex.decode("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")!,
    Hex.decode("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")!,
    Hex.decode("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")!,
    Hex.decode("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")!,
  ]

  @Test(arguments: lowOrderPoints)
  func `ephemerals of low order are refused by either side`(point: [UInt8]) {
    let atListener = run { number, bytes in
      if number == 0 { bytes.replaceSubrange(2 + 40..<2 + 72, with: point) }
    }
    #expect(failure(atListener.listener) == .lowOrderPoint)
    let atDialer = run { number, bytes in
      if number == 1 { bytes.replaceSubrange(3..<35, with: point) }
    }
    #expect(failure(atDialer.dialer) == .lowOrderPoint)
  }

  @Test func `a recorded dialer cannot be played back`() throws {
    let recorded = run()
    var responder = Handshake(
      respondingAs: Fixture.identity(2),
      on: Fixture.network,
      introduction: .init(listenPort: 200)
    )
    var first = Fixture.buffer(recorded.messages[0])
    guard case .reply(let answer) = try responder.receive(&first) else {
      Issue.record("the first message alone is a valid one")
      return
    }
    #expect(answer != recorded.messages[1])
    #expect(throws: HandshakeFailure.notAuthentic) {
      var third = Fixture.buffer(recorded.messages[2])
      _ = try responder.receive(&third)
    }
  }

  @Test func `a signature of one role does not pass for the other`() throws {
    // The listener's message reflected as the dialer's: other key number, other domain, other transcript.
    let outcome = run { number, bytes in
      guard number == 2 else { return }
      bytes = HandshakeMessage.framed([3] + [UInt8](repeating: 0, count: 114))
    }
    #expect(failure(outcome.listener) == .notAuthentic)
  }

  @Test func `strangers are dropped at their third byte`() {
    for text in ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "SSH-2.0-x"] {
      var responder = Handshake(
        respondingAs: Fixture.identity(2),
        on: Fixture.network,
        introduction: .init(listenPort: 1)
      )
      #expect(throws: HandshakeFailure.malformed) {
        var input = ByteBuffer(string: String(text.prefix(3)))
        _ = try responder.receive(&input)
      }
    }
  }

  @Test func `random bytes never open a session and never trap`() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      var responder = Handshake(
        respondingAs: Fixture.identity(2),
        on: Fixture.network,
        introduction: .init(listenPort: 1)
      )
      var bytes = (0..<random.next(below: 300)).map { _ in UInt8.random(in: 0...255, using: &random) }
      if random.chance(partsPerMillion: 500_000), bytes.count > 2 {
        bytes.replaceSubrange(0..<3, with: [0, 104, 1])
      }
      var input = Fixture.buffer(bytes)
      let step = try? responder.receive(&input)
      if case .done = step { Issue.record("random bytes opened a session") }
    }
  }
}
