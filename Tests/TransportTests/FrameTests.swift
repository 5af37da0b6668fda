import Cryptography
import NIOCore
import Primitives
import Testing

@testable import Transport

@Suite struct FrameAssemblerTests {
  func receive(_ record: [UInt8], into assembler: inout FrameAssembler) throws(FrameViolation)
    -> [InboundFrame]
  {
    var frames: [InboundFrame] = []
    try assembler.receive(record, into: &frames)
    return frames
  }

  func begin(_ slot: UInt8, _ type: UInt8, total: UInt32) -> [UInt8] {
    [0xF0, 0, 0, 6, slot, type] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: total >> $0) }
  }

  func piece(_ slot: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    let count = bytes.count + 1
    return [0xF1, UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), slot] + bytes
  }

  @Test func `several frames share a record`() throws {
    var assembler = FrameAssembler(limits: Fixture.frames)
    let frames = try receive([1, 0, 0, 2, 5, 6, 9, 0, 0, 0, 0xF2, 0, 0, 0], into: &assembler)
    #expect(frames == [.message(type: 1, bytes: [5, 6]), .message(type: 9, bytes: []), .ping])
  }

  @Test func `a frame larger than its type may be is refused`() {
    var assembler = FrameAssembler(limits: Fixture.frames)
    let record = [1, 0, 3, 0xE9] + [UInt8](repeating: 0, count: 1_001)
    #expect(throws: FrameViolation.tooLarge) { try receive(record, into: &assembler) }
  }

  @Test func `a frame that reaches beyond its record is refused`() {
    var assembler = FrameAssembler(limits: Fixture.frames)
    #expect(throws: FrameViolation.malformed) { try receive([1, 0xFF, 0xFF, 0xFF], into: &assembler) }
    #expect(throws: FrameViolation.malformed) { try receive([1, 0, 0], into: &assembler) }
  }

  @Test func `unknown types are refused unless they are optional`() throws {
    var assembler = FrameAssembler(limits: Fixture.frames)
    #expect(throws: FrameViolation.unknownType) { try receive([5, 0, 0, 0], into: &assembler) }
    #expect(try receive([0x80, 0, 0, 1, 7, 9, 0, 0, 0], into: &assembler) == [.message(type: 9, bytes: [])])
    #expect(throws: FrameViolation.unknownType) { try receive([0xFA, 0, 0, 0], into: &assembler) }
  }

  @Test func `four gibibytes announced hold no memory`() {
    var assembler = FrameAssembler(limits: Fixture.frames)
    #expect(throws: FrameViolation.tooLarge) { try receive(begin(3, 2, total: .max), into: &assembler) }
    #expect(assembler.pendingBytes == 0)
  }

  @Test func `a record unfolds to a limited number of frames`() throws {
    var assembler = FrameAssembler(limits: Fixture.frames)
    let empty: [UInt8] = [9, 0, 0, 0]
    let most = Array(repeatElement(empty, count: 4_096).joined())
    #expect(try receive(most, into: &assembler).count == 4_096)
    #expect(throws: FrameViolation.malformed) { try receive(most + empty, into: &assembler) }
  }

  @Test func `pieces of two classes interleave`() throws {
    var assembler = FrameAssembler(limits: Fixture.frames)
    #expect(try receive(begin(3, 2, total: 4) + piece(3, [1, 2]), into: &assembler) == [])
    #expect(try receive(begin(0, 2, total: 2) + piece(0, [8]), into: &assembler) == [])
    #expect(assembler.pendingBytes == 3)
    let frames = try receive(piece(3, [3, 4]) + piece(0, [9]), into: &assembler)
    #expect(frames == [.message(type: 2, bytes: [1, 2, 3, 4]), .message(type: 2, bytes: [8, 9])])
    #expect(assembler.pendingBytes == 0)
  }

  @Test func `pieces that do not fit together are refused`() throws {
    let announced = begin(2, 2, total: 3)
    for record in [
      piece(2, [1]), announced + announced, announced + piece(2, [1, 2, 3, 4]), announced + piece(2, []),
      announced + piece(1, [1]),
    ] {
      var assembler = FrameAssembler(limits: Fixture.frames)
      #expect(throws: FrameViolation.fragment) { try receive(record, into: &assembler) }
    }
    for record in [
      begin(7, 2, total: 3), begin(2, 2, total: 0), [0xF0, 0, 0, 1, 2], [0xF4, 0, 0, 0], piece(9, [1]),
    ] {
      var assembler = FrameAssembler(limits: Fixture.frames)
      #expect(throws: FrameViolation.malformed) { try receive(record, into: &assembler) }
    }
    var assembler = FrameAssembler(limits: Fixture.frames)
    #expect(throws: FrameViolation.unknownType) { try receive(begin(2, 0xF1, total: 3), into: &assembler) }
  }

  @Test func `random records never trap`() {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<5_000 {
      var assembler = FrameAssembler(limits: Fixture.frames)
      var record: [UInt8] = []
      for _ in 0..<random.next(below: 6) {
        let kinds: [UInt8] = [1, 2, 9, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xFF]
        record += [kinds[Int(random.next(below: 10))], 0, 0, UInt8(random.next(below: 8))]
        record += (0..<random.next(below: 8)).map { _ in UInt8.random(in: 0...5, using: &random) }
      }
      _ = try? receive(record, into: &assembler)
    }
  }
}

