/// One thing that is wrong with a file, or worth knowing about it.
public struct Finding: Hashable, Sendable {
  public enum Severity: String, Hashable, Sendable {
    /// The reference parser refuses the file.
    case error
    /// The file is accepted all the same.
    case warning
  }

  public var rule: Rule
  public var severity: Severity
  public var position: SourcePosition
  /// `profiles.compute.web.resources.memory.size`; empty for the document as a whole.
  public var path: String
  /// What is wrong, about this very value.
  public var message: String
  /// Legal spellings, the nearest first; empty when none is near.
  public var suggestions: [String]
  /// How to write the first suggestion into the text; empty when that is for a person to decide.
  public var edits: [TextEdit]

  public init(
    rule: Rule,
    severity: Severity = .error,
    position: SourcePosition,
    path: String = "",
    message: String,
    suggestions: [String] = [],
    edits: [TextEdit] = []
  ) {
    self.rule = rule
    self.severity = severity
    self.position = position
    self.path = path
    self.message = message
    self.suggestions = suggestions
    self.edits = edits
  }

  /// What to do, in words; nil when nothing is near enough to suggest.
  public var advice: String? {
    guard let first = suggestions.first else { return nil }
    let others = suggestions.dropFirst().map { " or \($0)" }.joined()
    return "write \(first)\(others)"
  }
}

/// A replacement in the bytes of a source.
public struct TextEdit: Hashable, Sendable {
  public var range: Range<Int>
  public var replacement: String

  public init(range: Range<Int>, replacement: String) {
    self.range = range
    self.replacement = replacement
  }
}

/// Collects findings: each once, and no more than a person would read.
struct FindingLog {
  /// A file with more mistakes than this is a mistake itself.
  static let limit = 500

  private(set) var findings: [Finding] = []
  private var seen: Set<Finding> = []

  var isFull: Bool { findings.count >= Self.limit }

  mutating func add(_ finding: Finding) {
    guard !isFull, seen.insert(finding).inserted else { return }
    findings.append(finding)
  }
}

/// `text` in quotation marks for a message: one line, not longer than a line.
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
