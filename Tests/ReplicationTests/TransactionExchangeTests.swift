import Chain
import Cryptography
import Gossip
import Primitives
import Testing
import Wire

@testable import Replication

/// Transactions by name: told, asked for once, given once.
@Suite struct TransactionExchangeTests {
  private let peers = (0..<3).map { World.key(70 + $0).publicKey }

  private func hash(_ number: UInt64) -> Digest {
    var writer = ByteWriter()
    writer.write(number)
    return .sha256(writer.bytes)
  }

  private func at(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }

  @Test func `names gather for some milliseconds and share frames of at most 1,200 bytes`() throws {
    var exchange = TransactionExchange()
    for number in UInt64(0)..<200 { exchange.announce(hash(number), to: [peers[0]], at: at(1_000)) }
    #expect(exchange.deadline == at(1_005))
    #expect(exchange.takeDue(at: at(1_004)).tell.isEmpty)
    let frames = exchange.takeDue(at: at(1_005)).tell
    #expect(frames.map(\.1.count) == [75, 75, 50])
    for (_, names) in frames {
      let message = PeerMessage.transactionNames(names)
      #expect(message.encoded.count <= 1_210)
      let read = try PeerMessage(kind: .transactionNames, bytes: message.encoded)
      guard case .transactionNames(names) = read else {
        Issue.record("\(read)")
        continue
      }
    }
    #expect(exchange.deadline == nil)
  }

  @Test
  func
    `what several tell of is asked of the first, then of the next, and comes off the list when it is here`()
  {
    var exchange = TransactionExchange()
    let name = TransactionName(hash(1))
    exchange.handleAnnouncement([name], by: peers[0], at: at(0))
    exchange.handleAnnouncement([name], by: peers[1], at: at(1))
    #expect(exchange.takeDue(at: at(25)).ask.map(\.0) == [peers[0]])
    #expect(exchange.takeDue(at: at(100)).ask.isEmpty)
    #expect(exchange.takeDue(at: at(275)).ask.map(\.0) == [peers[1]])
    exchange.recordAdded(hash(1), bytes: 250, at: at(300))
    #expect(exchange.takeDue(at: at(2_000)).ask.isEmpty && exchange.deadline == nil)
    exchange.handleAnnouncement([name], by: peers[2], at: at(2_000))
    #expect(exchange.deadline == nil, "what is here is not asked for")
  }

  @Test func `a pushed copy that comes meanwhile spares the pull, and a rejected one is not asked for again`()
  {
    var exchange = TransactionExchange()
    exchange.handleAnnouncement(
      [TransactionName(hash(1)), TransactionName(hash(2))],
      by: peers[0],
      at: at(0)
    )
    exchange.recordAdded(hash(1), bytes: 250, at: at(10))
    exchange.markHandled(hash(2), at: at(10))
    #expect(exchange.takeDue(at: at(25)).ask.isEmpty)
    #expect(exchange.counters.requested == 0 && exchange.counters.distinctBytes == 250)
  }

  @Test func `each peer is given a transaction once, and nobody what is not here`() {
    var exchange = TransactionExchange()
    exchange.recordAdded(hash(1), bytes: 250, at: at(0))
    let names = [TransactionName(hash(1)), TransactionName(hash(9))]
    #expect(exchange.answerRequest(names, by: peers[0], at: at(1)) == [hash(1)])
    #expect(exchange.answerRequest(names, by: peers[0], at: at(2)).isEmpty)
    #expect(exchange.answerRequest(names, by: peers[1], at: at(3)) == [hash(1)])
  }

  @Test func `a flood of names is bounded per peer, and ends with its session`() {
    var exchange = TransactionExchange()
    for start in stride(from: UInt64(0), to: 10_000, by: 75) {
      exchange.handleAnnouncement(
        (start..<start + 75).map { TransactionName(hash($0)) },
        by: peers[0],
        at: at(0)
      )
    }
    let asked = exchange.takeDue(at: at(25)).ask.reduce(0) { $0 + $1.1.count }
    #expect(asked == TransactionExchange.wantedPerPeer)
    exchange.handleAnnouncement([TransactionName(hash(20_000))], by: peers[1], at: at(30))
    #expect(exchange.takeDue(at: at(60)).ask.map(\.0) == [peers[1]])
    exchange.remove(peers[0])
    exchange.remove(peers[1])
    #expect(exchange.takeDue(at: at(10_000)).ask.isEmpty && exchange.deadline == nil)
  }

  @Test func `names that are not a whole number, or too many, are no frame`() {
    for count in [1, 15, 17, 76 * 16] {
      #expect(throws: DecodingError.self) {
        try TransactionName.decode([UInt8](repeating: 7, count: count))
      }
    }
  }

  @Test func `a validator tells of a stranger's transaction and another pulls it`() throws {
    let world = try World()
    let left = Harness(world, key: world.validators[0], name: 50)
    let right = Harness(world, key: world.validators[1], name: 51)
    for node in [left, right] { node.step(.started) }
    left.connect(right.name)
    right.connect(left.name)
    let stranger = World.key(80).publicKey
    left.connect(stranger, role: .full)
    let transaction = world.transfer(0)
    left.step(.transactions([transaction], from: stranger))
    left.run(for: .milliseconds(50)) { !$0.sent(.transactionNames).isEmpty }
    for message in left.sent(.transactionNames) { right.step(.message(message, from: left.name)) }
    right.run(for: .milliseconds(100)) { !$0.sent(.transactionRequest).isEmpty }
    for message in right.sent(.transactionRequest) { left.step(.message(message, from: right.name)) }
    let given = left.sent(.transactions).compactMap { message -> [[UInt8]]? in
      if case .transactions(let bytes) = message { bytes } else { nil }
    }
    #expect(given == [[transaction.encoded]])
    #expect(left.replica.exchange.counters.sentBytes == UInt64(transaction.encoded.count))
    #expect(left.replica.exchange.counters.supplied == 1)
  }
}

extension Harness {
  func sent(_ kind: FrameKind) -> [PeerMessage] { sent.map(\.message).filter { $0.kind == kind } }
}