@Suite struct RecordCipherTests {
  let key = Digest.blake2b([1])

  func pair(_ policy: RekeyPolicy = RekeyPolicy()) -> (RecordSealerBox, RecordOpenerBox) {
    (RecordSealerBox(key, policy), RecordOpenerBox(key))
  }

  /// Values without copies cannot be captured by expectations; a box can.
  final class RecordSealerBox {
    var sealer: RecordSealer
    init(_ key: Digest, _ policy: RekeyPolicy) {
      sealer = RecordSealer(key: key, policy: policy, at: Fixture.start)
    }
    func seal(_ bytes: [UInt8], final: Bool = false, at now: Instant = Fixture.start) -> [UInt8] {
      var output = ByteBuffer()
      sealer.seal(bytes, final: final, at: now, into: &output)
      return Array(output.readableBytesView)
    }
  }

  final class RecordOpenerBox {
    var opener: RecordOpener
    init(_ key: Digest) { opener = RecordOpener(key: key) }
    func next(_ input: inout ByteBuffer) throws(FrameViolation) -> (bytes: [UInt8], isFinal: Bool)? {
      try opener.next(from: &input)
    }
  }

  @Test func `records arrive whatever the pieces are in which they come`() throws {
    let (sealer, opener) = pair()
    let wire = sealer.seal([1, 2, 3]) + sealer.seal([]) + sealer.seal([4], final: true)
    var input = ByteBuffer()
    var records: [[UInt8]] = []
    var ends: [Bool] = []
    for byte in wire {
      input.writeInteger(byte)
      while let record = try opener.next(&input) {
        records.append(record.bytes)
        ends.append(record.isFinal)
      }
    }
    #expect(records == [[1, 2, 3], [], [4]])
    #expect(ends == [false, false, true])
  }

  @Test func `lengths out of range end the stream at their third byte`() throws {
    for length: [UInt8] in [[0xFF, 0xFF, 0xFF], [0x10, 0, 1], [0, 0, 16], [0, 0, 0]] {
      let (sealer, opener) = pair()
      var input = ByteBuffer(bytes: sealer.seal([]).prefix(24) + length)
      #expect(throws: FrameViolation.recordLength) { _ = try opener.next(&input) }
    }
  }

  @Test func `a changed, repeated or dropped record ends the stream`() throws {
    let (sealer, _) = pair()
    let first = sealer.seal([1])
    let second = sealer.seal([2])
    let third = sealer.seal([3])
    for wire in [
      first + third, first + second + second, Array(first.dropLast()) + [first[first.count - 1] ^ 1],
    ] {
      let opener = RecordOpenerBox(key)
      var input = ByteBuffer(bytes: wire)
      #expect(throws: FrameViolation.notAuthentic) {
        while try opener.next(&input) != nil {}
      }
    }
  }

  @Test func `bytes after the end are refused`() throws {
    let (sealer, opener) = pair()
    var input = ByteBuffer(bytes: sealer.seal([1], final: true) + [0])
    _ = try opener.next(&input)
    #expect(throws: FrameViolation.afterEnd) { _ = try opener.next(&input) }
  }

  @Test func `keys change by bytes and by time and the other side follows`() throws {
    let (sealer, opener) = pair(RekeyPolicy(bytes: 10, interval: .seconds(60)))
    var input = ByteBuffer()
    for index in 0..<20 {
      input.writeBytes(
        sealer.seal([UInt8](repeating: 1, count: 4), at: Fixture.start + .seconds(UInt64(index)))
      )
    }
    #expect(sealer.sealer.rekeys == 6)
    input.writeBytes(sealer.seal([], at: Fixture.start + .seconds(200)))
    #expect(sealer.sealer.rekeys == 7)
    input.writeBytes(sealer.seal([9], at: Fixture.start + .seconds(200)))
    var last: [UInt8] = []
    while let record = try opener.next(&input) { last = record.bytes }
    #expect(last == [9])
  }
}

