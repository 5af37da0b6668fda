public import Cryptography
public import Foundation
import Primitives

/// A node's home folder with its configuration, network definition, keys and data. A node writes only here.
public struct Home: Sendable {
  public let folder: URL

  public init(_ folder: URL) {
    self.folder = folder.standardizedFileURL
  }

  public var configuration: URL { folder.appending(path: "config.toml") }
  public var network: URL { folder.appending(path: "network") }
  public var keys: URL { folder.appending(path: "keys") }
  public var data: URL { folder.appending(path: "data") }
  public var consensus: URL { folder.appending(path: "consensus") }
  /// The file with the gossip state that is saved for the next run.
  public var gossip: URL { data.appending(path: "gossip") }
  public var provider: URL { folder.appending(path: "provider") }
  /// The file with the running node's process id and addresses. Deleted when it stops, left when it crashes.
  public var runtime: URL { folder.appending(path: "runtime.json") }

  /// The lock file of the commands that sign with an account's key.
  public func lock(of account: Address) -> URL { folder.appending(path: "locks/\(account.text()).lock") }

  public var exists: Bool { FileManager.default.fileExists(atPath: configuration.path) }

  /// Makes the home's folders, which only their owner can read.
  public func create() throws {
    for folder in [folder, network, keys, data, consensus] { try Self.createFolder(folder) }
  }

  /// Makes a folder that only its owner can read.
  public static func createFolder(_ folder: URL) throws {
    try FileManager.default.createDirectory(
      at: folder,
      withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700]
    )
  }

  /// Makes a file that only its owner can read; returns whether it is written.
  static func createFile(_ file: URL, _ text: String) -> Bool {
    let access: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
    return FileManager.default.createFile(atPath: file.path, contents: Data(text.utf8), attributes: access)
  }

  /// The key of the node, made at first use, or another that is there. It is not encrypted: it must not hold
  /// money. The validator's is made by `makeConsensusKey` only.
  ///
  /// - Throws: `Failure` when the keys' folder is closed to the user, else an error of reading or writing the file.
  public func machineKey(_ name: String) throws -> SigningKey {
    let file = keys.appending(path: "\(name).key")
    if try Self.isThere(file) {
      let text = try DefinitionError.contents(of: file).trimmingCharacters(in: .whitespacesAndNewlines)
      guard let seed = Hex.decode(text), let key = SigningKey(seed: seed) else {
        throw DefinitionError(
          file: file.path,
          problem: "the file does not hold a key",
          remedy: "restore the file: 64 hex digits of a seed"
        )
      }
      return key
    }
    let key = SigningKey.generate()
    try write(machineKey: key, named: name)
    return key
  }

  /// Stores `key` under `name` unencrypted; only the owner can read the file.
  public func write(machineKey key: SigningKey, named name: String) throws {
    let file = keys.appending(path: "\(name).key")
    guard Self.createFile(file, Hex.encode(key.seed()) + "\n") else {
      throw DefinitionError(file: file.path, problem: "the key file cannot be written")
    }
  }

  /// The content of `runtime.json`, which a running node writes.
  public struct Runtime: Codable, Sendable {
    public var process: Int32
    public var peerAddress: String
    public var apiAddress: String
    public var nodeKey: String
    public var leaseAddress: String?
  }

  public func writeRuntime(_ runtime: Runtime) throws {
    try JSONEncoder().encode(runtime).write(to: self.runtime, options: .atomic)
  }

  /// Reads `runtime.json`; nil when it is missing or cannot be decoded.
  public func readRuntime() -> Runtime? {
    guard let data = try? Data(contentsOf: runtime) else { return nil }
    return try? JSONDecoder().decode(Runtime.self, from: data)
  }
}
