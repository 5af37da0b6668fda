import API
import Chain
import Cryptography
import Foundation
import Gossip
import Primitives
import Replication
import Testing
import Wire

/// Every decoder that a stranger's bytes reach, under mutations of real messages and under random protobuf.
///
/// `SUPERCLOUD_FUZZ_SECONDS=600` runs each decoder for its share of that time instead of a few thousand inputs.
@Suite struct DecoderFuzzTests {
  struct Target: Sendable, CustomTestStringConvertible {
    let name: String
    /// Messages that decode, to be mutated.
    let corpus: [[UInt8]]
    /// Throws for what is refused; returns what the value encodes to, when its encoding is unique.
    let decode: @Sendable ([UInt8]) throws -> [UInt8]?

    var testDescription: String { name }
  }

  private static let chain = ChainID("fuzz-1")!
  private static let key = SigningKey(seed: Array(repeating: 3, count: 32))!

  private static func object(_ number: UInt64) -> SignedObject {
    var writer = ByteWriter()
    writer.write(number)
    let withdrawal = Withdrawal(object: .sha256(writer.bytes), expiresAt: Timestamp(milliseconds: 9_000_000))
    return SignedObject(kind: .withdrawal, body: withdrawal.encoded, signer: key, chain: chain)
  }

  private static var record: SignedObject {
    let record = NodeRecord(
      sequence: 4,
      addresses: ["203.0.113.7:26656/26656", "node.example:26656"],
      role: .provider,
      protocolVersion: 1,
      expiresAt: Timestamp(milliseconds: 9_000_000)
    )
    return SignedObject(kind: .nodeRecord, body: record.encoded, signer: key, chain: chain)
  }

