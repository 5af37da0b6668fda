import Foundation
import Primitives
import Testing

/// The shared conformance data, which stands beside the repository.
enum Conformance {
  /// Throws, and so fails the test, when the file is missing or of another form.
  static func load<Content: Decodable>(_ path: String, as type: Content.Type = Content.self) throws -> Content
  {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = root.appending(path: "../shared/conformance/\(path)").standardizedFileURL
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file))
  }
}

/// The bytes of hex that a test spells.
func hex(_ text: String) -> [UInt8] {
  Hex.decode(text)!
}

extension SeededGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
