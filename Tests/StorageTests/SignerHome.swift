import Cryptography

@testable import Storage

/// A home with log and guard in a folder that is gone with this value.
struct SignerHome {
  let folder = TemporaryFolder()

  /// Opens log and guard, as a node does; makes the guard if the home is new, as `init` does.
  func open(_ home: String = "home", certified: UInt64 = 0) throws(StorageError) -> SignerLog {
    let path = folder.path(home)
    if !Folder.exists(path) { try SignerGuard.create(path: path + "/signer", key: TestKeys.own) }
    return try reopen(home, certified: certified)
  }

  func reopen(_ home: String = "home", certified: UInt64 = 0) throws(StorageError) -> SignerLog {
    let path = folder.path(home)
    return try SignerLog(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      key: TestKeys.own,
      certifiedHeight: certified
    )
  }

  func adopt(_ statement: SignerStatement, in home: String = "home", tip: UInt64 = 0) throws(StorageError)
    -> SignerAdoption
  {
    let path = folder.path(home)
    return try SignerLog.adopt(
      logFolder: path + "/wal",
      guardPath: path + "/signer",
      key: TestKeys.own,
      tip: tip,
      statement
    )
  }

  func inspect(_ home: String = "home") throws(StorageError) -> SignerQuarantine? {
    let path = folder.path(home)
    return try SignerLog.inspect(logFolder: path + "/wal", guardPath: path + "/signer", key: TestKeys.own)
  }

  func answer(_ log: borrowing SignerLog, _ height: UInt64, _ round: UInt32 = 0) -> SignerAdmission {
    log.admit(height: height, round: round, step: .prevote, signBytes: [0xEE])
  }

  func vote(_ log: inout SignerLog, _ height: UInt64, _ step: SignerStep = .prevote)
    throws(StorageError)
  {
    let mark = UInt8(truncatingIfNeeded: height)
    try log.record(height: height, round: 0, step: step, signBytes: [mark], signature: signature(mark))
  }

  func replayed(_ log: borrowing SignerLog) throws(StorageError) -> [[UInt8]] {
    var records: [[UInt8]] = []
    try log.replay { records.append($0) }
    return records
  }
}
