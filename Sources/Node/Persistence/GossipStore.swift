import Chain
import Foundation
import Gossip
import Logging
import Replication

/// Keeps the order book and the address book on disk between runs.
struct GossipStore: Sendable {
  /// What a crash may lose is this old, and neighbours have it.
  static let interval: UInt64 = 30_000

  let file: URL
  let chain: ChainID
  let logger: Logger

  /// What the last run kept; nothing when there is no file. Damage is reported, and the node begins without it:
  /// neighbours have all of it.
  func load() -> GossipMemory {
    guard let data = try? Data(contentsOf: file) else { return GossipMemory() }
    do {
      return try GossipMemory(decoding: [UInt8](data), chain: chain)
    } catch {
      logger.warning(
        "what was kept of gossip is damaged; starting without it",
        metadata: ["file": "\(file.path)", "error": "\(error)"]
      )
      return GossipMemory()
    }
  }

  func save(_ memory: GossipMemory) {
    do {
      try Data(memory.encoded).write(to: file, options: .atomic)
    } catch {
      logger.warning(
        "the order and address books cannot be kept",
        metadata: ["file": "\(file.path)", "error": "\(error)"]
      )
    }
  }
}
