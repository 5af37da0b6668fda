import Chain
import Cryptography
import Foundation
import Gossip
import Primitives
import Testing
import Wire

@testable import Replication

/// A validator under messages that decode and mean nonsense: real ones with damaged bytes, from a peer that it takes
/// for a validator and from one that it does not.
///
/// `SUPERCLOUD_FUZZ_SECONDS` sets the time, `SUPERCLOUD_FUZZ_SEED` the seed.
struct ReplicaFuzzTests {
  private static let environment = ProcessInfo.processInfo.environment

  @Test func `damaged messages that decode stop no validator and change nothing that was decided`() throws {
    let seed = Self.environment["SUPERCLOUD_FUZZ_SEED"].flatMap(UInt64.init) ?? 4_711
    let seconds = Self.environment["SUPERCLOUD_FUZZ_SECONDS"].flatMap(Double.init).map { $0 / 10 }
    var generator = SeededGenerator(seed: seed)
    let quartet = try Quartet()
    try commit(to: 6, quartet)
    let frames = Self.frames(of: quartet) + Self.gossip(quartet)
    let victim = quartet.nodes[0]
    let stranger = World.key(90).publicKey
    victim.connect(stranger, role: .full)
    let decided = victim.contents.mapValues(\.tip)

    let clock = ContinuousClock()
    let start = clock.now
    var (inputs, decoded) = (0, 0)
    while seconds.map({ clock.now - start < .seconds($0) }) ?? (inputs < 6_000) {
      for _ in 0..<100 {
        inputs += 1
        let (kind, bytes) = frames[Int(generator.next(below: UInt64(frames.count)))]
        var damaged = bytes
        for _ in 0...generator.next(below: 3) { Self.damage(&damaged, &generator) }
        let peer = generator.next(below: 4) == 0 ? stranger : quartet.nodes[1].name
        guard let input = Self.input(kind, damaged, from: peer) else { continue }
        decoded += 1
        victim.step(input)
      }
      victim.run(for: .milliseconds(50)) { _ in false }
      victim.sent = []
    }
    print(
      "replica fuzz: seed \(seed), \(inputs) inputs, \(decoded) decoded, height \(victim.store.tip.height)"
    )
    #expect(decoded > inputs / 10)
    for (height, tip) in decided { #expect(victim.contents[height]?.tip.block == tip.block) }
    #expect(victim.alarms.isEmpty)
    // It is one of the four as before.
    try commit(to: quartet.nodes.map(\.store.tip.height).max()! + 3, quartet)
    #expect(Set(quartet.nodes.map { $0.contents[6]?.tip.block }).count == 1)
  }

  private func commit(to height: Height, _ quartet: Quartet) throws {
    while quartet.nodes.contains(where: { $0.store.tip.height < height }) {
      let sequence = quartet.nodes[1].replica.nextSequence(of: quartet.world.tenant.address)
      for node in quartet.nodes { node.admit(quartet.world.transfer(sequence)) }
      let lowest = quartet.nodes.map(\.store.tip.height).min() ?? 0
      try #require(quartet.run { $0.nodes.allSatisfy { $0.store.tip.height > lowest } })
    }
  }

  // MARK: What is damaged

  /// Every kind of message that the four sent, and those that they had no occasion for.
  private static func frames(of quartet: Quartet) -> [(FrameKind, [UInt8])] {
    var byKind: [FrameKind: [[UInt8]]] = [:]
    for (message, _, target) in quartet.delivered where target == 0 {
      byKind[message.kind, default: []].append(message.encoded)
    }
    let blocks = quartet.nodes[1].store.blocks
    let others: [PeerMessage] = [
      .blocksRequest(from: 1, count: 4), .blocksResponse(Array(blocks.suffix(2))),
      .candidateRequest(quartet.nodes[1].store.tip.block, 6), .candidate(blocks[0].block),
      .missingRequest(block: quartet.nodes[1].store.tip.block, places: [0]),
      .missingTransactions(block: quartet.nodes[1].store.tip.block, [[1, 2]]),
      .transactionNames([TransactionName(.sha256([1]))]),
      .transactionRequest([TransactionName(.sha256([1]))]),
    ]
    for message in others { byKind[message.kind, default: []].append(message.encoded) }
    // The newest of each, so that heights and rounds are near.
    return byKind.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { kind, all in
      all.suffix(8).map { (kind, $0) }
    }
  }

  private static func gossip(_ quartet: Quartet) -> [(FrameKind, [UInt8])] {
    let expiry = quartet.world.genesis.time.advanced(byMilliseconds: 3_600_000)
    let withdrawal = Withdrawal(object: .sha256([1]), expiresAt: expiry)
    let object = SignedObject(
      kind: .withdrawal,
      body: withdrawal.encoded,
      signer: quartet.world.tenant,
      chain: World.chain
    )
    let record = NodeRecord(
      sequence: 1,
      addresses: ["127.0.0.1:1"],
      role: .full,
      protocolVersion: 1,
      expiresAt: expiry
    )
    let signedRecord = SignedObject(
      kind: .nodeRecord,
      body: record.encoded,
      signer: World.key(91),
      chain: World.chain
    )
    var packet = Packet()
    (packet.digests, packet.wants, packet.stops, packet.starts) = ([1, 2], [3], [0, 4], [1])
    var ranges = RangeMessage()
    ranges.ranges = [
      .init(upper: .sha256([1]), content: .fingerprint(Fingerprint(high: 1, low: 2))),
      .init(upper: nil, content: .listed([.sha256([2])])),
    ]
    let messages: [GossipMessage] = [
      .packet(packet), .objects([object]), .ranges(ranges), .recordsRequest(count: 16),
      .records([signedRecord]), .probe(.ack), .probe(.pingRequest(signedRecord.key)),
      .probe(.indirectAck(signedRecord.key)),
    ]
    return messages.map { ($0.kind, $0.encoded) }
  }

  private static func input(_ kind: FrameKind, _ bytes: [UInt8], from peer: PeerID) -> ReplicaInput? {
    if let message = try? PeerMessage(kind: kind, bytes: bytes) { return .message(message, from: peer) }
    guard let message = try? GossipMessage(kind: kind, bytes: bytes, chain: World.chain) else { return nil }
    return .gossip(message, from: peer)
  }

  private static func damage(_ bytes: inout [UInt8], _ generator: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let place = Int(generator.next(below: UInt64(bytes.count)))
    switch generator.next(below: 6) {
    case 0: bytes[place] ^= 1 << UInt8(generator.next(below: 8))
    case 1: bytes[place] = [0, 1, 2, 0x7E, 0x7F][Int(generator.next(below: 5))]
    case 2: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
    // The largest numbers that a limit may let through.
    case 3: bytes.replaceSubrange(place...place, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x07])
    case 4:
      bytes.replaceSubrange(place...place, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
    default: bytes += bytes[place...].prefix(64)
    }
  }
}
