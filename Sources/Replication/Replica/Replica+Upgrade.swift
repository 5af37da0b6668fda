import Chain
import Consensus
import Ledger
import Primitives

/// Protocol upgrades: the rules by which blocks are executed change at a height that governance has decided.
extension Replica {
  /// The protocol version by whose rules the block after the tip is executed.
  var requiredVersion: UInt32 { committed.requiredVersion }

  /// The protocol version that the next block requires, if this program does not support it; otherwise nil. A
  /// node with a missing version neither votes on the next block nor executes it.
  public var missingVersion: UInt32? {
    let version = requiredVersion
    return configuration.versions.contains(version) ? nil : version
  }

  /// Gives `upgradeNeeded` if the next block requires a version that this program does not support.
  mutating func announceUpgrade(_ turn: inout Turn) {
    guard let version = missingVersion else { return }
    turn.effects.append(.upgradeNeeded(version: version, before: tip.height + 1))
  }
}
