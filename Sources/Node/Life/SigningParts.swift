import Cryptography
import Foundation
import Logging
import Replication
import Storage

/// The parts with which a validator signs: its key, the consensus log, and all records still in the log.
///
/// When acknowledged records of the log have changed or are missing, nobody knows which messages the key has
/// signed. The node then reports the damage and follows the chain without the key.
struct SigningParts: ~Copyable {
  /// The consensus key; nil when the node does not sign.
  let key: SigningKey?
  let records: [ReplicaRecord]
  private let log: SignerLog?

  init(_ runtime: NodeRuntime, keys: NodeKeys, store: NodeStore, tip: Tip) throws {
    guard let key = keys.consensus else {
      self.init(key: nil, records: [], log: nil)
      return
    }
    do {
      var records: [ReplicaRecord] = []
      let log = try Self.open(runtime, store: store, tip: tip, records: &records)
      self.init(key: key, records: records, log: log)
    } catch StorageError.corrupt(let path, let detail) {
      runtime.logger.critical(
        "the consensus log is damaged: this node follows the chain and signs nothing",
        metadata: [
          "log": "\(path)", "damage": "\(detail)",
          "remedy":
            "make sure that nothing else signs with the key, then move the folder \(runtime.home.consensus.path) away",
        ]
      )
      self.init(key: nil, records: [], log: nil)
    }
  }

  private init(key: SigningKey?, records: [ReplicaRecord], log: consuming SignerLog?) {
    self.key = key
    self.records = records
    self.log = log
  }

  consuming func takeLog() -> SignerLog? { log }

  private static func open(
    _ runtime: NodeRuntime,
    store: NodeStore,
    tip: Tip,
    records: inout [ReplicaRecord]
  ) throws -> SignerLog {
    let folder = runtime.home.consensus
    let log = try SignerLog(
      logFolder: folder.appending(path: "log").path,
      guardPath: folder.appending(path: "guard").path,
      instance: try store.meta("signer"),
      initialHeight: 1,
      certifiedHeight: tip.height
    )
    if try store.meta("signer") == nil { try store.setMeta("signer", log.instance) }
    var found: [ReplicaRecord] = []
    try log.replay { (payload) throws(StorageError) in
      if let record = try? ReplicaRecord(decoding: payload) { found.append(record) }
    }
    records = found
    if let quarantine = log.quarantine {
      runtime.logger.warning(
        "the signing guard signs nothing for now: what the key signed before is not certain",
        metadata: ["reason": "\(quarantine)"]
      )
    }
    return log
  }
}
