import CNetworks
public import Foundation

/// Where the files of a network's definition are: in a folder, or in the program, which holds those of the
/// repository's folder `Network`.
public enum DefinitionSource: Hashable, Sendable {
  case folder(URL)
  case builtIn(String)

  /// The files of a definition, of which `peers.toml` may be missing.
  public static let files = ["genesis.json", "parameters.toml", "peers.toml"]

  /// The files of the program's networks: by the network's name, then by the file's.
  static let builtIn: [String: [String: Data]] = {
    var networks: [String: [String: Data]] = [:]
    var index = 0
    while let file = network_file_at(index)?.pointee {
      networks[String(cString: file.network), default: [:]][String(cString: file.name)] =
        Data(bytes: file.bytes, count: file.count)
      index += 1
    }
    return networks
  }()

  /// The names of the networks in the program, sorted.
  public static var names: [String] { builtIn.keys.sorted() }

  /// Finds a definition: that of the program with this name, or else the folder with this path.
  ///
  /// - Throws: `DefinitionError` when there is neither.
  public static func locate(_ name: String) throws -> DefinitionSource {
    if builtIn[name] != nil { return .builtIn(name) }
    let folder = URL(filePath: name).standardizedFileURL
    guard FileManager.default.fileExists(atPath: folder.appending(path: "genesis.json").path) else {
      let known = names.joined(separator: " and ")
      throw DefinitionError(
        file: name,
        problem: "this is neither the name of a network nor a folder with a genesis.json",
        remedy: "name one that the program knows (\(known)), or the folder of a definition"
      )
    }
    return .folder(folder)
  }

  /// The network's name, or the folder's.
  public var name: String {
    switch self {
    case .folder(let folder): folder.lastPathComponent
    case .builtIn(let name): name
    }
  }

  /// The name of a file for error messages: its path, or `NAME/FILE` for one of the program.
  func place(of file: String) -> String {
    switch self {
    case .folder(let folder): folder.appending(path: file).path
    case .builtIn(let name): "\(name)/\(file)"
    }
  }

  /// The content of a file; nil when there is none.
  ///
  /// - Throws: `DefinitionError` when a file that is there cannot be read.
  func content(of file: String) throws -> String? {
    switch self {
    case .folder(let folder):
      let url = folder.appending(path: file)
      return FileManager.default.fileExists(atPath: url.path) ? try DefinitionError.contents(of: url) : nil
    case .builtIn(let name):
      return Self.builtIn[name]?[file].map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// The content of a file that must be there.
  ///
  /// - Throws: `DefinitionError` when it is missing or cannot be read.
  func required(_ file: String) throws -> String {
    guard let text = try content(of: file) else {
      throw DefinitionError(
        file: place(of: file),
        problem: "the file is missing",
        remedy: "a definition has genesis.json and parameters.toml, and may have peers.toml"
      )
    }
    return text
  }
}
