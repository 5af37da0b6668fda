import Chain
import Consensus
import Gossip
import Replication
import Wire

extension ReplicaInput {
  /// The input's kind and one detail of it, as two numbers for the trace's hash.
  var summary: (UInt64, UInt64) {
    switch self {
    case .started: (1, 0)
    case .recovered(let log, _): (16, UInt64(log.count))
    case .gossipRecovered: (17, 0)
    case .submitted(let transactions, _): (18, UInt64(transactions.count))
    case .published: (19, 0)
    case .connected: (2, 0)
    case .disconnected: (3, 0)
    case .dialFailed: (4, 0)
    case .message(let message, _): (UInt64(message.kind.rawValue) << 8 | 5, Self.detail(of: message))
    case .gossip(let message, _): (UInt64(message.kind.rawValue) << 8 | 6, 0)
    case .transactions(let transactions, _): (7, UInt64(transactions.count))
    case .objectVerified(_, let content): (8, content == nil ? 0 : 1)
    case .transactionsVerified(_, let transactions): (15, UInt64(transactions?.count ?? 0))
    case .timeout(.consensus(let timer)):
      (UInt64(timer.kind.rawValue) << 8 | 9, timer.height << 16 | UInt64(timer.round))
    case .timeout: (9, 0)
    case .signed(.vote(let vote)): (10, vote.height << 16 | UInt64(vote.round))
    case .signed(.proposal(let proposal)): (11, proposal.height << 16 | UInt64(proposal.round))
    case .durable(let height): (12, height)
    case .pruned(let height): (16, height)
    case .misbehaved: (13, 0)
    case .batchEnded: (14, 0)
    }
  }

  /// A number that distinguishes messages of one kind, such as height and round.
  private static func detail(of message: PeerMessage) -> UInt64 {
    switch message {
    case .votes(let votes):
      votes.first.map { $0.height << 32 | UInt64($0.round) << 16 | UInt64($0.validator) } ?? 0
    case .proposal(let proposal, let block):
      proposal.height << 32 | UInt64(proposal.round) << 24 | UInt64(block.count)
    case .compactProposal(let proposal, let block):
      proposal.height << 32 | UInt64(proposal.round) << 24 | UInt64(block.transactionHashes.count)
    case .status(let status): status.committed
    default: UInt64(message.approximateSize)
    }
  }
}

extension PeerMessage {
  /// The proposal that the message carries, with a whole or a compact block; nil for other messages.
  var proposal: Proposal? {
    switch self {
    case .proposal(let proposal, _), .compactProposal(let proposal, _): proposal
    default: nil
    }
  }

  /// The approximate payload size in bytes; encoding the message would take too long.
  var approximateSize: Int {
    switch self {
    case .status(let status):
      24 + (status.consensusStatus.map { 16 + $0.prevotes.count + $0.precommits.count } ?? 0)
    case .transactions(let transactions): transactions.reduce(0) { $0 + $1.count + 4 }
    case .transactionNames(let names), .transactionRequest(let names): 4 + 16 * names.count
    case .proposal(_, let block): 130 + block.count
    case .votes(let votes): votes.count * 120
    case .certificates(let certificates, let rounds):
      certificates.reduce(0) { $0 + 64 * $1.signatures.count + $1.signers.count + 56 }
        + rounds.reduce(0) { $0 + 120 * $1.votes.count + 16 }
    case .blocksRequest: 12
    case .blocksResponse(let blocks): blocks.reduce(0) { $0 + $1.block.count + $1.certificate.count + 12 }
    case .evidence(let evidence): evidence.count * 250
    case .candidateRequest: 44
    case .candidate(let block): block.count + 4
    case .compactProposal(_, let block): 650 + 32 * block.transactionHashes.count
    case .missingRequest(_, let places): 40 + 3 * places.count
    case .missingTransactions(_, let transactions): transactions.reduce(40) { $0 + $1.count + 4 }
    }
  }
}
