import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives

/// The handling of evidence: detection, sharing with other validators, and inclusion in a block.
extension Replica {
  var history: ValidatorHistory<LayeredState<State>> { ValidatorHistory(state: state) }

  /// The number of pieces of evidence that can wait for a block at once.
  private static var pendingLimit: Int { 64 }

  /// Stores evidence that consensus detected and sends it to all validators, since this node may stop before
  /// it can propose a block.
  mutating func addDetectedEvidence(_ evidence: Evidence, _ turn: inout ReplicaTurn) {
    guard isPunishable(evidence), storeEvidence(evidence, &turn) else { return }
    turn.effects.append(.send(.evidence([evidence]), to: validatorPeers))
  }

  mutating func receive(_ evidence: Evidence, from peer: PeerID, _ turn: inout ReplicaTurn) {
    // An honest peer may send evidence that is already committed, too old, or of a height that this node has
    // not reached. That is no fault, and its signatures need no check.
    guard !pendingEvidence.contains(evidence), isPunishable(evidence) else { return }
    guard isProven(evidence) else { return fault(peer, .forgedConsensusMessage, &turn) }
    reportOwnMessages(in: evidence, &turn)
    guard storeEvidence(evidence, &turn) else { return }
    turn.effects.append(.send(.evidence([evidence]), to: validatorPeers.filter { $0 != peer }))
    signalWork(&turn)
  }

  /// Stores evidence, also across a restart; false when it is stored already or there is no room.
  private mutating func storeEvidence(_ evidence: Evidence, _ turn: inout ReplicaTurn) -> Bool {
    guard !pendingEvidence.contains(evidence), pendingEvidence.count < Self.pendingLimit else { return false }
    pendingEvidence.append(evidence)
    turn.effects.append(.keepEvidence(pendingEvidence))
    return true
  }

  /// Restores the evidence that was stored before a restart. Ignores pieces that are committed, too old or
  /// not proven.
  mutating func restore(evidence kept: [Evidence]) {
    for evidence in kept.prefix(Self.pendingLimit) where !pendingEvidence.contains(evidence) {
      if isPunishable(evidence), isProven(evidence) { pendingEvidence.append(evidence) }
    }
  }

  /// Drops the evidence that `block` contains and evidence that no later block may contain.
  mutating func pruneEvidence(after block: Block, _ turn: inout ReplicaTurn) {
    guard !pendingEvidence.isEmpty else { return }
    let before = pendingEvidence.count
    pendingEvidence = pendingEvidence.filter { !block.evidence.contains($0) && isPunishable($0) }
    if pendingEvidence.count < before { turn.effects.append(.keepEvidence(pendingEvidence)) }
  }

  /// Compares the parent's certificate in `block` with the precommits that this node received. A validator
  /// that signed the certificate and precommitted something else here has contradicted itself.
  mutating func findEvidenceInLastCertificate(of block: Block, _ turn: inout ReplicaTurn) {
    guard let certificate = block.lastCertificate, certificate != consensus.lastCommit else { return }
    for evidence in consensus.contradictions(with: certificate) { addDetectedEvidence(evidence, &turn) }
  }

  func checkEvidence(_ evidence: [Evidence]) throws(BlockFault) {
    for (index, evidence) in evidence.enumerated() {
      // Pending evidence was checked when it was stored.
      guard isPunishable(evidence), pendingEvidence.contains(evidence) || isProven(evidence) else {
        throw .evidence(index: index)
      }
    }
  }

  /// Whether the accused validator really signed both messages of the evidence.
  private func isProven(_ evidence: Evidence) -> Bool {
    guard let set = validatorSetForEvidence(at: evidence.height) else { return false }
    return isValid { try set.verify(evidence, chain: $0, using: $1) }
  }

  /// The evidence of a block in the form in which the ledger takes it.
  func misbehaviour(in block: Block) -> [BlockInput.Misbehaviour] {
    block.evidence.compactMap { evidence in
      guard let member = validatorSetForEvidence(at: evidence.height)?[evidence.validator] else { return nil }
      return BlockInput.Misbehaviour(
        validator: member.address,
        height: evidence.height,
        time: history.timeBound(at: evidence.height) ?? block.header.time
      )
    }
  }

  /// Reports the messages of evidence that accuses this node's own key.
  func reportOwnMessages(in evidence: Evidence, _ turn: inout ReplicaTurn) {
    let accused = validatorSetForEvidence(at: evidence.height)?[evidence.validator]
    for message in evidence.messages { reportIfOwn(message, by: accused, &turn) }
  }

  /// The validator set of a height; nil when the height is more than one above the tip, or its set was
  /// removed.
  private func validatorSetForEvidence(at height: Height) -> ValidatorSet? {
    height > tip.height + 1 ? nil : validators(at: height) ?? history.validators(at: height)
  }

  /// Whether the next block could punish the accused validator: the evidence is not too old, and the
  /// validator has not been punished for double signing before. Does not check signatures.
  private func isPunishable(_ evidence: Evidence) -> Bool {
    guard let member = validatorSetForEvidence(at: evidence.height)?[evidence.validator] else { return false }
    guard !isTooOld(evidence.height, history.timeBound(at: evidence.height), at: tip.height + 1, tip.time)
    else { return false }
    return LedgerQuery(state: state).validator(member.address).map { !$0.isTombstoned } ?? false
  }

  /// Whether evidence of `height` is too old at height `present` and time `now`. It must exceed both the
  /// maximum number of blocks and the maximum age, since block times and block rates can each be manipulated.
  func isTooOld(_ height: Height, _ time: Timestamp?, at present: Height, _ now: Timestamp) -> Bool {
    guard height + parameter(.evidenceMaximumBlocks) < present else { return false }
    // The height has no time mark if it is too recent to have one or so old that the mark was pruned.
    guard let time else { return height + ValidatorHistory<LayeredState<State>>.markInterval <= present }
    return now.milliseconds(since: time) > parameter(.evidenceMaximumAge)
  }
}
