import Chain
import Cryptography
import Primitives

/// The answer to a peer's status: the messages that the status shows to be missing at the peer. So every
/// message that one correct node has reaches all of them, even if links lose messages; the paper's proof of
/// termination assumes this.
extension Tendermint {
  func answer(_ peer: PublicKey, _ status: ConsensusStatus, _ turn: inout Turn) {
    guard let start else { return }
    if let last = collector?.certificate, status.height == last.height, status.height < height {
      return turn.effects.append(.sendCertificate(last, to: peer))
    }
    guard status.height == height, status.step != .decided else { return }
    if let commit = voteSet.commit { return turn.effects.append(.sendCertificate(commit, to: peer)) }
    if let roundProof, status.round < machine.round {
      turn.effects.append(.sendRoundCertificate(roundProof, to: peer))
    }
    if let newest = voteSet.polkas.last, status.validRound.map({ $0 < newest.round }) ?? true,
      !hasPolkaVotes(newest, status, start.validators)
    {
      turn.effects.append(.sendCertificate(newest, to: peer))
    }
    guard voteSet.hasSlots(for: status.round) else { return }
    if status.step <= .propose, let entry = proposals.proposals(of: status.round).first {
      turn.effects.append(.sendProposal(entry.proposal, to: peer))
    }
    let votes = voteSet.votes(of: status.round, missingFrom: status)
    if !votes.isEmpty { turn.effects.append(.sendVotes(votes, to: peer)) }
  }

  /// Whether the status shows that the peer has all votes of the polka. False unless the peer is in the
  /// polka's round.
  private func hasPolkaVotes(_ polka: Certificate, _ status: ConsensusStatus, _ validators: ValidatorSet)
    -> Bool
  {
    guard status.round == polka.round else { return false }
    guard let have = SignerSet(bytes: status.prevotes, count: validators.count),
      let signers = SignerSet(bytes: polka.signers, count: validators.count)
    else { return false }
    return signers.indices.allSatisfy { have.contains($0) }
  }
}
