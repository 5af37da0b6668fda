import Cryptography
import Foundation
import Logging
import Replication
import Storage

/// The parts with which a validator signs: its key, the consensus log, and all records still in the log.
///
/// When the guard is quarantined or the log is damaged, nobody knows which messages the key has signed. The
/// node then follows the chain without the key, and leaves guard and log as they are for the operator's
/// `validator adopt`.
struct SigningParts: ~Copyable {
  /// The consensus key; nil when the node does not sign.
  let key: SigningKey?
  let records: [ReplicaRecord]
  let standing: SigningStanding
  private let log: SignerLog?

  init(_ runtime: NodeRuntime, key: SigningKey?, tip: Tip) throws {
    let advice = runtime.home.adoptAdvice
    guard let key else {
      self.init(nil, SigningStanding(hasKey: false, advice: advice, quarantine: nil))
      return
    }
    var records: [ReplicaRecord] = []
    var damage = ""
    let reason: SignerQuarantine
    do {
      let log = try Self.open(runtime.home, key: key.publicKey, tip: tip, records: &records)
      guard let quarantine = log.quarantine else {
        let standing = SigningStanding(
          hasKey: true,
          advice: advice,
          quarantine: nil,
          last: log.lastSigned?.position,
          floor: log.floor,
          isRestored: log.isRestored
        )
        self.init(key, standing, records: records, log: log)
        return
      }
      reason = quarantine
    } catch StorageError.corrupt(let path, let detail) {
      (reason, damage) = (.logDamaged, "\(path): \(detail)")
    }
    runtime.logger.critical(
      "\(reason): this node follows the chain and signs nothing",
      metadata: damage.isEmpty ? ["remedy": "\(advice)"] : ["damage": "\(damage)", "remedy": "\(advice)"]
    )
    let known = try runtime.home.knownSignatures(of: key.publicKey)
    let standing = SigningStanding(
      hasKey: true,
      advice: advice,
      quarantine: reason,
      last: known.signed,
      floor: known.floor
    )
    self.init(nil, standing)
  }

  private init(
    _ key: SigningKey?,
    _ standing: SigningStanding,
    records: [ReplicaRecord] = [],
    log: consuming SignerLog? = nil
  ) {
    self.key = key
    self.standing = standing
    self.records = records
    self.log = log
  }

  consuming func takeLog() -> SignerLog? { log }

  private static func open(
    _ home: Home,
    key: PublicKey,
    tip: Tip,
    records: inout [ReplicaRecord]
  ) throws -> SignerLog {
    let log = try SignerLog(
      logFolder: home.consensusLog.path,
      guardPath: home.guardFile.path,
      key: key,
      certifiedHeight: tip.height
    )
    var found: [ReplicaRecord] = []
    try log.replay { (payload) throws(StorageError) in
      do {
        found.append(try ReplicaRecord(decoding: payload))
      } catch {
        // A log with a gap would restore a machine that has forgotten a lock.
        throw .corrupt(path: home.consensusLog.path, detail: "a record cannot be decoded: \(error)")
      }
    }
    records = found
    return log
  }
}
