public import Chain
import Cryptography
public import Foundation
import Primitives
import TOMLKit

/// The definition of a network: a folder with `genesis.json`, `parameters.toml` and `peers.toml`.
public struct NetworkDefinition: Sendable {
  public var genesis: Genesis
  public var seeds: [Seed]

  /// A node to which a new node connects first.
  public struct Seed: Hashable, Sendable {
    public var key: PublicKey
    /// `host:port` of the seed's TCP listener. Its UDP port is learnt later from its node record.
    public var address: String

    public init(key: PublicKey, address: String) {
      self.key = key
      self.address = address
    }
  }

  /// Reads the folder.
  ///
  /// - Throws: `DefinitionError` that names the file and what is wrong in it.
  public init(at folder: URL) throws {
    let parameters = try Self.parameters(at: folder.appending(path: "parameters.toml"))
    genesis = try GenesisFile.read(folder.appending(path: "genesis.json")).genesis(parameters: parameters)
    seeds = try Self.seeds(at: folder.appending(path: "peers.toml"))
  }

  /// Finds the folder of a definition. `name` is a path, or the name of a folder in `SUPERCLOUD_NETWORKS` (an
  /// environment variable), or in a folder `Network` in the working folder or in any folder above the
  /// program.
  public static func locate(_ name: String) throws -> URL {
    var candidates: [URL] = [URL(filePath: name)]
    if let configured = ProcessInfo.processInfo.environment["SUPERCLOUD_NETWORKS"] {
      candidates.append(URL(filePath: configured).appending(path: name))
    }
    var folder = URL(filePath: FileManager.default.currentDirectoryPath)
    candidates.append(folder.appending(path: "Network/\(name)"))
    let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    if let program = program.map({ URL(filePath: $0) }) {
      folder = program.deletingLastPathComponent()
      while folder.path != "/" {
        candidates.append(folder.appending(path: "Network/\(name)"))
        folder = folder.deletingLastPathComponent().standardizedFileURL
      }
    }
    for candidate in candidates
    where FileManager.default.fileExists(atPath: candidate.appending(path: "genesis.json").path) {
      return candidate.standardizedFileURL
    }
    throw DefinitionError(
      file: "Network/\(name)/genesis.json",
      problem: "there is no network definition of this name",
      remedy: "name a folder that holds genesis.json, or set SUPERCLOUD_NETWORKS to the folder of definitions"
    )
  }

  private static func parameters(at file: URL) throws -> Parameters {
    let table = try TOMLFile.table(at: file)
    var parameters = Parameters()
    let sections = Set(
      ParameterKey.allCases.compactMap { $0.rawValue.split(separator: ".").first.map(String.init) }
    )
    for (section, value) in table {
      guard let entries = value.table else {
        throw DefinitionError(
          file: file.path,
          problem: "`\(section)` stands outside a section",
          remedy: "write it below the section that it belongs to, such as [\(sections.sorted()[0])]"
        )
      }
      guard sections.contains(section) else {
        throw DefinitionError(
          file: file.path,
          problem: "there is no section `\(section)`",
          remedy: Spelling.remedy(for: section, among: sections.sorted())
        )
      }
      for (name, entry) in entries {
        let key = "\(section).\(name)"
        guard let parameter = ParameterKey(rawValue: key) else {
          throw DefinitionError(
            file: file.path,
            problem: "`\(key)` is not a parameter",
            remedy: Spelling.remedy(for: key, among: ParameterKey.allCases.map(\.rawValue))
          )
        }
        guard let number = entry.int else {
          throw DefinitionError(
            file: file.path,
            problem: "`\(key)` must be a whole number",
            remedy: "write digits only, without quotes or a decimal point"
          )
        }
        let range = parameter.definition.range
        guard let value = UInt64(exactly: number), range.contains(value) else {
          throw DefinitionError(
            file: file.path,
            problem: "`\(key)` is \(number) \(parameter.definition.unit)",
            remedy: "it may be \(range.lowerBound) to \(range.upperBound)"
          )
        }
        parameters[parameter] = value
      }
    }
    return parameters
  }

  private static func seeds(at file: URL) throws -> [Seed] {
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    return try TOMLFile.read(Peers.self, at: file).seeds.map { text in
      let parts = text.split(separator: "@", maxSplits: 1)
      guard parts.count == 2, let bytes = Hex.decode(parts[0]), let key = PublicKey(bytes) else {
        throw DefinitionError(
          file: file.path,
          problem: "`\(text)` is not a seed",
          remedy: "write \"<64 hex digits>@host:port\""
        )
      }
      let address = try NodeConfiguration.address(String(parts[1]), "seeds", file: file)
      return Seed(key: key, address: address.description)
    }
  }

  /// Copies a definition's files, so that the user owns the copies even if somebody else owns the source. Makes the
  /// folder `target` if it is missing.
  ///
  /// - Throws: `DefinitionError`, before anything is written, when the parameters are not legal; any error of
  ///   reading and writing the files.
  public static func copy(from source: URL, to target: URL) throws {
    _ = try parameters(at: source.appending(path: "parameters.toml"))
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    for name in ["genesis.json", "parameters.toml", "peers.toml"] {
      let file = source.appending(path: name)
      guard FileManager.default.fileExists(atPath: file.path) else { continue }
      try Data(contentsOf: file).write(to: target.appending(path: name), options: .atomic)
    }
  }

  /// Writes the list of seeds to `peers.toml`, replacing its content.
  public static func write(seeds: [Seed], to folder: URL) throws {
    let entries = seeds.map { "  \(TOMLFile.quoted("\(Hex.encode($0.key.bytes))@\($0.address)"))," }
      .joined(separator: "\n")
    let text =
      "# Nodes that a new node connects to first: \"<node public key, hex>@host:port\".\nseeds = [\n\(entries)\n]\n"
    try text.write(to: folder.appending(path: "peers.toml"), atomically: true, encoding: .utf8)
  }
}

/// The content of `peers.toml`.
private struct Peers: Decodable {
  var seeds: [String]

  init(from decoder: any Decoder) throws {
    seeds = try SectionReader(decoder, known: ["seeds"]).value("seeds", default: [])
  }
}

/// An error in a definition or configuration file.
public struct DefinitionError: Error, CustomStringConvertible, Sendable {
  public var file: String
  public var problem: String
  public var remedy: String?

  public init(file: String, problem: String, remedy: String? = nil) {
    self.file = file
    self.problem = problem
    self.remedy = remedy
  }

  public var description: String {
    "\(file): \(problem)" + (remedy.map { "\n  fix   \($0)" } ?? "")
  }

  static func contents(of file: URL) throws -> String {
    do {
      return try String(contentsOf: file, encoding: .utf8)
    } catch {
      let problem = "the file cannot be read: \(error.localizedDescription)"
      throw DefinitionError(file: file.path, problem: problem)
    }
  }
}
