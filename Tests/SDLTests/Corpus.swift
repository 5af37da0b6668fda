import Foundation
import SDL
import Testing
import Vectors

/// Deployment files with what must come of them: our own at the edges of the format, and other people's where they are.
enum Corpus {
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
    /// The exact outputs of an accepted file, where the set has them.
    var groups: [UInt8]?
    var manifest: [UInt8]?
    var canonicalManifest: [UInt8]?

    var description: String { "\(set)/\(name)" }

    /// Verdict and rule are binding together where the rule was assigned to a document with one mistake.
    var hasBindingRule: Bool {
      ["ref-", "gotest-", "ts-", "edge-"].contains { name.hasPrefix($0) }
    }
  }

  /// All cases with what is made of them, read once for all tests.
  private static let files = Result {
    try (own() + others()).map { (example: $0, file: DeploymentFile($0.source)) }
  }

  /// All cases that are here. Fails when one cannot be read.
  static func all() throws -> [(example: Case, file: DeploymentFile)] { try files.get() }

  // MARK: Our own

  private struct Line: Decodable {
    var name: String
    var yaml: String
    var groups: String?
    var manifest: String?
  }

  private static func own() throws -> [Case] {
    try ["valid", "invalid"].flatMap { set in
      let path = "sdl/\(set).jsonl"
      let lines = try Vectors.lines(path, as: Line.self)
      return try zip(lines, Vectors.lines(path, as: Expectation.self)).map { line, expectation in
        Case(
          set: set,
          name: line.name,
          source: Array(line.yaml.utf8),
          expectation: expectation,
          groups: line.groups.map { Array($0.utf8) },
          manifest: line.manifest.map { Array($0.utf8) }
        )
      }
    }
  }

  // MARK: Other people's

  static let hasOthers = Vectors.otherDocuments != nil

  /// Nil where the folder is not there.
  static func otherData(_ path: String) throws -> Data? {
    try Vectors.otherDocuments.map { try Data(contentsOf: $0.appending(path: path)) }
  }

  private static func others() throws -> [Case] {
    guard let folder = Vectors.otherDocuments else { return [] }
    return try ["parity", "valid", "invalid", "schema-cases", "community", "variants"].flatMap { set in
      let root = folder.appending(path: set)
      let data = try Data(contentsOf: root.appending(path: "expectations.json"))
      let expectations = try JSONDecoder().decode([String: Expectation].self, from: data)
        .filter { !$0.key.hasPrefix("edge-") }
      return try expectations.sorted { $0.key < $1.key }.map { name, expectation in
        let path = root.appending(path: name)
        let isFile = name.hasSuffix(".yaml")
        func output(_ file: String) throws -> [UInt8]? {
          let output = path.appending(path: file)
          guard !isFile, FileManager.default.fileExists(atPath: output.path) else { return nil }
          return [UInt8](try Data(contentsOf: output))
        }
        return Case(
          set: set,
          name: name,
          source: [UInt8](try Data(contentsOf: isFile ? path : input(in: path))),
          expectation: expectation,
          groups: try output("group-specs.json"),
          manifest: try output("manifest.json"),
          canonicalManifest: try output("manifest.canonical.json")
        )
      }
    }
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
