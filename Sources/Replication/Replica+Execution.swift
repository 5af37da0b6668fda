import Chain
import Consensus
import Cryptography
import Ledger
import Primitives

/// What a block makes of the state of its parent.
struct ExecutedBlock: Sendable {
  let outcome: BlockOutcome
  let tree: StateTreeUpdate
  let receiptsRoot: Digest
}

/// Execution is off the way to agreement: the header of a height has the state root of its parent, so a block is
/// executed while the votes on it are under way (`DESIGN.md` § 3).
extension Replica {
  /// Executes a valid candidate unless that is done or the height is over.
  mutating func executeAhead(_ identifier: Digest) {
    guard let valid = candidates.valid(identifier), valid.block.header.height == tip.height + 1,
      candidates[identifier]?.execution == nil
    else { return }
    candidates.keep(execute(valid), of: identifier)
  }

  /// Executes a block on the tip; nothing is changed here.
  func execute(_ valid: ValidBlock) -> ExecutedBlock {
    let header = valid.block.header
    var outcome = Executor.execute(
      BlockInput(
        height: header.height,
        time: header.time,
        tick: LedgerQuery(state: state).ticks.tick(at: header.time),
        proposer: header.proposer,
        evidence: misbehaviour(in: valid.block),
        lastCommit: lastSigners(by: valid.block.lastCertificate),
        protocolVersion: header.version
      ),
      transactions: valid.transactions,
      on: state
    )
    outcome.changes += history.changes(after: tip, time: header.time) { height, time in
      isTooOld(height, time, at: header.height, header.time)
    }
    do {
      let tree = try StateTree.apply(
        outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
        to: state,
        root: tip.stateRoot
      )
      let receiptsRoot = Block.receiptsRoot(outcome.receipts.map(\.encoded))
      return ExecutedBlock(outcome: outcome, tree: tree, receiptsRoot: receiptsRoot)
    } catch {
      preconditionFailure("the state tree is damaged at height \(header.height): \(error)")
    }
  }

  /// Who signed the parent, as the block's certificate of it says.
  private func lastSigners(by certificate: Certificate?) -> [BlockInput.Signer] {
    guard let certificate,
      let set = SignerSet(bytes: certificate.signers, count: tip.lastValidators.count)
    else { return [] }
    return tip.lastValidators.members.enumerated().map { index, member in
      BlockInput.Signer(validator: member.address, signed: set.contains(ValidatorIndex(index)))
    }
  }
}
