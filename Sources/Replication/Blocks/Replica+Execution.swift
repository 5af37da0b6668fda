import Chain
import Consensus
import Cryptography
import Ledger
import Primitives

/// What a block makes of the state of its parent.
public struct ExecutedBlock: Sendable {
  let outcome: BlockOutcome
  let receiptsRoot: Digest
  let layer: StateLayer
  /// The validators two heights on.
  let nextValidators: ValidatorSet
  let nextValidatorsHash: Digest
}

/// Everything besides the state that a block's execution depends on.
public struct ExecutionTask: Hashable, Sendable {
  /// Stands for the transactions.
  let block: Digest
  let input: BlockInput
  /// Before the block.
  let stateRoot: Digest
  /// What the block changes beside the ledger's entries.
  let additions: [StateChange]
  /// Who decides the block after this one, before what this one changes.
  let nextValidators: ValidatorSet
}

/// Execution is off the way to agreement: the header of a height has the state root of its parent, so a block
/// is executed while the votes on it are under way.
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
    let task = ExecutionTask(
      block: valid.block.identifier,
      input: BlockInput(
        height: header.height,
        time: header.time,
        tick: committed.ticks.tick(at: header.time),
        proposer: header.proposer,
        evidence: misbehaviour(in: valid.block),
        lastCommit: lastSigners(by: valid.block.lastCertificate),
        protocolVersion: header.version
      ),
      stateRoot: tip.stateRoot,
      additions: history.changes(after: tip, time: header.time) { height, time in
        isTooOld(height, time, at: header.height, header.time)
      },
      nextValidators: tip.nextValidators
    )
    return state.executed(task) { execute(task, valid.transactions) }
  }

  private func execute(_ task: ExecutionTask, _ transactions: [Transaction]) -> ExecutedBlock {
    var outcome = Executor.execute(task.input, transactions: transactions, on: state)
    outcome.changes += task.additions
    let height = task.input.moment.height
    do {
      let tree = try StateTree.apply(
        outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
        to: state,
        root: task.stateRoot
      )
      let receiptsRoot = Block.receiptsRoot(outcome.receipts.map(\.encoded))
      let next = try successor(of: task.nextValidators, applying: outcome.validatorUpdates)
      return ExecutedBlock(
        outcome: outcome,
        receiptsRoot: receiptsRoot,
        layer: StateLayer(height: height, changes: outcome.changes, tree: tree),
        nextValidators: next,
        nextValidatorsHash: next.hash
      )
    } catch {
      preconditionFailure("height \(height) cannot be executed: the state is damaged: \(error)")
    }
  }

  /// Updates that make no set are refused by the ledger before they come here.
  private func successor(
    of set: ValidatorSet,
    applying updates: [ValidatorUpdate]
  ) throws(ValidatorSetError) -> ValidatorSet {
    var next = try set.applying(updates)
    next.advance()
    return next
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
