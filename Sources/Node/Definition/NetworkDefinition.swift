public import Chain
import Cryptography
public import Foundation
import Primitives
import TOMLKit

/// The definition of a network: the files `genesis.json`, `parameters.toml` and `peers.toml`.
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
  public init(at folder: URL) throws { try self.init(.folder(folder)) }

  /// Reads the files of `source`.
  ///
  /// - Throws: As for a folder.
  public init(_ source: DefinitionSource) throws {
    let parameters = try Self.parameters(source)
    let file = try GenesisFile(source.required("genesis.json"), file: source.place(of: "genesis.json"))
    genesis = try file.genesis(parameters: parameters)
    seeds = try Self.seeds(source)
  }

  private static func parameters(_ source: DefinitionSource) throws -> Parameters {
    let file = source.place(of: "parameters.toml")
    let table = try TOMLFile.table(source.required("parameters.toml"), file: file)
    var parameters = Parameters()
    let sections = Set(
      ParameterKey.allCases.compactMap { $0.rawValue.split(separator: ".").first.map(String.init) }
    )
    for (section, value) in table {
      guard let entries = value.table else {
        throw DefinitionError(
          file: file,
          problem: "`\(section)` stands outside a section",
          remedy: "write it below the section that it belongs to, such as [\(sections.sorted()[0])]"
        )
      }
      guard sections.contains(section) else {
        throw DefinitionError(
          file: file,
          problem: "there is no section `\(section)`",
          remedy: Spelling.remedy(for: section, among: sections.sorted())
        )
      }
      for (name, entry) in entries {
        let key = "\(section).\(name)"
        guard let parameter = ParameterKey(rawValue: key) else {
          throw DefinitionError(
            file: file,
            problem: "`\(key)` is not a parameter",
            remedy: Spelling.remedy(for: key, among: ParameterKey.allCases.map(\.rawValue))
          )
        }
        guard let number = entry.int else {
          throw DefinitionError(
            file: file,
            problem: "`\(key)` must be a whole number",
            remedy: "write digits only, without quotes or a decimal point"
          )
        }
        let range = parameter.definition.range
        guard let value = UInt64(exactly: number), range.contains(value) else {
          throw DefinitionError(
            file: file,
            problem: "`\(key)` is \(number) \(parameter.definition.unit)",
            remedy: "it may be \(range.lowerBound) to \(range.upperBound)"
          )
        }
        parameters[parameter] = value
      }
    }
    return parameters
  }

  private static func seeds(_ source: DefinitionSource) throws -> [Seed] {
    guard let text = try source.content(of: "peers.toml") else { return [] }
    let file = source.place(of: "peers.toml")
    return try TOMLFile.decode(Peers.self, text, file: file).seeds.map { text in
      let parts = text.split(separator: "@", maxSplits: 1)
      guard parts.count == 2, let bytes = Hex.decode(parts[0]), let key = PublicKey(bytes) else {
        throw DefinitionError(
          file: file,
          problem: "`\(text)` is not a seed",
          remedy: "write \"<64 hex digits>@host:port\""
        )
      }
      let address = try NodeConfiguration.address(String(parts[1]), "seeds", file: file)
      return Seed(key: key, address: address.description)
    }
  }

  /// Writes a definition's files into the folder `target`, which is made if it is missing. They are new files, so
  /// that the user owns them even if somebody else owns the source.
  ///
  /// - Throws: `DefinitionError`, before anything is written, when a file is missing or the parameters are not
  ///   legal; any error of reading and writing the files.
  public static func copy(from source: DefinitionSource, to target: URL) throws {
    _ = try parameters(source)
    _ = try source.required("genesis.json")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    for name in DefinitionSource.files {
      guard let text = try source.content(of: name) else { continue }
      try text.write(to: target.appending(path: name), atomically: true, encoding: .utf8)
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
