import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives

/// From the detection of misbehaviour to the block that carries its proof.
extension Replica {
  var history: ValidatorHistory<LayeredState<State>> { ValidatorHistory(state: state) }

  /// Proofs that wait for a block at once.
  private static var pendingLimit: Int { 64 }

  /// Consensus has seen a validator contradict itself: others are told, since this node may die before its turn.
  mutating func found(_ evidence: Evidence, _ turn: inout Turn) {
    guard isPunishable(evidence), keep(evidence, &turn) else { return }
    turn.effects.append(.send(.evidence([evidence]), to: validatorPeers))
  }

  mutating func receive(
    _ evidence: Evidence,
    from peer: PeerID,
    _ turn: inout Turn
  ) {
    // What is committed, too old or ahead of this node may honestly be told: no fault, and no signature check.
    guard !pendingEvidence.contains(evidence), isPunishable(evidence) else { return }
    guard isProven(evidence) else { return fault(peer, .consensusMisconduct, &turn) }
    guard keep(evidence, &turn) else { return }
    turn.effects.append(.send(.evidence([evidence]), to: validatorPeers.filter { $0 != peer }))
    signalWork(&turn)
  }

  /// False when it is there already or nothing more is kept.
  private mutating func keep(_ evidence: Evidence, _ turn: inout Turn) -> Bool {
    guard !pendingEvidence.contains(evidence), pendingEvidence.count < Self.pendingLimit else { return false }
    pendingEvidence.append(evidence)
    turn.effects.append(.keepEvidence(pendingEvidence))
    return true
  }

  /// Takes up the proofs that the last run kept. What is committed by now, too old or does not
  /// hold is passed over.
  mutating func restore(evidence kept: [Evidence]) {
    for evidence in kept.prefix(Self.pendingLimit) where !pendingEvidence.contains(evidence) {
      if isPunishable(evidence), isProven(evidence) { pendingEvidence.append(evidence) }
    }
  }

  /// Drops what a block has carried and what none can carry any more.
  mutating func sortOutEvidence(after block: Block, _ turn: inout Turn) {
    guard !pendingEvidence.isEmpty else { return }
    let before = pendingEvidence.count
    pendingEvidence = pendingEvidence.filter { !block.evidence.contains($0) && isPunishable($0) }
    if pendingEvidence.count < before { turn.effects.append(.keepEvidence(pendingEvidence)) }
  }

  /// A block carries a certificate of its parent with other signatures than this node's: whoever precommitted
  /// something else here has contradicted itself.
  mutating func compareLastCertificate(of block: Block, _ turn: inout Turn) {
    guard let certificate = block.lastCertificate, certificate != consensus.lastCommit else { return }
    for evidence in consensus.compare(certificate) { found(evidence, &turn) }
  }

  func checkEvidence(_ evidence: [Evidence]) throws(BlockFault) {
    for (index, evidence) in evidence.enumerated() {
      // A validator that keeps a proof waiting has checked it.
      guard isPunishable(evidence), pendingEvidence.contains(evidence) || isProven(evidence) else {
        throw .evidence(index: index)
      }
    }
  }

  /// Whether the signatures of a proof are those of the validator that it accuses.
  private func isProven(_ evidence: Evidence) -> Bool {
    guard let set = evidenceSet(at: evidence.height) else { return false }
    return (try? set.verify(evidence, chain: rules.chain, using: configuration.signatures.check)) != nil
  }

  /// What the ledger is told of a block's evidence.
  func misbehaviour(in block: Block) -> [BlockInput.Misbehaviour] {
    block.evidence.compactMap { evidence in
      guard let member = evidenceSet(at: evidence.height)?[evidence.validator] else { return nil }
      return BlockInput.Misbehaviour(
        validator: member.address,
        height: evidence.height,
        time: history.time(at: evidence.height) ?? block.header.time
      )
    }
  }

  /// The validators of a height by their places, up to the height after the tip.
  private func evidenceSet(at height: Height) -> ValidatorSet? {
    height > tip.height + 1 ? nil : validators(at: height) ?? history.validators(at: height)
  }

  /// Whether the next block could have the evidence's author punished: the evidence is young enough, and its author
  /// has not been punished for double signing before. Signatures are not checked.
  private func isPunishable(_ evidence: Evidence) -> Bool {
    guard let member = evidenceSet(at: evidence.height)?[evidence.validator] else { return false }
    guard !isTooOld(evidence.height, history.time(at: evidence.height), at: tip.height + 1, tip.time) else {
      return false
    }
    return LedgerQuery(state: state).validator(member.address).map { !$0.isTombstoned } ?? false
  }

  /// Both ages count, since either alone can be gamed.
  func isTooOld(_ height: Height, _ time: Timestamp?, at present: Height, _ now: Timestamp) -> Bool {
    guard height + parameter(.evidenceMaximumBlocks) < present else { return false }
    // Without a mark a height is either too recent to have one, or so old that its mark is gone.
    guard let time else { return height + ValidatorHistory<LayeredState<State>>.markInterval <= present }
    return now.milliseconds(since: time) > parameter(.evidenceMaximumAge)
  }
}
