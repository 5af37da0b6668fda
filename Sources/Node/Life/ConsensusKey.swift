import API
public import Cryptography
import Foundation
import Replication
public import Storage

/// A validator's key and its signing guard.
extension Home {
  var guardFile: URL { consensus.appending(path: "guard") }
  var consensusLog: URL { consensus.appending(path: "log") }
  private var consensusKeyFile: URL { keys.appending(path: "consensus.key") }

  /// The key that signs votes.
  ///
  /// - Throws: `DefinitionError` when there is none: a new one in its place would leave the validator of the
  ///   old one without its votes.
  public func consensusKey() throws -> SigningKey {
    guard FileManager.default.fileExists(atPath: consensusKeyFile.path) else {
      throw DefinitionError(
        file: consensusKeyFile.path,
        problem: "the validator's consensus key is missing",
        remedy: """
          restore the file; a new validator's key is made only with its home: \
          `supercloud init --role validator --home NEW_FOLDER`
          """
      )
    }
    return try machineKey("consensus")
  }

  /// The key that signs votes, made together with its guard if there is none. A key that is there already came
  /// from elsewhere, unless its guard is there too; it gets no new guard.
  public func makeConsensusKey() throws -> SigningKey {
    if FileManager.default.fileExists(atPath: consensusKeyFile.path) { return try consensusKey() }
    let key = SigningKey.generate()
    // The guard comes first: a guard without its key signs nothing, but a key without its guard is lost.
    try SignerGuard.create(path: guardFile.path, key: key.publicKey)
    try write(machineKey: key, named: "consensus")
    return key
  }

  /// Why this home's guard would refuse to sign; nil when it would sign.
  public func signerQuarantine(of key: PublicKey) throws(StorageError) -> SignerQuarantine? {
    try SignerLog.inspect(
      logFolder: consensusLog.path,
      guardPath: guardFile.path,
      key: key,
      accepts: Self.isRecord
    )
  }

  /// The latest signature of the key and the highest floor that this home knows of.
  public func knownSignatures(of key: PublicKey) throws(StorageError)
    -> (signed: SignerPosition?, floor: SignerFloor?)
  {
    try SignerLog.known(logFolder: consensusLog.path, guardPath: guardFile.path, key: key)
  }

  /// The height of the last block in the database of a stopped node; nil when there is none or the database
  /// cannot be read. Throws `.locked` while the node runs.
  public func stoppedHeight() throws(StorageError) -> UInt64? {
    let lock = try HomeLock(home: folder.path)
    defer { withExtendedLifetime(lock) {} }
    return try? storedHeight()
  }

  /// The height of the last block in this home's database; nil when there is none. The node must be stopped.
  private func storedHeight() throws(StorageError) -> UInt64? {
    guard FileManager.default.fileExists(atPath: data.appending(path: "CURRENT").path) else { return nil }
    var options = DatabaseOptions()
    options.createsIfMissing = false
    let store = try NodeStore(path: data.path, options: options)
    defer { store.database.close() }
    return store.lastHeight
  }

  /// Lets this home's key sign again, above what the operator states. The node must be stopped.
  public func adoptSigner(_ statement: SignerStatement) throws -> SignerAdoption {
    let key = try consensusKey()
    let lock = try HomeLock(home: folder.path)
    defer { withExtendedLifetime(lock) {} }
    let tip = try statement == .wholeNetworkRestored ? storedHeight() ?? 0 : 0
    return try SignerLog.adopt(
      logFolder: consensusLog.path,
      guardPath: guardFile.path,
      key: key.publicKey,
      tip: tip,
      accepts: Self.isRecord,
      statement
    )
  }

  /// Whether a node could restore its consensus machine from these bytes of the log.
  private static func isRecord(_ bytes: [UInt8]) -> Bool { (try? ReplicaRecord(decoding: bytes)) != nil }

  /// Lets this home's key sign again if its guard refuses. Only for a network of which all homes are in the
  /// caller's hands, so that nothing else has their keys.
  public func adoptIfRestoredWithNetwork() throws {
    guard try signerQuarantine(of: consensusKey().publicKey) != nil else { return }
    _ = try adoptSigner(.wholeNetworkRestored)
  }

  /// The command that ends a quarantine of this home's guard.
  public var adoptCommand: String {
    "supercloud validator adopt --home \(CommandText.quoted(folder.path)) --last-signed HEIGHT/ROUND"
  }

  /// What the operator does about a quarantine.
  public var adoptAdvice: String {
    """
    make sure that nothing else signs with the key and never will, stop this node, then: `\(adoptCommand)`, with the \
    last height and round that the key signed; or --whole-network-restored, if every node of the network was restored \
    from backups
    """
  }
}
