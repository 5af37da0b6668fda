import Chain
import Consensus
import Cryptography
import Gossip
import Primitives
import Replication
import Wire

/// What peers say to each other in a session.
extension DecoderFuzzTests {
  static var frameTargets: [Target] {
    let samples = peerMessages
    let gossip = gossipMessages
    return FrameKind.allCases.filter { !SnapshotMessage.isKind($0) }.map { kind in
      let isGossip = gossip.contains { $0.kind == kind }
      let corpus =
        isGossip
        ? gossip.filter { $0.kind == kind }.map(\.encoded)
        : samples.filter { $0.kind == kind }.map(\.encoded)
      return Target(name: "frame \(kind)", corpus: corpus) { bytes in
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
    }
  }

  static func object(_ number: UInt64) -> SignedObject {
    var writer = ByteWriter()
    writer.write(number)
    let withdrawal = Withdrawal(object: .sha256(writer.bytes), expiresAt: time)
    return SignedObject(kind: .withdrawal, body: withdrawal.encoded, signer: key, chain: chain)
  }

  static var record: SignedObject {
    let record = NodeRecord(
      sequence: 4,
      addresses: ["203.0.113.7:26656/26656", "node.example:26656"],
      role: .provider,
      protocolVersion: 1,
      expiresAt: time,
      voucher: voucher
    )
    return SignedObject(kind: .nodeRecord, body: record.encoded, signer: key, chain: chain)
  }

  static var voucher: NodeVoucher {
    NodeVoucher(for: key.publicKey, as: .provider, by: key, expiresAt: time, chain: chain)
  }

  private static var gossipMessages: [GossipMessage] {
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
      .probe(.ack), .probe(.pingRequest(record.key)),
    ]
  }

  private static var peerMessages: [PeerMessage] {
    let names = [TransactionName(.sha256([1])), TransactionName(.sha256([2]))]
    let consensusStatus = ConsensusStatus(
      height: 7,
      round: 2,
      step: .prevote,
      validRound: 1,
      prevotes: [5],
      precommits: [0]
    )
    return [
      .status(PeerStatus(committed: 6, base: 1)),
      .status(PeerStatus(committed: 6, base: 1, consensusStatus: consensusStatus)),
      .transactions([transaction.encoded, [1, 2, 3]]), .transactionNames(names), .transactionRequest(names),
      .proposal(proposal, block: block.encoded), .votes([vote(.prevote), vote(.precommit)]),
      .certificates([certificate], rounds: [roundCertificate]), .blocksRequest(from: 7, count: 16),
      .blocksResponse([CommittedBlock(block: block.encoded, certificate: certificate.encoded)]),
      .evidence([evidence, .duplicateVote(vote(.prevote), vote(.prevote, for: [9]))]),
      .candidateRequest(.sha256([1]), 9), .candidate(block.encoded),
      .compactProposal(proposal, CompactBlock(block)),
      .missingRequest(block: .sha256([1]), places: [0, 3]),
      .missingTransactions(block: .sha256([1]), [transaction.encoded]),
    ]
  }

  static var block: Block {
    let header = Header.empty(height: 2, milliseconds: 9_000_000, validators: .zero, proposer: key.address)
    return Block(
      header: header,
      transactions: [transaction.encoded],
      evidence: [evidence],
      lastCertificate: certificate
    )
  }

  static var proposal: Proposal {
    Proposal(
      height: 2,
      round: 0,
      validRound: nil,
      block: block.identifier,
      validator: 0,
      signature: key.sign(domain: .proposal, chain: chain.text, [])
    )
  }

  static func vote(_ kind: Vote.Kind, for seed: [UInt8] = [1]) -> Vote {
    Vote(
      kind: kind,
      height: 3,
      round: 2,
      validRound: kind == .prevote ? 1 : nil,
      block: .sha256(seed),
      validator: 1,
      signature: key.sign(seed)
    )
  }

  static var certificate: Certificate {
    Certificate(
      kind: .precommit,
      height: 1,
      round: 0,
      validRound: nil,
      block: .sha256([1]),
      signers: [0b0000_0111],
      signatures: [key.sign([1]), key.sign([2]), key.sign([3])]
    )
  }

  static var roundCertificate: RoundCertificate {
    var other = vote(.precommit)
    other.validator = 2
    other.block = nil
    return RoundCertificate(height: 3, round: 2, votes: [vote(.precommit), other])
  }
}
