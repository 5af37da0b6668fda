import API
import Foundation
import Logging
import Primitives
import Storage

/// The result of checking all chain data that a stopped node has on disk.
public struct HomeVerification: Codable, Sendable {
  public var store: StoreVerification.Report
  /// Number of records in the consensus log; nil when the node has none.
  public var consensusRecords: UInt64?

  /// Checks the home. It reads the whole database and the consensus log, which may take long.
  ///
  /// - Throws: `StorageError.locked` when the home is in use; `DefinitionError` with place, damage and
  ///   remedy.
  public init(of home: Home) throws {
    let lock = try HomeLock(home: home.folder.path)
    defer { withExtendedLifetime(lock) {} }
    guard FileManager.default.fileExists(atPath: home.data.appending(path: "CURRENT").path) else {
      throw DefinitionError(
        file: home.data.path,
        problem: "there is no database: no node has run in this home",
        remedy: "check --home, or start the node once"
      )
    }
    do {
      var options = DatabaseOptions()
      options.createsIfMissing = false
      let store = try NodeStore(path: home.data.path, options: options)
      defer { store.database.close() }
      guard let report = try StoreVerification(store).everything() else {
        throw StorageError.corrupt(path: home.data.path, detail: "the database is empty")
      }
      self.store = report
    } catch StorageError.corrupt(let path, let detail) {
      throw DefinitionError(damageOf: home, path, detail)
    }
    let log = home.consensus.appending(path: "log").path
    guard FileManager.default.fileExists(atPath: log) else { return }
    do {
      consensusRecords = UInt64(try RecordLog.inspect(folder: log).records)
    } catch StorageError.corrupt(let path, let detail) {
      throw DefinitionError(
        file: path,
        problem: "the consensus log is damaged: \(detail)",
        remedy: home.adoptAdvice
      )
    }
  }
}

extension DefinitionError {
  /// Explains damage found in a home's database: `detail` at `path`.
  init(damageOf home: Home, _ path: String, _ detail: String) {
    self.init(
      file: path,
      problem: "the database is damaged: \(detail)",
      remedy: """
        nothing was repaired: check the disk, keep a copy if you want to know more, then move the folder \
        \(home.data.path) away; the node catches up from its peers. \
        `supercloud debug verify --home \(CommandText.quoted(home.folder.path))` looks at everything
        """
    )
  }
}

extension NodeRuntime {
  /// The number of newest blocks that are verified at each start: what a crash may have damaged.
  private static let verifiedBlocks: UInt64 = 100

  /// Verifies the newest part of the store before the node uses it.
  ///
  /// - Throws: `DefinitionError` when it is damaged.
  func verify(_ store: NodeStore) throws {
    let start = ContinuousClock.now
    do {
      guard let report = try StoreVerification(store).newest(Self.verifiedBlocks) else { return }
      let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
      let time = "\(Int(milliseconds.rounded())) ms"
      if report.blocks > 0 {
        logger.info("verified the last \(report.blocks) blocks up to height \(report.height) in \(time)")
      } else {
        logger.info("verified the state of height \(report.height) in \(time): no block follows yet")
      }
    } catch StorageError.corrupt(let path, let detail) {
      throw DefinitionError(damageOf: home, path, detail)
    }
  }
}
