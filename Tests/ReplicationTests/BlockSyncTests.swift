import Chain
import Cryptography
import Primitives
import Testing

@testable import Replication

/// Whom a node that is behind asks for what.
struct BlockSyncTests {
  private static let chain: [CommittedBlock] = {
    guard let world = try? World(validators: 1) else { return [] }
    return Harness.chain(world, heights: 200).store.blocks
  }()

  private static func read(_ heights: Range<Height>) -> [(block: Block, certificate: Certificate)] {
    chain[Int(heights.lowerBound) - 1..<Int(heights.upperBound) - 1].map {
      (try! Block(decoding: $0.block), try! Certificate(decoding: $0.certificate))
    }
  }

  private static let peers = (1...6).map { World.key($0).publicKey }.sorted()

  private static func at(_ milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }

  @Test func `several peers are asked at once for blocks that follow each other`() {
    let sync = SyncUnderTest()
    for peer in Self.peers { sync.handleStatus(from: peer, height: 500, base: 1, at: .zero) }
    let requests = sync.requests(committed: 10, at: .zero)
    #expect(requests.map(\.from) == [11, 43, 75, 107])
    #expect(requests.map(\.count) == [32, 32, 32, 32])
    #expect(Set(requests.map(\.peer)).count == 4)
    #expect(sync.requests(committed: 10, at: Self.at(100)).isEmpty, "nothing is asked for twice")
  }

  @Test func `a peer is only asked for what it says it has`() {
    let sync = SyncUnderTest()
    sync.handleStatus(from: Self.peers[0], height: 15, base: 13, at: .zero)
    sync.handleStatus(from: Self.peers[1], height: 12, base: 1, at: .zero)
    let requests = sync.requests(committed: 10, at: .zero)
    #expect(
      requests == [
        .init(peer: Self.peers[1], from: 11, count: 2), .init(peer: Self.peers[0], from: 13, count: 3),
      ]
        || requests == [.init(peer: Self.peers[1], from: 11, count: 2)]
    )
  }

  @Test func `a peer that is one height ahead is not asked at once`() {
    let sync = SyncUnderTest()
    sync.handleStatus(from: Self.peers[0], height: 11, base: 1, at: .zero)
    #expect(sync.requests(committed: 10, at: Self.at(100)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(300)).count == 1)
  }

  @Test func `an unanswered request goes to others, and the silent peer rests longer each time`() {
    let sync = SyncUnderTest()
    let (silent, other) = (Self.peers[0], Self.peers[1])
    sync.handleStatus(from: silent, height: 40, base: 1, at: .zero)
    #expect(sync.requests(committed: 10, at: .zero).map(\.peer) == [silent])
    sync.handleStatus(from: other, height: 40, base: 1, at: .zero)
    #expect(sync.requests(committed: 10, at: Self.at(1_999)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(2_000)).map(\.peer) == [other])
    sync.remove(other)
    // It rests for 2 s, then after another silence for 4 s.
    #expect(sync.requests(committed: 10, at: Self.at(3_999)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(4_000)).map(\.peer) == [silent])
    #expect(sync.requests(committed: 10, at: Self.at(6_000)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(9_999)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(10_000)).map(\.peer) == [silent])
  }

  @Test func `a late answer is dropped without blame, an unasked one too`() {
    let sync = SyncUnderTest()
    let peer = Self.peers[0]
    sync.handleStatus(from: peer, height: 40, base: 1, at: .zero)
    #expect(!sync.handleResponse(from: peer, blocks: Self.read(11..<13), committed: 10, at: .zero))
    _ = sync.requests(committed: 10, at: .zero)
    _ = sync.requests(committed: 10, at: Self.at(2_000))
    #expect(!sync.handleResponse(from: peer, blocks: Self.read(11..<13), committed: 10, at: Self.at(2_100)))
    #expect(sync.take(after: 10) == nil)
  }

  @Test func `blocks wait for their turn, whatever order they come in`() {
    let sync = SyncUnderTest()
    for peer in Self.peers[0..<2] { sync.handleStatus(from: peer, height: 74, base: 1, at: .zero) }
    let requests = sync.requests(committed: 10, at: .zero)
    #expect(requests.map(\.from) == [11, 43])
    let second = requests[1].peer
    #expect(sync.handleResponse(from: second, blocks: Self.read(43..<75), committed: 10, at: .zero))
    #expect(sync.take(after: 10) == nil)
    let first = requests[0].peer
    #expect(sync.handleResponse(from: first, blocks: Self.read(11..<43), committed: 10, at: .zero))
    for height in 11..<75 as Range<Height> {
      #expect(sync.take(after: height - 1)?.block.header.height == height)
    }
  }

  @Test func `blocks that were not asked for are not kept, and their sender rests`() {
    let sync = SyncUnderTest()
    let peer = Self.peers[0]
    sync.handleStatus(from: peer, height: 40, base: 1, at: .zero)
    _ = sync.requests(committed: 10, at: .zero)
    #expect(sync.handleResponse(from: peer, blocks: Self.read(100..<120), committed: 10, at: .zero))
    #expect(sync.take(after: 99) == nil)
    #expect(sync.requests(committed: 10, at: Self.at(1_000)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(2_000)).count == 1)
    #expect(sync.handleResponse(from: peer, blocks: [], committed: 10, at: Self.at(2_000)))
    #expect(sync.requests(committed: 10, at: Self.at(5_999)).isEmpty, "an empty answer is no better")
    #expect(sync.requests(committed: 10, at: Self.at(6_000)).count == 1)
  }

  @Test func `a peer that sent a wrong block loses all it sent and is asked after others`() {
    let sync = SyncUnderTest()
    let (liar, other) = (Self.peers[0], Self.peers[1])
    sync.handleStatus(from: liar, height: 74, base: 1, at: .zero)
    _ = sync.requests(committed: 10, at: .zero)
    _ = sync.handleResponse(from: liar, blocks: Self.read(11..<43), committed: 10, at: .zero)
    sync.reject(liar, at: .zero)
    #expect(sync.take(after: 10) == nil)
    sync.handleStatus(from: other, height: 74, base: 1, at: .zero)
    #expect(sync.requests(committed: 10, at: .zero).map(\.peer) == [other])
    sync.remove(other)
    #expect(sync.requests(committed: 10, at: Self.at(59_999)).isEmpty)
    #expect(sync.requests(committed: 10, at: Self.at(60_000)).map(\.peer) == [liar])
  }

  /// A liar's height is worth a request to the liar.
  @Test func `a claim beyond all others holds up nobody`() {
    let sync = SyncUnderTest()
    let (liar, honest) = (Self.peers[0], Self.peers[1])
    sync.handleStatus(from: liar, height: 1_000_000, base: 900_000, at: .zero)
    sync.handleStatus(from: honest, height: 42, base: 1, at: .zero)
    let requests = sync.requests(committed: 10, at: .zero)
    #expect(requests == [.init(peer: honest, from: 11, count: 32)])
  }
}
