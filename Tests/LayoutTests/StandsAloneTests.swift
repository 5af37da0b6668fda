import Foundation
import Testing

/// What a fresh clone of the repository holds and names.
@Suite struct StandsAloneTests {
  static let repository = Repository()

  /// Who clones it gets nothing but its files, so no file may speak of what lies beside them. Where other people's
  /// documents are looked for is known to the reader of test vectors and to what accepts a change.
  static let mayLookOutside: Set = ["Tests/Vectors/Vectors.swift", ".ci/run"]
  /// The examples below are what is looked for.
  static let examples = "Tests/LayoutTests/StandsAloneTests.swift"

  @Test(
    .enabled(if: repository.isCheckout, "the sources are no git checkout, so there is nothing to clone")
  )
  func `no file of a clone names a place outside or a document that is not there`() throws {
    let clone = try Clone(of: Self.repository.root)
    defer { clone.remove() }
    #expect(clone.files.count > 300)
    for file in clone.files where file.path != Self.examples {
      for (index, line) in file.lines.enumerated() {
        if !Self.mayLookOutside.contains(file.path), let place = References.outside(line, in: file.path) {
          Issue.record("\(file):\(index + 1) names \(place), which is outside of the repository")
        }
        for document in References.documents(line) where !clone.holds(document, beside: file.path) {
          Issue.record("\(file):\(index + 1) names \(document), which the repository does not hold")
        }
      }
    }
  }

  @Test(
    arguments: [
      ("see ../shared", "README.md"), ("at /work/main", "README.md"),
      ("in shared/conformance", "README.md"), ("[it](../../other)", "Network/README.md"),
      ("source \"x/../../y\"", "Tests/run"),
    ]
  )
  func `places outside are told from those inside`(line: String, path: String) {
    #expect(References.outside(Substring(line), in: path) != nil)
  }

  @Test(
    arguments: [
      ("source \"$(dirname x)/../Testnet/setup\"", "Tests/run"), ("[up](../README.md)", "Network/README.md"),
      ("https://example.com/work/../x", "README.md"), ("for i in 0..<9 { a.../b }", "Sources/a.swift"),
    ]
  )
  func `paths within, addresses of the web and ellipses are no places outside`(line: String, path: String) {
    #expect(References.outside(Substring(line), in: path) == nil)
  }

  @Test func `documents are found by their names, and not those of the web`() {
    let line: Substring =
      "As `plan.md` § 2, [here](a/b.md#c) and https://example.com/d.md say; DESIGN § 4."
    #expect(References.documents(line) == ["plan.md", "a/b.md", "DESIGN"])
  }
}

/// What one line of a text refers to.
enum References {
  /// The first place that a clone does not hold.
  static func outside(_ line: Substring, in path: String) -> String? {
    for word in words(line) {
      for place in ["../shared", "shared/conformance", "/work/"] where word.contains(place) { return place }
      // A script names its own folder by a command before the steps up; a link begins with them.
      guard word.contains("../") else { continue }
      var depth = path.split(separator: "/").count - 1
      for step in word.split(separator: "/") {
        if step == ".." { depth -= 1 }
        if depth < 0 { return word }
      }
    }
    return nil
  }

  /// Markdown files by path or name, and the design document, which goes by its name alone.
  static func documents(_ line: Substring) -> [String] {
    words(line).compactMap { word in
      let word = word.prefix { $0 != "#" }
      if word == "DESIGN" { return String(word) }
      return word.hasSuffix(".md") && word.count > 3 ? String(word) : nil
    }
  }

  /// Paths and names without the punctuation around them; addresses of the web are left out.
  private static func words(_ line: Substring) -> [String] {
    line.split { $0.isWhitespace || "`\"'()[]<>,;|{}".contains($0) }
      .filter { !$0.contains("://") }
      .map { word in
        var word = word
        while let last = word.last, ".:!?".contains(last) { word.removeLast() }
        return String(word)
      }
  }
}

/// A clone of the last commit in an empty folder.
private struct Clone {
  let root: URL
  let files: [Repository.File]
  private let paths: Set<String>
  private let names: Set<String>

  init(of repository: URL) throws {
    let place = FileManager.default.temporaryDirectory.appending(
      path: "supercloud-clone-\(UUID().uuidString)"
    )
    root = place
    do {
      try Git.run(["clone", "--quiet", "--no-hardlinks", repository.path, place.path], in: repository)
      let list = try Git.run(["ls-files", "-z"], in: place)
      let all = list.split(separator: "\0").map(String.init)
      paths = Set(all)
      names = Set(all.map { URL(filePath: $0).lastPathComponent })
      files = try all.map { path in
        File(
          path: path,
          text: String(decoding: try Data(contentsOf: place.appending(path: path)), as: UTF8.self)
        )
      }
    } catch {
      try? FileManager.default.removeItem(at: place)
      throw error
    }
  }

  private typealias File = Repository.File

  /// Whether `document` is a file by its name, by its path from the root, or by its path from the one that names it.
  func holds(_ document: String, beside path: String) -> Bool {
    guard document.contains("/") else { return names.contains(document) }
    let folder = URL(filePath: "/" + path).deletingLastPathComponent()
    let relative = folder.appending(path: document).standardizedFileURL.path.dropFirst()
    return paths.contains(document) || paths.contains(String(relative))
  }

  func remove() { try? FileManager.default.removeItem(at: root) }
}

/// Runs git and gives what it prints.
enum Git {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  @discardableResult
  static func run(_ arguments: [String], in folder: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder.path] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let words = arguments.joined(separator: " ")
      throw Failure(description: "git \(words): \(String(decoding: complaint, as: UTF8.self))")
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Repository {
  /// Whether this is a repository of its own, and not a copy of its files, perhaps within another one.
  var isCheckout: Bool {
    guard let top = try? Git.run(["rev-parse", "--show-toplevel"], in: root) else { return false }
    let place = URL(filePath: top.trimmingCharacters(in: .newlines))
    return place.resolvingSymlinksInPath().path == root.path
  }
}
