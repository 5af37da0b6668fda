import Chain
import Cryptography
import Primitives
import Replication
import Testing

struct MempoolTests {
  let world: World

  init() throws {
    world = try World(validators: 1)
  }

  private func mempool(_ change: (inout Mempool.Limits) -> Void = { _ in }) -> MempoolUnderTest {
    var limits = Mempool.Limits()
    change(&limits)
    return MempoolUnderTest(limits)
  }

  private func all(_ mempool: MempoolUnderTest) -> [UInt64] {
    mempool.candidates(byteLimit: .max, countLimit: .max).map(\.sequence)
  }

  @Test
  func `a sender's transactions become ready in the order of their numbers, whatever order they come in`() {
    let mempool = self.mempool()
    for sequence in [2, 0, 3] as [UInt64] {
      #expect(mempool.insert(world.transfer(sequence), expected: 0, at: 1) == .added)
    }
    #expect(all(mempool) == [0])
    #expect(mempool.nextSequence(of: world.tenant.address, committed: 0) == 1)
    #expect(mempool.insert(world.transfer(1), expected: 0, at: 1) == .added)
    #expect(all(mempool) == [0, 1, 2, 3])
    #expect(mempool.nextSequence(of: world.tenant.address, committed: 0) == 4)
  }

  @Test func `a transaction that waits for a gap is not ready`() {
    let mempool = self.mempool()
    #expect(mempool.insert(world.transfer(5), expected: 4, at: 1) == .added)
    #expect(!mempool.hasReady)
    #expect(all(mempool).isEmpty)
    #expect(mempool.insert(world.transfer(4), expected: 4, at: 1) == .added)
    #expect(mempool.hasReady)
  }

  @Test func `what cannot be taken is refused with its reason`() {
    let mempool = self.mempool { $0.perSender = 3 }
    #expect(mempool.insert(world.transfer(2), expected: 3, at: 1) == .stale(expected: 3))
    #expect(mempool.insert(world.transfer(3), expected: 3, at: 1) == .added)
    #expect(mempool.insert(world.transfer(3), expected: 3, at: 1) == .duplicate)
    let other = world.transfer(3, to: World.key(9).address)
    #expect(mempool.insert(other, expected: 3, at: 1) == .sequenceTaken)
    #expect(mempool.insert(world.transfer(6), expected: 3, at: 1) == .senderFull)
    for sequence in [4, 5] as [UInt64] {
      #expect(mempool.insert(world.transfer(sequence), expected: 3, at: 1) == .added)
    }
    #expect(mempool.count == 3)
  }

  @Test func `count and bytes are bounded`() {
    let size = world.transfer(0).encoded.count
    let few = self.mempool { $0.transactions = 2 }
    let small = self.mempool { $0.bytes = 3 * size - 1 }
    for sequence in 0..<5 as Range<UInt64> {
      _ = few.insert(world.transfer(sequence), expected: 0, at: 1)
      _ = small.insert(world.transfer(sequence), expected: 0, at: 1)
    }
    #expect(few.count == 2)
    #expect(few.insert(world.transfer(2), expected: 0, at: 1) == .full)
    #expect(small.count == 2)
    #expect(small.bytes <= 3 * size - 1)
  }

  @Test func `a block gets as many as fit, each sender's in order`() {
    let mempool = self.mempool()
    // The number 0 is left out of the encoding.
    let size = world.transfer(1).encoded.count
    for sequence in 0..<10 as Range<UInt64> {
      _ = mempool.insert(world.transfer(sequence), expected: 0, at: 1)
    }
    #expect(mempool.candidates(byteLimit: 4 * size + 1, countLimit: 100).map(\.sequence) == [0, 1, 2, 3])
    #expect(mempool.candidates(byteLimit: .max, countLimit: 2).map(\.sequence) == [0, 1])
    #expect(mempool.count == 10, "only a committed block removes")
  }

  @Test func `a sender that was served waits behind the others`() {
    let mempool = self.mempool()
    let keys = [World.key(101), World.key(102)]
    for sequence in 0..<3 as Range<UInt64> {
      for key in keys { _ = mempool.insert(world.transfer(sequence, by: key), expected: 0, at: 1) }
    }
    let first = mempool.candidates(byteLimit: .max, countLimit: 1)
    #expect(first.map(\.sender) == [keys[0].address])
    mempool.commit(first, at: 2) { $0 == keys[0].address ? 1 : 0 }
    #expect(mempool.candidates(byteLimit: .max, countLimit: 1).map(\.sender) == [keys[1].address])
  }

