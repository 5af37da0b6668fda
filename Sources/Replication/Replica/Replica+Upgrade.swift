import Chain
import Consensus
import Ledger
import Primitives

/// Software upgrades: the rules by which a block is executed change at a height that was voted for.
extension Replica {
  /// By whose rules the block after the tip is executed.
  var requiredVersion: UInt32 { committed.requiredVersion }

  /// The version that the next block needs and this program does not know; nil when it can go on. A node that lacks
  /// it has nothing more to do: it neither votes on what it cannot judge nor executes it.
  public var missingVersion: UInt32? {
    let version = requiredVersion
    return configuration.versions.contains(version) ? nil : version
  }

  /// Says so when the chain has come to where this program ends.
  mutating func announceUpgrade(_ turn: inout Turn) {
    guard let version = missingVersion else { return }
    turn.effects.append(.upgradeNeeded(version: version, before: tip.height + 1))
  }
}