@Suite struct OutboundQueueTests {
  /// Expectations cannot change a value; a box can.
  final class Queue {
    var queue: OutboundQueue
    init(_ limits: QueueLimits = QueueLimits()) { queue = OutboundQueue(limits: limits) }

    func enqueue(_ type: UInt8, _ bytes: [UInt8], _ traffic: TrafficClass) -> OutboundQueue.Admission {
      queue.enqueue(type: type, bytes: bytes, class: traffic)
    }

    func next() -> [UInt8]? { queue.nextRecord() }

    func drain() -> [[UInt8]] {
      var records: [[UInt8]] = []
      while let record = next() { records.append(record) }
      return records
    }
  }

  func frames(_ records: [[UInt8]]) throws -> [InboundFrame] {
    var assembler = FrameAssembler(limits: .uniform(4 << 20))
    var frames: [InboundFrame] = []
    for record in records { try assembler.receive(record, into: &frames) }
    return frames
  }

  @Test func `small messages share records of at most 16 KiB`() throws {
    let queue = Queue()
    for index in 0..<200 {
      _ = queue.enqueue(1, [UInt8](repeating: UInt8(index), count: 250), .gossip)
    }
    let records = queue.drain()
    #expect(records.count == 4)
    #expect(records.allSatisfy { $0.count <= 16 << 10 })
    #expect(try frames(records).count == 200)
    #expect(queue.queue.isEmpty)
    #expect(queue.queue.totalBytes == 0)
  }

  @Test func `large messages travel in pieces and consensus slips in between`() throws {
    let queue = Queue()
    let large = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0) }
    _ = queue.enqueue(2, large, .sync)
    var records: [[UInt8]] = []
    records.append(try #require(queue.next()))
    _ = queue.enqueue(1, [7], .consensus)
    records += queue.drain()
    #expect(records.allSatisfy { $0.count <= (64 << 10) + 32 })
    #expect(try frames(records) == [.message(type: 1, bytes: [7]), .message(type: 2, bytes: large)])
  }

  @Test func `no class but consensus can starve another`() throws {
    let queue = Queue()
    for _ in 0..<100 {
      _ = queue.enqueue(1, [UInt8](repeating: 0, count: 10_000), .gossip)
      _ = queue.enqueue(2, [UInt8](repeating: 0, count: 40_000), .blocks)
      _ = queue.enqueue(3, [UInt8](repeating: 0, count: 40_000), .sync)
    }
    var seen: Set<UInt8> = []
    for _ in 0..<30 {
      let record = try #require(queue.next())
      seen.insert(record[0])
    }
    #expect(seen == [1, 2, 3])
  }

  @Test func `a full gossip queue drops the oldest`() throws {
    let queue = Queue(QueueLimits(gossip: 300))
    #expect(queue.enqueue(1, [1] + [UInt8](repeating: 0, count: 99), .gossip) == .queued(displaced: 0))
    #expect(queue.enqueue(1, [2] + [UInt8](repeating: 0, count: 99), .gossip) == .queued(displaced: 0))
    #expect(
      queue.enqueue(1, [3] + [UInt8](repeating: 0, count: 99), .gossip) == .queued(displaced: 1)
    )
    #expect(queue.enqueue(1, [UInt8](repeating: 0, count: 400), .gossip) == .refused)
    let firsts = try frames(queue.drain()).map { frame in
      if case .message(_, let bytes) = frame { bytes[0] } else { UInt8(0) }
    }
    #expect(firsts == [2, 3])
  }

  @Test func `a message in pieces that has begun is not dropped`() throws {
    let queue = Queue(QueueLimits(gossip: 200_000))
    let large = [UInt8](repeating: 5, count: 150_000)
    _ = queue.enqueue(2, large, .gossip)
    var records = [try #require(queue.next())]
    _ = queue.enqueue(1, [UInt8](repeating: 1, count: 30_000), .gossip)
    #expect(
      queue.enqueue(1, [UInt8](repeating: 2, count: 30_000), .gossip) == .queued(displaced: 1)
    )
    records += queue.drain()
    #expect(try frames(records).count == 2)
    #expect(try frames(records).first == .message(type: 2, bytes: large))
  }

  @Test
  func `a full consensus or lease queue means the peer is too slow, a full block or sync queue refuses`() {
    let queue = Queue(QueueLimits(consensus: 100, blocks: 100, sync: 100, lease: 100))
    let bytes = [UInt8](repeating: 0, count: 90)
    for (traffic, expected) in [
      (TrafficClass.consensus, OutboundQueue.Admission.overflow), (.lease, .overflow), (.blocks, .refused),
      (.sync, .refused),
    ] {
      #expect(queue.enqueue(1, bytes, traffic) == .queued(displaced: 0))
      #expect(queue.enqueue(1, bytes, traffic) == expected)
    }
  }
}
