import Cryptography

extension Finding {
  /// The finding for people, in two to four lines: what, where, why, and what to do. It starts with the
  /// file's name, line and column. `command` corrects what can be corrected by itself.
  public func text(in file: String, correctedBy command: String? = nil) -> String {
    var lines = ["\(file):\(position): \(severity.rawValue): \(message) [\(rule.rawValue)]"]
    if !path.isEmpty { lines.append("  at    \(path)") }
    lines.append("  why   \(rule.reason)")
    if let advice {
      let offer = edits.isEmpty ? "" : command.map { "; \($0) does it" } ?? ""
      lines.append("  fix   \(advice)\(offer)")
    }
    return lines.joined(separator: "\n")
  }

  var json: JSONValue {
    .object([
      ("rule", .string(rule.rawValue)),
      ("severity", .string(severity.rawValue)),
      ("line", .number(UInt64(position.line))),
      ("column", .number(UInt64(position.column))),
      ("path", .string(path)),
      ("message", .string(message)),
      ("reason", .string(rule.reason)),
      ("suggestions", .strings(suggestions)),
      ("fixable", .boolean(!edits.isEmpty)),
    ])
  }
}

extension DeploymentFile {
  /// Errors and warnings sorted by position; at the same position errors come first.
  public var findings: [Finding] {
    (errors + warnings).enumerated()
      .sorted { left, right in
        left.element.position != right.element.position
          ? left.element.position < right.element.position : left.offset < right.offset
      }
      .map(\.element)
  }

  /// Verdicts, hash and findings of several files as one JSON document.
  public static func report(_ files: [(name: String, file: DeploymentFile)]) -> [UInt8] {
    let entries = files.map { name, file in
      JSONValue.object([
        ("file", .string(name)),
        ("parser", .string(file.isAccepted ? "accept" : "reject")),
        ("schema", .string(file.satisfiesSchema ? "accept" : "reject")),
        ("hash", file.deployment.map { .string($0.manifest.hash.description) } ?? .null),
        ("errors", .array(file.errors.map(\.json))),
        ("warnings", .array(file.warnings.map(\.json))),
      ])
    }
    return JSONWriter.indented(.array(entries))
  }
}

extension Repair {
  /// The changes and the remaining findings as JSON.
  public func report(name: String) -> [UInt8] {
    let entries = changes.map { change in
      JSONValue.object([
        ("rule", .string(change.rule.rawValue)),
        ("line", .number(UInt64(change.position.line))),
        ("column", .number(UInt64(change.position.column))),
        ("path", .string(change.path)),
        ("old", .string(change.old)),
        ("new", .string(change.new)),
      ])
    }
    return JSONWriter.indented(
      .object([
        ("file", .string(name)),
        ("parser", .string(file.isAccepted ? "accept" : "reject")),
        ("changes", .array(entries)),
        ("errors", .array(file.errors.map(\.json))),
        ("warnings", .array(file.warnings.map(\.json))),
      ])
    )
  }
}
