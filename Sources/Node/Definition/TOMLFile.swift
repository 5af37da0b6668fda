import Foundation
import Primitives
import TOMLKit

/// Reads and writes TOML files.
enum TOMLFile {
  /// The sections and keys in the text of `file`.
  ///
  /// - Throws: `DefinitionError` with the line of the syntax error.
  static func table(_ text: String, file: String) throws -> TOMLTable {
    do {
      return try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw DefinitionError(
        file: "\(file):\(error.source.begin.line)",
        problem: "this is not TOML: \(error.description)"
      )
    }
  }

  /// The file's content, decoded as `Value`, which reads its sections with `SectionReader`.
  ///
  /// - Throws: `DefinitionError` with the wrong key and the values that it may have.
  static func read<Value: Decodable>(_ type: Value.Type, at file: URL) throws -> Value {
    try decode(type, DefinitionError.contents(of: file), file: file.path)
  }

  /// The value in the text of `file`.
  ///
  /// - Throws: As `read`.
  static func decode<Value: Decodable>(_ type: Value.Type, _ text: String, file: String) throws -> Value {
    let table = try table(text, file: file)
    do {
      return try TOMLDecoder().decode(type, from: table)
    } catch let error as SettingsError {
      throw DefinitionError(file: file, error)
    }
  }

  /// The text as a TOML string, with quotes and escapes.
  static func quoted(_ text: String) -> String {
    String(TOMLTable(["x": text]).convert(options: [.allowUnicodeStrings]).drop { $0 != "=" }.dropFirst(2))
  }

  static func list(_ texts: [String]) -> String {
    "[" + texts.map(quoted).joined(separator: ", ") + "]"
  }
}

extension DefinitionError {
  init(file: String, _ error: SettingsError) {
    self.init(file: file, problem: "`\(error.key)` \(error.problem)", remedy: error.remedy)
  }
}
