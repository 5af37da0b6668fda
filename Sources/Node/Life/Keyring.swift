public import Cryptography
import Foundation
import Glibc
import Primitives

/// Account keys in a home's `keys` folder, encrypted with a password or, for test networks, unencrypted.
///
/// The first line of `NAME.account` has the address and public key in clear text, so that listing needs no
/// password. The second line has the key, after the word `sealed` (encrypted) or `plain`.
public struct Keyring: Sendable {
  public struct Entry: Codable, Hashable, Sendable {
    public var name: String
    public var address: String
    public var publicKey: String
    /// Whether a password encrypts the key.
    public var isProtected: Bool

    private enum CodingKeys: String, CodingKey {
      case name = "name"
      case address = "address"
      case publicKey = "publicKey"
      case isProtected = "protected"
    }
  }

  public struct KeyringError: Error, CustomStringConvertible, Sendable {
    public var description: String
  }

  private let folder: URL

  public init(home: Home) {
    folder = home.keys
  }

  /// Derives the account key at `m/44'/118'/index'/0'/0'` from a mnemonic.
  public static func key(words: [String], index: UInt32) throws -> SigningKey {
    let seed = try Mnemonic.seed(words)
    guard let key = SigningKey(seed: try HDKey.derive(seed: seed, path: "m/44'/118'/\(index)'/0'/0'")) else {
      throw KeyringError(description: "these words do not give a valid key")
    }
    return key
  }

  /// - Throws: `Failure` when the folder of the keys is closed to the user.
  public func contains(_ name: String) throws -> Bool { try Home.isThere(file(name)) }

  public func store(_ key: SigningKey, named name: String, password: String?) throws {
    guard name.range(of: "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", options: .regularExpression) != nil else {
      throw KeyringError(description: "`\(name)` is not a key name: letters, digits, - and _, at most 64")
    }
    try Home.createFolder(folder)
    let secret = key.seed()
    let body: String
    if let password {
      body = "sealed " + Hex.encode(try SealedKeyFile.seal(secret, password: password))
    } else {
      body = "plain " + Hex.encode(secret)
    }
    let text = "\(key.address.text()) \(Hex.encode(key.publicKey.bytes))\n\(body)\n"
    guard Home.createFile(file(name), text) else {
      throw KeyringError(description: "\(file(name).path) cannot be written")
    }
  }

  /// Reads a key and decrypts it with the password from SUPERCLOUD_PASSWORD or from the terminal.
  public func open(_ name: String) throws -> SigningKey {
    let lines = try read(name)
    let parts = lines[1].split(separator: " ")
    guard parts.count == 2, let bytes = Hex.decode(parts[1]) else { throw damaged(name) }
    var seed = bytes
    if parts[0] == "sealed" {
      seed = try SealedKeyFile.open(bytes, password: Self.askPassword("password of \(name): "))
    }
    guard let key = SigningKey(seed: seed) else { throw damaged(name) }
    return key
  }

  public func entry(_ name: String) throws -> Entry {
    let lines = try read(name)
    let parts = lines[0].split(separator: " ").map(String.init)
    guard parts.count == 2 else { throw damaged(name) }
    return Entry(
      name: name,
      address: parts[0],
      publicKey: parts[1],
      isProtected: lines[1].hasPrefix("sealed")
    )
  }

  public func entries() throws -> [Entry] {
    guard try Home.isThere(folder) else { return [] }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return try files.filter { $0.hasSuffix(".account") }.sorted()
      .map { try entry(String($0.dropLast(".account".count))) }
  }

  public func delete(_ name: String) throws {
    try FileManager.default.removeItem(at: file(name))
  }

  private func file(_ name: String) -> URL {
    folder.appending(path: "\(name).account")
  }

  private func read(_ name: String) throws -> [String] {
    guard try contains(name) else {
      let known = (try? entries().map(\.name)) ?? []
      let hint =
        known.isEmpty
        ? "there is none yet: `supercloud keys add \(name)`" : "there are: \(known.joined(separator: ", "))"
      throw KeyringError(description: "there is no key named \(name) in \(folder.path); \(hint)")
    }
    let lines = try String(contentsOf: file(name), encoding: .utf8).split(separator: "\n").map(String.init)
    guard lines.count == 2 else { throw damaged(name) }
    return lines
  }

  private func damaged(_ name: String) -> KeyringError {
    KeyringError(description: "\(file(name).path) is damaged; restore the key from its words")
  }

  /// Asks twice for a new password, or takes it from SUPERCLOUD_PASSWORD.
  public static func askNewPassword() throws -> String {
    if let password = ProcessInfo.processInfo.environment["SUPERCLOUD_PASSWORD"] { return password }
    let first = try askPassword("new password: ")
    guard first.utf8.count >= 8 else {
      throw KeyringError(description: "a password needs at least 8 characters")
    }
    guard try askPassword("repeat the password: ") == first else {
      throw KeyringError(description: "the two passwords differ")
    }
    return first
  }

  private static func askPassword(_ prompt: String) throws -> String {
    if let password = ProcessInfo.processInfo.environment["SUPERCLOUD_PASSWORD"] { return password }
    guard isatty(STDIN_FILENO) == 1, let text = getpass(prompt) else {
      throw KeyringError(
        description:
          "a password is needed and there is no terminal; set SUPERCLOUD_PASSWORD, or use an unprotected key"
      )
    }
    return String(cString: text)
  }
}
