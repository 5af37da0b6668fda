import Foundation

/// The test vectors of this folder, for every room's tests. A file that is missing or of another form is an error, so
/// that no test passes without its data.
public enum Vectors {
  /// What is wrong with a file, and what to do.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// `Tests/Vectors`, found from this file's place through symbolic links.
  public static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()

  /// The bytes of a file, its path relative to the folder: `market/take_fees.json`.
  public static func data(_ path: String) throws -> Data {
    do {
      return try Data(contentsOf: folder.appending(path: path))
    } catch {
      throw Failure(
        description: "Tests/Vectors/\(path) cannot be read (\(error)); restore it from the repository"
      )
    }
  }

  public static func text(_ path: String) throws -> String {
    String(decoding: try data(path), as: UTF8.self)
  }

  /// A JSON file as a value.
  public static func decode<Content: Decodable>(_ path: String, as: Content.Type = Content.self) throws
    -> Content
  {
    try value(of: try data(path), path)
  }

  /// A file with one JSON value per line, in its order.
  public static func lines<Content: Decodable>(_ path: String, as: Content.Type = Content.self) throws
    -> [Content]
  {
    try data(path).split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
      try value(of: Data(line), "\(path):\(number + 1)")
    }
  }

  /// A JSON file whose form varies from case to case.
  public static func object(_ path: String) throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: try data(path)) as? [String: Any] else {
      throw Failure(
        description: "Tests/Vectors/\(path) is not a JSON object; its README says what belongs there"
      )
    }
    return object
  }

  /// The names in one of the folders, so that a test can say that it read them all.
  public static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path).sorted()
  }

  private static func value<Content: Decodable>(of data: Data, _ place: String) throws -> Content {
    do {
      return try JSONDecoder().decode(Content.self, from: data)
    } catch {
      throw Failure(description: "Tests/Vectors/\(place) is not what its test expects: \(error)")
    }
  }

  // MARK: Other people's documents

  /// Where deployment files that others wrote are looked for; they are not ours to pass on. The variable names the
  /// folder that holds `sdl`.
  public static let otherDocumentsPlace =
    ProcessInfo.processInfo.environment["SUPERCLOUD_CONFORMANCE"].map {
      URL(filePath: $0).appending(path: "sdl")
    }
    ?? folder.deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "../shared/conformance/sdl").standardizedFileURL

  /// The same folder if it is there: tests read it in addition, and pass without it.
  public static let otherDocuments: URL? =
    FileManager.default.fileExists(atPath: otherDocumentsPlace.path) ? otherDocumentsPlace : nil
}
