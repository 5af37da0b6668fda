extension Manifest {
  /// Rejects control characters (below U+0020, and U+007F) in all texts.
  ///
  /// A provider passes these texts to programs, which end a text at NUL, and to logs and terminals, which
  /// obey other control characters. Command, args and env may contain line breaks and tabs, because scripts
  /// and settings need them.
  ///
  /// - Throws: `invalid` with the path of the first text with such a character.
  func checkTexts() throws(ManifestError) {
    try Self.checkTexts(json, path: "", mayHaveLines: false)
  }

  private static func checkTexts(_ value: JSONValue, path: String, mayHaveLines: Bool) throws(ManifestError) {
    switch value {
    case .null, .boolean, .number: break
    case .string(let text):
      guard let byte = text.utf8.first(where: { isControl($0, mayHaveLines: mayHaveLines) }) else { break }
      let allowed = mayHaveLines ? "only line breaks and tabs are allowed" : "none is allowed here"
      throw .invalid(
        path: path,
        reason: "\(quoted(text)) has the control character U+00\(byte < 16 ? "0" : "")"
          + "\(String(byte, radix: 16, uppercase: true)); \(allowed)"
      )
    case .array(let items):
      for (index, item) in items.enumerated() {
        try checkTexts(item, path: "\(path)[\(index)]", mayHaveLines: mayHaveLines)
      }
    case .object(let fields):
      for (key, field) in fields {
        try checkTexts(
          field,
          path: path.isEmpty ? key : "\(path).\(key)",
          mayHaveLines: ["command", "args", "env"].contains(key)
        )
      }
    }
  }

  private static func isControl(_ byte: UInt8, mayHaveLines: Bool) -> Bool {
    guard byte < 0x20 || byte == 0x7F else { return false }
    return !(mayHaveLines && (byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")))
  }
}
