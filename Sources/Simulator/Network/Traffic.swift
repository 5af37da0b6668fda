import Chain
import Consensus
import Replication

/// Estimates the size of messages without encoding them, which would take too long.
enum Traffic {
  /// The approximate payload size in bytes.
  static func bytes(of message: PeerMessage) -> Int {
    switch message {
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
