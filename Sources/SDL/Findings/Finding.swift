/// An error or a warning about a file.
public struct Finding: Hashable, Sendable {
  public enum Severity: String, Hashable, Sendable {
    /// Akash's parser rejects the file.
    case error = "error"
    /// The file is accepted.
    case warning = "warning"
  }

  public var rule: Rule
  public var severity = Severity.error
  public var position: SourcePosition
  /// The place of the value, such as `profiles.compute.web.resources.memory.size`; empty for the document as
  /// a whole.
  public var path = ""
  /// What is wrong with this value.
  public var message: String
  /// Legal spellings, the nearest first; empty when none is similar.
  public var suggestions: [String] = []
  /// The edits that put the first suggestion into the source; empty when a person must decide.
  public var edits: [TextEdit] = []

  /// The suggestions as a sentence; nil when there is none.
  public var advice: String? {
    guard let first = suggestions.first else { return nil }
    let others = suggestions.dropFirst().map { " or \($0)" }.joined()
    return "write \(first)\(others)"
  }
}

/// A replacement of a range of bytes in a source.
public struct TextEdit: Hashable, Sendable {
  public var range: Range<Int>
  public var replacement: String
}

/// Collects findings without repetitions, up to `limit`.
struct FindingLog {
  /// The most findings that are kept. A file with more is most likely not a `deploy.yaml`.
  static let limit = 500

  private(set) var findings: [Finding] = []
  private var seen: Set<Finding> = []

  var isFull: Bool { findings.count >= Self.limit }

  mutating func add(_ finding: Finding) {
    guard !isFull, seen.insert(finding).inserted else { return }
    findings.append(finding)
  }
}

/// `text` in quotation marks for a message: control characters are escaped, and at most 60 characters are
/// shown.
func quoted(_ text: String) -> String {
  var shown = ""
  for scalar in text.unicodeScalars.prefix(60) {
    if scalar.value < 0x20 || scalar.value == 0x7F {
      shown += scalar == "\n" ? "\\n" : scalar == "\t" ? "\\t" : "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      shown.unicodeScalars.append(scalar)
    }
  }
  return "\"\(shown)\"" + (text.unicodeScalars.count > 60 ? "…" : "")
}
