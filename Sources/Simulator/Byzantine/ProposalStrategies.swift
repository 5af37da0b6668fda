import Chain
import Consensus
import Cryptography
import Primitives
import Replication

/// Proposes two blocks in one round: peers with an odd index get the real one, the others a changed one.
struct EquivocatingProposals: ByzantineStrategy {
  static let name = "equivocate-proposals"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    messages.map { outgoing in
      guard case .proposal(let proposal, let bytes) = outgoing.message, proposal.validRound == nil,
        outgoing.to.isMultiple(of: 2), let block = try? Block(decoding: bytes)
      else { return outgoing }
      let other = block.changed(time: block.header.time.advanced(byMilliseconds: 1), transactions: [])
      return outgoing.proposing(other, in: proposal, context)
    }
  }
}

/// Proposes blocks that break one validity rule each, such as a wrong state root or a missing certificate.
struct InvalidBlocks: ByzantineStrategy {
  static let name = "invalid-blocks"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    let kind = context.generator.next(below: 9)
    return messages.map { outgoing in
      guard case .proposal(let proposal, let bytes) = outgoing.message,
        let block = try? Block(decoding: bytes)
      else { return outgoing }
      return outgoing.proposing(Self.broken(block, kind), in: proposal, context)
    }
  }

  private static func broken(_ block: Block, _ kind: UInt64) -> Block {
    var header = block.header
    var transactions = block.transactions
    var certificate = block.lastCertificate
    switch kind {
    case 0: header.stateRoot = Digest.blake2b(header.stateRoot.bytes)
    case 1: header.receiptsRoot = .zero
    case 2: header.nextValidatorsHash = .zero
    case 3: header.parent = .zero
    case 4: transactions.append(Array(repeating: 0x0A, count: 200))
    case 5: if let first = transactions.first { transactions.append(first) } else { header.version += 1 }
    case 6: transactions.append(Array(repeating: 0, count: 1_200_000))
    case 7: certificate = nil
    default: header.height += 1
    }
    return Block(
      header: header,
      transactions: transactions,
      evidence: block.evidence,
      lastCertificate: certificate
    )
  }
}

/// Proposes blocks whose time is 0.6 to 60.6 s ahead of the true one or, one in five times, as far behind.
struct WrongTime: ByzantineStrategy {
  static let name = "wrong-time"

  mutating func alter(_ messages: [OutgoingMessage], _ context: inout ByzantineContext) -> [OutgoingMessage] {
    let ahead = 600 + context.generator.next(below: 60_000)
    let isPast = context.chance(20)
    return messages.map { outgoing in
      guard case .proposal(let proposal, let bytes) = outgoing.message, proposal.validRound == nil,
        let block = try? Block(decoding: bytes)
      else { return outgoing }
      let truth = block.header.time
      let time =
        isPast
        ? Timestamp(milliseconds: truth.milliseconds - min(truth.milliseconds, ahead))
        : truth.advanced(byMilliseconds: ahead)
      let other = block.changed(time: time, transactions: block.transactions)
      return outgoing.proposing(other, in: proposal, context)
    }
  }
}

extension OutgoingMessage {
  /// The same message with `block` in it: `proposal` is changed to name the block and is signed again.
  func proposing(_ block: Block, in proposal: Proposal, _ context: ByzantineContext) -> OutgoingMessage {
    var other = proposal
    other.block = block.identifier
    return carrying(.proposal(context.signed(other), block: block.encoded))
  }
}

extension Block {
  /// The block with another time and other transactions.
  fileprivate func changed(time: Timestamp, transactions: [[UInt8]]) -> Block {
    var header = header
    header.time = time
    return Block(
      header: header,
      transactions: transactions,
      evidence: evidence,
      lastCertificate: lastCertificate
    )
  }
}
