import Chain
import Consensus
import Cryptography
import Primitives

/// Messages with this node's own consensus key that come from outside. The signing guard knows whether it gave
/// them; if it did not, somebody else signs with the key.
extension Replica {
  func reportIfOwn(
    _ message: SignedMessage,
    by author: Validator?,
    _ turn: inout ReplicaTurn
  ) {
    guard let key = configuration.consensusKey, author?.key == key else { return }
    turn.effects.append(.foundOwn(message))
  }

  func reportOwnVote(in certificate: Certificate, _ set: ValidatorSet, _ turn: inout ReplicaTurn) {
    guard let key = configuration.consensusKey, let index = set.index(ofKey: key),
      let vote = certificate.vote(of: index, count: set.count)
    else { return }
    turn.effects.append(.foundOwn(.vote(vote)))
  }

  /// Reports own messages in a decided block that follows the tip: in its certificate, in its parent's, and in
  /// its evidence.
  func reportOwnMessages(in block: Block, _ certificate: Certificate, _ turn: inout ReplicaTurn) {
    guard configuration.consensusKey != nil else { return }
    reportOwnVote(in: certificate, tip.validators, &turn)
    if let parent = block.lastCertificate { reportOwnVote(in: parent, tip.lastValidators, &turn) }
    for evidence in block.evidence { reportOwnMessages(in: evidence, &turn) }
  }
}

extension Certificate {
  /// The vote of one validator; nil when it did not sign. `count`: the number of validators of the height.
  fileprivate func vote(of index: ValidatorIndex, count: Int) -> Vote? {
    guard let set = SignerSet(bytes: signers, count: count), set.contains(index) else { return nil }
    let place = set.indices.prefix { $0 < index }.count
    guard place < signatures.count else { return nil }
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: validRound,
      block: block,
      validator: index,
      signature: signatures[place]
    )
  }
}

extension Evidence {
  /// The two messages that contradict each other.
  var messages: [SignedMessage] {
    switch self {
    case .duplicateVote(let first, let second): [.vote(first), .vote(second)]
    case .amnesia(let precommit, let prevote): [.vote(precommit), .vote(prevote)]
    case .duplicateProposal(let first, let second): [.proposal(first), .proposal(second)]
    }
  }
}
