import Chain
import Consensus
import Cryptography
import Ledger
import Primitives

/// The result of executing a block on the state of its parent.
public struct ExecutedBlock: Sendable {
  let outcome: BlockOutcome
  let receiptsRoot: Digest
  let layer: StateLayer
  /// The validators of the height two after the block's.
  let nextValidators: ValidatorSet
  let nextValidatorsHash: Digest
}

/// Everything, apart from the state, on which the execution of a block depends.
public struct ExecutionTask: Hashable, Sendable {
  /// The identifier of the block, which determines its transactions.
  let block: Digest
  let input: BlockInput
  /// The root of the state before the block.
  let stateRoot: Digest
  /// The changes that the block makes to the validators' history, beside those of the ledger.
  let additions: [StateChange]
  /// The validators of the next height. The block's updates are applied to them and give the set of the
  /// height after that.
  let nextValidators: ValidatorSet
}

/// Execution of blocks. A header contains the state root after its parent, not after the block itself.
/// Therefore a block can be executed while the validators vote on it.
extension Replica {
  /// Executes a valid candidate of the next height and stores the result. Does nothing if that is done
  /// already.
  mutating func executeAhead(_ identifier: Digest) {
    guard let valid = candidates.valid(identifier), valid.block.header.height == tip.height + 1,
      candidates[identifier]?.execution == nil
    else { return }
    candidates.setExecution(execute(valid), of: identifier)
  }

  /// Executes a block on the tip's state, which does not change.
  func execute(_ valid: ValidBlock) -> ExecutedBlock {
    let header = valid.block.header
    let task = ExecutionTask(
      block: valid.block.identifier,
      input: BlockInput(
        moment: committed.moment(at: header.height, time: header.time),
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
    var outcome = Executor.execute(
      task.input,
      transactions: transactions,
      on: state,
      checks: configuration.checks
    )
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
    } catch { preconditionFailure("height \(height) cannot be executed: the state is damaged: \(error)") }
  }

  /// `set` with `updates` and proposer priorities advanced by one height. The ledger has refused updates that
  /// do not give a valid set.
  private func successor(of set: ValidatorSet, applying updates: [ValidatorUpdate]) throws(ValidatorSetError)
    -> ValidatorSet
  {
    var next = try set.applying(updates)
    next.advance()
    return next
  }

  /// The validators of the parent's height, and whether each signed the parent's certificate in the block.
  /// Empty at the first height.
  private func lastSigners(by certificate: Certificate?) -> [BlockInput.Signer] {
    guard let certificate, let set = SignerSet(bytes: certificate.signers, count: tip.lastValidators.count)
    else { return [] }
    return tip.lastValidators.members.enumerated().map { index, member in
      BlockInput.Signer(validator: member.address, hasSigned: set.contains(ValidatorIndex(index)))
    }
  }
}
