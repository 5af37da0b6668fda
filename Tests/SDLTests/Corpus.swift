import Foundation
import SDL
import Testing

/// The conformance corpus, read from beside the repository.
enum Corpus {
  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "shared/conformance/sdl")

  static let sets = ["parity", "valid", "invalid", "schema-cases", "community", "variants"]

  struct Expectation: Decodable {
    var parser: String
    var schema: String
    var hash: String?
    var rule: String?
    var reclamation_ns: UInt64?
  }

  struct Case: CustomStringConvertible {
    var set: String
    var name: String
    var source: [UInt8]
    var expectation: Expectation
    /// The folder with the outputs of an accepted document.
    var folder: URL?

    var description: String { "\(set)/\(name)" }

    /// Verdict and rule are binding together where the rule was assigned to a document with one mistake.
    var hasBindingRule: Bool {
      ["ref-", "gotest-", "ts-", "edge-"].contains { name.hasPrefix($0) }
    }

    func output(_ file: String) throws -> [UInt8] {
      let folder = try #require(folder)
      return [UInt8](try Data(contentsOf: folder.appending(path: file)))
    }

    func has(_ file: String) -> Bool {
      folder.map { FileManager.default.fileExists(atPath: $0.appending(path: file).path()) } ?? false
    }
  }

  /// The cases of one set, in order of their names. Fails when the corpus is not there.
  static func cases(_ set: String) throws -> [Case] {
    let root = folder.appending(path: set)
    let data = try Data(contentsOf: root.appending(path: "expectations.json"))
    let expectations = try JSONDecoder().decode([String: Expectation].self, from: data)
    return try expectations.sorted { $0.key < $1.key }.map { name, expectation in
      let path = root.appending(path: name)
      let isFile = name.hasSuffix(".yaml")
      let file = isFile ? path : try input(in: path)
      return Case(
        set: set,
        name: name,
        source: [UInt8](try Data(contentsOf: file)),
        expectation: expectation,
        folder: isFile ? nil : path
      )
    }
  }

  /// All cases with what is made of them, read once for all tests; empty when the corpus is not there.
  static let files: [(example: Case, file: DeploymentFile)] =
    (try? sets.flatMap(cases))?
    .map { ($0, DeploymentFile($0.source)) } ?? []

  /// As `files`; fails when the corpus is not there.
  static func all() throws -> [(example: Case, file: DeploymentFile)] {
    try #require(!files.isEmpty)
    return files
  }

  private static func input(in folder: URL) throws -> URL {
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return try #require(files.first { ["yaml", "yml"].contains($0.pathExtension) })
  }
}

/// A document with one service, in which tests replace a part.
enum Sample {
  static let text = """
    version: "2.0"
    services:
      web:
        image: nginx
        expose:
          - port: 80
            to:
              - global: true
    profiles:
      compute:
        web:
          resources:
            cpu:
              units: 1
            memory:
              size: 512Mi
            storage:
              size: 1Gi
      placement:
        dc:
          pricing:
            web:
              denom: uakt
              amount: 1000
    deployment:
      web:
        dc:
          profile: web
          count: 1

    """

  /// The sample with `old` replaced by `new`; the replaced text must be there.
  static func replacing(_ old: String, with new: String) throws -> String {
    try #require(text.contains(old))
    return text.replacing(old, with: new)
  }
}
