import Chain
import Foundation
import Gossip
import Logging
import Replication

/// Saves the order book and the address book to disk for the next run.
struct GossipStore: Sendable {
  /// Milliseconds between saves. A crash loses at most the data since the last save, which peers also have.
  static let interval: UInt64 = 30_000

  let file: URL
  let chain: ChainID
  let logger: Logger

  /// What the last run saved; empty when there is no file. A damaged file is ignored: peers have its content.
  func load() -> PersistedGossip {
    guard let data = try? Data(contentsOf: file) else { return PersistedGossip() }
    do {
      return try PersistedGossip(decoding: [UInt8](data), chain: chain)
    } catch {
      logger.warning(
        "the saved order and address books are damaged; starting without them",
        metadata: ["file": "\(file.path)", "error": "\(error)"]
      )
      return PersistedGossip()
    }
  }

  func save(_ memory: PersistedGossip) {
    do {
      try Data(memory.encoded).write(to: file, options: .atomic)
    } catch {
      logger.warning(
        "the order and address books could not be saved",
        metadata: ["file": "\(file.path)", "error": "\(error)"]
      )
    }
  }
}
