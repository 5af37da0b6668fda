import Chain
import Consensus
import Primitives

extension Replica {
  /// Restores the state of the consensus machine from its log.
  ///
  /// Ignores records of heights that are committed. If the log does not contain the beginning of the height
  /// after the tip, nothing is restored.
  mutating func restore(_ records: [ReplicaRecord]) {
    let height = tip.height + 1
    let beginning = records.lastIndex { record in
      guard case .input(let record) = record, case .beginHeight(let start) = record.input else {
        return false
      }
      return start.height == height
    }
    guard let beginning else { return }
    var inputs: [LogRecord] = []
    for (index, record) in records.enumerated() {
      switch record {
      case .input(let input): if index >= beginning { inputs.append(input) }
      case .block(let bytes):
        guard let block = try? Block(decoding: bytes), block.header.height == height else { continue }
        candidates.add(block)
        candidates.setVerdict(block.identifier, verdict(on: block))
      }
    }
    consensus = Tendermint.replay(inputs, configuration: consensus.configuration)
  }

  /// Begins the height after the tip, or resumes it if the log has restored it.
  mutating func enterHeight(_ turn: inout Turn) {
    guard missingVersion == nil else { return }
    guard consensus.height == tip.height + 1 else { return beginHeight(&turn) }
    var inner = Tendermint.Turn(at: turn.now)
    consensus.resume(&inner)
    for effect in inner.effects { perform(effect, &turn) }
    signalWork(&turn)
  }
}
