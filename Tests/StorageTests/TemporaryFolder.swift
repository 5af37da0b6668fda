import Cryptography
import Foundation
import Glibc

@testable import Storage

/// A folder that is gone with this value.
final class TemporaryFolder: Sendable {
  let path: String

  init() {
    let template = FileManager.default.temporaryDirectory.path + "/storage-tests-XXXXXX"
    var bytes = Array(template.utf8CString)
    guard mkdtemp(&bytes) != nil else {
      fatalError("no temporary folder: \(String(cString: strerror(errno)))")
    }
    path = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func path(_ name: String) -> String { path + "/" + name }
}

extension Database {
  /// Puts a single entry.
  func put(_ key: [UInt8], _ value: [UInt8], in family: ColumnFamily, sync: Bool) throws(StorageError) {
    var batch = try batch()
    batch.put(key, value, in: family)
    try write(batch, sync: sync)
  }
}

extension SignerGuard {
  func admit(height: UInt64, round: UInt32, step: SignerStep, signBytes: [UInt8]) -> SignerAdmission {
    admit(SignerPosition(height: height, round: round, step: step), signBytes: signBytes)
  }

  mutating func record(
    height: UInt64,
    round: UInt32,
    step: SignerStep,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) {
    let position = SignerPosition(height: height, round: round, step: step)
    try record(position, signBytes: signBytes, signature: signature)
  }
}

extension SignerLog {
  func admit(height: UInt64, round: UInt32, step: SignerStep, signBytes: [UInt8]) -> SignerAdmission {
    admit(SignerPosition(height: height, round: round, step: step), signBytes: signBytes)
  }

  @discardableResult
  mutating func record(
    height: UInt64,
    round: UInt32,
    step: SignerStep,
    signBytes: [UInt8],
    signature: Signature
  ) throws(StorageError) -> UInt64 {
    let position = SignerPosition(height: height, round: round, step: step)
    return try record(position, signBytes: signBytes, signature: signature)
  }
}

func copy(_ source: String, to target: String) throws {
  try FileManager.default.copyItem(atPath: source, toPath: target)
}

func remove(_ path: String) throws {
  try FileManager.default.removeItem(atPath: path)
}

func contents(of path: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// Overwrites the file in place, so that it stays the same file.
func overwrite(_ path: String, _ bytes: [UInt8]) throws {
  let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  try handle.truncate(atOffset: 0)
  try handle.write(contentsOf: Data(bytes))
  try handle.close()
}

func flip(_ path: String, at offset: Int) throws {
  var bytes = try contents(of: path)
  bytes[offset] ^= 0x10
  try overwrite(path, bytes)
}

func names(in folder: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
}