  private static var order: Order {
    let resources = Resources(
      id: 1,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)],
      gpus: 1
    )
    let unit = ResourceUnit(resources: resources, count: 1, price: DecimalCoin(Decimal18(100), .uakt))
    return Order(
      deployment: DeploymentID(owner: key.address, sequence: 1),
      groups: [.init(sequence: 1, spec: GroupSpec(name: "g", requirements: .init(), units: [unit]))],
      manifestHash: .sha256([1]),
      deposit: Coin(5_000_000, .uakt),
      expiresAt: Timestamp(milliseconds: 9_000_000)
    )
  }

  private static var transaction: Transaction {
    let send = Chain.Send(from: key.address, to: key.address, amount: [Coin(1, .uakt)])
    return TransactionDraft(actions: [.send(send)], sequence: 0, fee: Fee(amount: Coin(5_000, .uakt)))
      .signed(by: key, chain: chain)
  }

  private static var gossip: [GossipMessage] {
    var packet = Packet()
    packet.objects = [object(1), object(2)]
    packet.digests = [1, 2, 3]
    packet.wants = [4]
    packet.stops = [0, 7]
    packet.starts = [8]
    var ranges = RangeMessage()
    ranges.ranges = [
      .init(upper: .sha256([1]), content: .fingerprint(Fingerprint(high: 1, low: 2))),
      .init(upper: nil, content: .listed([.sha256([2]), .sha256([3])])),
    ]
    ranges.held = [.sha256([4])]
    ranges.wanted = [.sha256([5])]
    return [
      .packet(packet), .objects([object(1)]), .ranges(ranges), .recordsRequest(count: 16), .records([record]),
    ]
  }

  private static var peer: [PeerMessage] {
    [
      .transactions([transaction.encoded, [1, 2, 3]]), .blocksRequest(from: 7, count: 16),
      .blocksResponse([CommittedBlock(block: [1, 2], certificate: [3])]), .candidateRequest(.sha256([1]), 9),
      .candidate([1, 2, 3]), .compactProposal(proposal, CompactBlock(block)),
      .missingRequest(block: .sha256([1]), places: [0, 3]),
      .missingTransactions(block: .sha256([1]), [transaction.encoded]),
    ]
  }

  private static var block: Block {
    let header = Header.empty(height: 1, milliseconds: 9_000_000, validators: .zero, proposer: key.address)
    return Block(header: header, transactions: [transaction.encoded], evidence: [], lastCertificate: nil)
  }

  private static var proposal: Proposal {
    Proposal(
      height: 1,
      round: 0,
      validRound: nil,
      block: block.identifier,
      validator: 0,
      signature: key.sign(domain: .proposal, chain: chain.text, [])
    )
  }

  static let targets: [Target] = {
    var targets: [Target] = []
    for kind in FrameKind.allCases where !SnapshotMessage.isKind(kind) {
      let isGossip = kind.rawValue >= FrameKind.packet.rawValue
      let corpus =
        isGossip
        ? gossip.filter { $0.kind == kind }.map(\.encoded)
        : peer.filter { $0.kind == kind }.map(\.encoded)
      targets.append(
        Target(name: "frame \(kind)", corpus: corpus) { bytes in
          if isGossip {
            let message = try GossipMessage(kind: kind, bytes: bytes, chain: chain)
            // What was decoded must be one of the messages that we could have sent.
            _ = try GossipMessage(kind: kind, bytes: message.encoded, chain: chain)
          } else {
            let message = try PeerMessage(kind: kind, bytes: bytes)
            _ = try PeerMessage(kind: kind, bytes: message.encoded)
          }
          return nil
        }
      )
    }
    targets += snapshotTargets
    // Bodies are signed as they are: several encodings of one meaning are as many objects of their author.
    targets += [
      Target(name: "signed object", corpus: [object(1).encoded, record.encoded]) {
        try SignedObject(decoding: $0, chain: chain).encoded
      },
      Target(name: "order", corpus: [order.encoded]) {
        _ = try Order(decoding: $0)
        return nil
      },
      Target(name: "bid", corpus: []) {
        _ = try Bid(decoding: $0)
        return nil
      },
      Target(name: "offer", corpus: []) {
        _ = try Offer(decoding: $0)
        return nil
      },
      Target(name: "node record", corpus: [record.body]) {
        _ = try NodeRecord(decoding: $0)
        return nil
      },
      Target(name: "transaction", corpus: [transaction.encoded]) {
        try Transaction(decoding: $0, chain: chain).encoded
      },
      Target(name: "block", corpus: []) { try Block(decoding: $0).encoded },
      Target(name: "certificate", corpus: []) { try Certificate(decoding: $0).encoded },
      Target(name: "evidence", corpus: []) { try Evidence(decoding: $0).encoded },
      Target(name: "kept books", corpus: [GossipMemory(orders: [object(1)]).encoded]) {
        try GossipMemory(decoding: $0, chain: chain).encoded
      },
      Target(name: "transaction batch", corpus: [TransactionBatch.encode([[1, 2], [3]])]) {
        TransactionBatch.decode($0).map { TransactionBatch.encode($0) }
      },
    ]
    return targets
  }()

  @Test(arguments: targets) func `damaged and random bytes are refused or mean what they say`(
    _ target: Target
  )
    throws
  {
    let seconds = ProcessInfo.processInfo.environment["SUPERCLOUD_FUZZ_SECONDS"].flatMap(Double.init)
    let share = seconds.map { $0 / Double(Self.targets.count) }
    let seed: UInt64 = 20_261_124 ^ UInt64(target.name.utf8.reduce(0) { $0 &* 31 &+ UInt32($1) })
    var mutator = Mutator(seed: seed, corpus: target.corpus)
    for sample in target.corpus { _ = try target.decode(sample) }
    let clock = ContinuousClock()
    let start = clock.now
    var inputs = 0
    var decoded = 0
    while share.map({ clock.now - start < .seconds($0) }) ?? (inputs < 4_000) {
      for _ in 0..<500 {
        let input = mutator.next()
        inputs += 1
        do {
          if let encoded = try target.decode(input), encoded != input {
            Issue.record("seed \(seed), input \(inputs): \(Hex.encode(input)) became \(Hex.encode(encoded))")
            return
          }
          decoded += 1
        } catch {
          continue
        }
      }
    }
    print("fuzz \(target.name): seed \(seed), \(inputs) inputs, \(decoded) decoded")
  }

  /// Damages real messages, joins parts of two, and makes up protobuf.
  struct Mutator {
    private var generator: SeededGenerator
    private var corpus: [[UInt8]]

    init(seed: UInt64, corpus: [[UInt8]]) {
      generator = SeededGenerator(seed: seed)
      self.corpus = corpus
    }

    mutating func next() -> [UInt8] {
      guard !corpus.isEmpty, below(4) > 0 else {
        return below(8) == 0 ? bytes(below(300)) : message(depth: 0)
      }
      var input = corpus[below(corpus.count)]
      for _ in 0...below(4) { damage(&input) }
      return input
    }

    private mutating func below(_ bound: Int) -> Int { Int(generator.next(below: UInt64(max(1, bound)))) }

    private mutating func bytes(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private mutating func damage(_ input: inout [UInt8]) {
      guard !input.isEmpty else { return input = bytes(8) }
      let place = below(input.count)
      switch below(8) {
      case 0: input[place] ^= 1 << UInt8(below(8))
      case 1: input[place] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
      case 2: input.removeLast(below(input.count))
      case 3: input.insert(contentsOf: bytes(1 + below(8)), at: place)
      case 4: input.remove(at: place)
      case 5:
        // A length or number of ten bytes, as large as they come.
        input.replaceSubrange(
          place..<place + 1,
          with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
        )
      case 6:
        let end = min(input.count, place + 1 + below(40))
        input.insert(contentsOf: input[place..<end], at: below(input.count))
      default:
        let other = corpus[below(corpus.count)]
        input = Array(input[..<place]) + Array(other.dropFirst(below(other.count + 1)))
      }
    }

    /// Fields 1 to 16 of every type, nested up to four deep.
    private mutating func message(depth: Int) -> [UInt8] {
      var output: [UInt8] = []
      for _ in 0..<below(6) {
        let field = UInt8(1 + below(15))
        switch below(5) {
        case 0:
          output.append(field << 3)
          output += varint(generator.next() >> UInt64(below(64)))
        case 1: output += [field << 3 | 1] + bytes(8)
        case 2: output += [field << 3 | 5] + bytes(4)
        default:
          let payload: [UInt8]
          switch below(4) {
          case 0 where depth < 4: payload = message(depth: depth + 1)
          case 1: payload = bytes([20, 32, 64][below(3)])
          case 2: payload = Array("uakt".utf8)
          default: payload = bytes(below(40))
          }
          output.append(field << 3 | 2)
          output += varint(UInt64(payload.count)) + payload
        }
      }
      return output
    }

    private func varint(_ value: UInt64) -> [UInt8] {
      var output: [UInt8] = []
      var rest = value
      while rest >= 0x80 {
        output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      return output + [UInt8(rest)]
    }
  }
}

extension Header {
  /// Of a chain that has nothing but validators.
  static func empty(
    height: Height,
    milliseconds: UInt64,
    validators: Digest,
    proposer: Address
  ) -> Header {
    Header(
      version: 1,
      chain: ChainID("fuzz-1")!,
      height: height,
      time: Timestamp(milliseconds: milliseconds),
      parent: .zero,
      stateRoot: .zero,
      receiptsRoot: .zero,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: validators,
      nextValidatorsHash: validators,
      proposer: proposer
    )
  }
}
