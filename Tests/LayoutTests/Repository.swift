import Foundation

/// The source tree that these tests read.
struct Repository {
  struct File: CustomStringConvertible {
    /// Relative to the repository's root.
    let path: String
    let text: String

    var description: String { path }
    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var isGenerated: Bool { path.hasPrefix("Sources/Wire/Generated/") }
  }

  let root: URL

  /// Found from this file's place, through symbolic links.
  init() {
    root = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
  }

  /// The Swift files below `folder`.
  func swiftFiles(in folder: String) throws -> [File] {
    let base = root.appending(path: folder).path
    guard let walk = FileManager.default.enumerator(atPath: base) else { throw CocoaError(.fileNoSuchFile) }
    return try walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { name in
      File(path: "\(folder)/\(name)", text: try String(contentsOfFile: "\(base)/\(name)", encoding: .utf8))
    }
  }
}

/// Swift code without what the compiler does not read: comments, and what stands in string literals.
struct CodeText {
  let text: String

  init(_ source: String) {
    var scanner = Scanner(rest: Array(source.utf8)[...])
    scanner.run()
    text = String(decoding: scanner.code, as: UTF8.self)
  }

  private struct Scanner {
    var rest: ArraySlice<UInt8>
    var code: [UInt8] = []

    mutating func run() {
      while let byte = rest.first {
        if starts("//") {
          rest = rest.drop { $0 != UInt8(ascii: "\n") }
        } else if starts("/*") {
          skipComment()
        } else if starts("\"\"\"") {
          rest = rest.dropFirst(3)
          skipString(until: "\"\"\"")
        } else if byte == UInt8(ascii: "\"") {
          rest = rest.dropFirst()
          skipString(until: "\"")
        } else {
          code.append(byte)
          rest = rest.dropFirst()
        }
      }
    }

    private func starts(_ text: String) -> Bool { rest.starts(with: text.utf8) }

    private mutating func skipComment() {
      var depth = 0
      repeat {
        if starts("/*") {
          depth += 1
          rest = rest.dropFirst(2)
        } else if starts("*/") {
          depth -= 1
          rest = rest.dropFirst(2)
        } else {
          rest = rest.dropFirst()
        }
      } while depth > 0 && !rest.isEmpty
      code.append(UInt8(ascii: " "))
    }

    private mutating func skipString(until end: String) {
      while !rest.isEmpty, !starts(end) { rest = rest.dropFirst(starts("\\") ? 2 : 1) }
      rest = rest.dropFirst(end.utf8.count)
      code.append(contentsOf: "\"\"".utf8)
    }
  }

  /// The modules that are imported, with the line of each.
  var imports: [(module: String, line: Int)] {
    let pattern =
      /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
    var found: [(String, Int)] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if let match = line.firstMatch(of: pattern) { found.append((String(match.1), index + 1)) }
    }
    return found
  }

  /// The types that are declared at the top level, private ones too.
  var topLevelTypes: [String] {
    let pattern =
      /^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private|final|indirect|nonisolated)\s+)*(?:struct|enum|class|actor|protocol|typealias)\s+(\w+)/
    return text.split(separator: "\n").compactMap { line in
      line.firstMatch(of: pattern).map { String($0.1) }
    }
  }

  /// Which of `words` occur as whole words.
  func words(among words: Set<String>) -> [String] {
    let found = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    return Set(found).intersection(words).sorted()
  }
}