  @Test func `who sends again after every block does not take the turn of one that waits`() {
    let mempool = self.mempool()
    let keys = (101...103).map { World.key($0) }
    var sequences: [Address: UInt64] = [:]
    for key in keys { _ = mempool.insert(world.transfer(0, by: key), expected: 0, at: 1) }
    // Each block has room for one transaction, and its sender sends the next one at once.
    var served: [Address] = []
    for height in 2...7 as ClosedRange<Height> {
      let block = mempool.candidates(byteLimit: .max, countLimit: 1)
      for transaction in block {
        served.append(transaction.sender)
        sequences[transaction.sender] = transaction.sequence + 1
      }
      mempool.commit(block, at: height) { sequences[$0] ?? 0 }
      for key in keys where key.address == served.last {
        let next = sequences[key.address] ?? 0
        _ = mempool.insert(world.transfer(next, by: key), expected: next, at: height)
      }
    }
    #expect(served == (keys + keys).map(\.address))
  }

  @Test func `a block without a sender's transactions leaves its turn`() {
    let mempool = self.mempool()
    let (waiting, other) = (World.key(101), World.key(102))
    for key in [waiting, other] { _ = mempool.insert(world.transfer(0, by: key), expected: 0, at: 1) }
    // Another proposer's block, with a transaction of somebody else.
    mempool.commit([world.transfer(0)], at: 2) { $0 == world.tenant.address ? 1 : 0 }
    #expect(mempool.candidates(byteLimit: .max, countLimit: 1).map(\.sender) == [waiting.address])
  }

  @Test func `a block removes what it has and what it makes stale`() {
    let mempool = self.mempool()
    for sequence in 0..<4 as Range<UInt64> {
      _ = mempool.insert(world.transfer(sequence), expected: 0, at: 1)
    }
    // The block has another transaction with number 0 and one that this pool knows.
    mempool.commit([world.transfer(0, to: World.key(9).address), world.transfer(1)], at: 2) { _ in 2 }
    #expect(all(mempool) == [2, 3])
    #expect(mempool.bytes == world.transfer(2).encoded.count + world.transfer(3).encoded.count)
    mempool.commit([], at: 3) { _ in 2 }
    #expect(mempool.count == 2)
  }

  @Test func `what no block takes is dropped in the end`() {
    let mempool = self.mempool { $0.lifetime = 100 }
    _ = mempool.insert(world.transfer(0), expected: 0, at: 10)
    _ = mempool.insert(world.transfer(5), expected: 0, at: 100)
    mempool.commit([], at: 128) { _ in 0 }
    #expect(mempool.count == 1)
    mempool.commit([], at: 256) { _ in 0 }
    #expect(mempool.isEmpty)
    #expect(mempool.bytes == 0)
    #expect(!mempool.hasReady)
  }

  /// Against a list of all that waits.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `random use agrees with a list`(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let mempool = self.mempool { $0.perSender = 8 }
    let keys = (0..<3).map { World.key(110 + $0) }
    var expected: [Address: UInt64] = [:]
    var waiting: [Transaction] = []
    for step in 0..<200 {
      if generator.next(below: 4) > 0 {
        let key = keys[Int(generator.next(below: 3))]
        let next = expected[key.address] ?? 0
        let transaction = world.transfer(next + generator.next(below: 6), by: key)
        if mempool.insert(transaction, expected: next, at: 1) == .added { waiting.append(transaction) }
      } else {
        let block = mempool.candidates(byteLimit: .max, countLimit: Int(generator.next(below: 5)))
        for transaction in block { expected[transaction.sender, default: 0] = transaction.sequence + 1 }
        mempool.commit(block, at: 2) { expected[$0] ?? 0 }
        waiting.removeAll { $0.sequence < expected[$0.sender] ?? 0 }
      }
      #expect(mempool.count == waiting.count, "seed \(seed) step \(step)")
      #expect(mempool.bytes == waiting.reduce(0) { $0 + $1.encoded.count })
      for transaction in waiting { #expect(mempool[transaction.hash] != nil) }
      let ready = mempool.candidates(byteLimit: .max, countLimit: .max)
      for key in keys {
        var next = expected[key.address] ?? 0
        while waiting.contains(where: { $0.sender == key.address && $0.sequence == next }) { next += 1 }
        let own = ready.filter { $0.sender == key.address }.map(\.sequence)
        #expect(own == Array((expected[key.address] ?? 0)..<next), "seed \(seed) step \(step)")
      }
    }
  }
}
