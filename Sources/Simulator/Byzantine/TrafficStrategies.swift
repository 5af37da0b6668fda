import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// Sends old messages, received from others, to random peers again.
struct Replaying: ByzantineStrategy {
  static let name = "replay"
  private var memory: [PeerMessage] = []
  private var seen: UInt64 = 0

  mutating func observe(_ message: PeerMessage) {
    // Only every 17th message is kept, so that the 256 kept messages reach far into the past.
    seen += 1
    guard seen.isMultiple(of: 17) else { return }
    switch message {
    case .transactions, .transactionNames, .transactionRequest, .blocksRequest, .blocksResponse,
      .candidateRequest:
      return
    default: break
    }
    if memory.count >= 256 { memory.removeFirst(64) }
    memory.append(message)
  }

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    guard !messages.isEmpty, !memory.isEmpty, context.chance(30), !context.peers.isEmpty else {
      return messages
    }
    let old = memory[Int(context.generator.next(below: UInt64(memory.count)))]
    let peer = context.peers[Int(context.generator.next(below: UInt64(context.peers.count)))]
    return messages + [OutgoingMessage(message: old, to: peer)]
  }
}

/// With each message of the node's own votes, sends the receiver four well-formed but useless messages.
struct Flooding: ByzantineStrategy {
  static let name = "flood"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    var flood = messages
    for outgoing in messages {
      guard case .votes(let votes) = outgoing.message, let vote = votes.first(where: context.isOwn) else {
        continue
      }
      for _ in 0..<4 { flood.append(OutgoingMessage(message: junk(like: vote, &context), to: outgoing.to)) }
    }
    return flood
  }

  private func junk(like vote: Vote, _ context: inout ByzantineContext) -> PeerMessage {
    let random = Digest.blake2b([UInt8(truncatingIfNeeded: context.generator.next())])
    switch context.generator.next(below: 5) {
    case 0:
      var future = vote
      future.round = vote.round &+ 1 + Round(context.generator.next(below: 1 << 20))
      future.validRound = nil
      return .votes([context.signed(future)])
    case 1:
      var next = vote
      next.height = vote.height + 1
      next.round = Round(context.generator.next(below: 100))
      next.validRound = nil
      next.block = random
      return .votes([context.signed(next)])
    case 2: return .candidateRequest(random, vote.height)
    case 3: return .blocksRequest(from: 1 + context.generator.next(below: vote.height + 10), count: .max)
    default:
      let round = vote.round + Round(context.generator.next(below: 1 << 16))
      let consensus = ConsensusStatus(height: vote.height, round: round, step: .precommit)
      return .status(PeerStatus(committed: vote.height - 1, base: 1, consensusStatus: consensus))
    }
  }
}

/// Claims wrong heights, and answers block requests with no, reordered, or never decided blocks.
struct FalseSyncAnswers: ByzantineStrategy {
  static let name = "false-sync"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    let claim = context.generator.next(below: 3)
    let lie = context.generator.next(below: 4)
    return messages.map { outgoing in
      switch outgoing.message {
      case .status(var status):
        switch claim {
        case 0: status.committed += 1 + context.generator.next(below: 1_000)
        case 1: status.committed = 0
        default: status.base = status.committed
        }
        return outgoing.carrying(.status(status))
      case .blocksResponse(let blocks): return outgoing.carrying(.blocksResponse(Self.false(blocks, lie)))
      default: return outgoing
      }
    }
  }

  private static func `false`(_ blocks: [CommittedBlock], _ lie: UInt64) -> [CommittedBlock] {
    switch lie {
    case 0: return []
    case 1: return blocks.reversed()
    default:
      return blocks.map { committed in
        guard let block = try? Block(decoding: committed.block),
          var certificate = try? Certificate(decoding: committed.certificate)
        else { return committed }
        var header = block.header
        header.time = header.time.advanced(byMilliseconds: 7)
        let other = Block(
          header: header,
          transactions: [],
          evidence: [],
          lastCertificate: block.lastCertificate
        )
        certificate.block = other.identifier
        return CommittedBlock(block: other.encoded, certificate: certificate.encoded)
      }
    }
  }
}

/// Damages the encoding of one message in twenty.
struct DamagedBytes: ByzantineStrategy {
  static let name = "malformed-bytes"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    messages.map { outgoing in
      var changed = outgoing
      changed.isDamaged = context.chance(5)
      return changed
    }
  }
}
