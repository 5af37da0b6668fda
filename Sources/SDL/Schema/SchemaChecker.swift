/// Checks a document against the JSON schema (draft 7) for SDL files that belongs to Akash's parser.
///
/// The rules are functions; the schema itself is not interpreted. Where it has alternatives of different JSON
/// types, the alternative for the value's type is checked, so that findings name the innermost value. The
/// verdict is the same.
struct SchemaChecker {
  typealias Check = (inout SchemaChecker, JSONView, Path) -> Void

  private let yaml: YAMLDocument
  private(set) var log = FindingLog()

  static func check(_ yaml: YAMLDocument) -> [Finding] {
    var checker = SchemaChecker(yaml: yaml)
    guard let root = yaml.root else {
      checker.add(.schemaType, at: .start, .root, "the document is empty")
      return checker.log.findings
    }
    do throws(JSONViewFailure) {
      checker.document(try JSONViewReader(yaml).view(root), .root)
    } catch {
      checker.add(.schemaYAML, at: yaml[error.node].position, .root, error.message)
    }
    return checker.log.findings
  }

  private init(yaml: YAMLDocument) {
    self.yaml = yaml
  }

  private mutating func add(_ rule: Rule, at position: SourcePosition, _ path: Path, _ message: String) {
    log.add(
      Finding(rule: rule, severity: .warning, position: position, path: path.text, message: message)
    )
  }

  mutating func note(_ rule: Rule, _ view: JSONView, _ path: Path, _ message: String) {
    add(rule, at: yaml[view.node].position, path, message)
  }

  mutating func noteType(_ view: JSONView, _ path: Path, wanted: String) {
    note(.schemaType, view, path, "\(Self.describe(view)) is given where \(wanted) is expected")
  }

  static func describe(_ view: JSONView) -> String {
    switch view {
    case .null: "nothing"
    case .boolean(_, let flag): "\(flag)"
    case .number(_, let number):
      number == number.rounded() && abs(number) < 1e15
        ? "the number \(Int64(number))" : "the number \(number)"
    case .string(_, let text): "the text \(quoted(text))"
    case .array: "a list"
    case .object: "a mapping"
    }
  }

  // MARK: Building blocks

  /// Checks an object that may have only these keys.
  mutating func object(
    _ view: JSONView,
    _ path: Path,
    _ keys: [String: Check],
    required: [String] = []
  ) {
    guard case .object(_, let fields) = view else {
      noteType(view, path, wanted: "a mapping")
      return
    }
    for field in fields {
      let at = path.key(field.key)
      guard let check = keys[field.key] else {
        add(
          .schemaUnknownKey,
          at: yaml[field.keyNode].position,
          at,
          "\(quoted(field.key)) is not a key that is known here"
        )
        continue
      }
      check(&self, field.value, at)
    }
    for key in required where !fields.contains(where: { $0.key == key }) {
      note(.schemaRequired, view, path, "the key \(quoted(key)) is missing")
    }
  }

  /// Checks an object with any keys.
  mutating func map(_ view: JSONView, _ path: Path, _ check: Check) {
    guard case .object(_, let fields) = view else {
      noteType(view, path, wanted: "a mapping")
      return
    }
    for field in fields { check(&self, field.value, path.key(field.key)) }
  }

  mutating func list(_ view: JSONView, _ path: Path, orNull: Bool = false, _ check: Check) {
    switch view {
    case .null where orNull: break
    case .array(_, let items):
      for (index, item) in items.enumerated() { check(&self, item, path.item(index)) }
    default: noteType(view, path, wanted: "a list")
    }
  }

  mutating func anyObject(_ view: JSONView, _ path: Path) {
    guard case .object = view else { return noteType(view, path, wanted: "a mapping") }
  }

  mutating func text(_ view: JSONView, _ path: Path, minimum: Int = 0) {
    guard case .string(_, let text) = view else { return noteType(view, path, wanted: "a text") }
    if text.unicodeScalars.count < minimum {
      note(.schemaLength, view, path, "\(quoted(text)) has fewer than \(minimum) characters")
    }
  }

  mutating func choice(_ view: JSONView, _ path: Path, _ values: [String]) {
    guard case .string(_, let text) = view else {
      return noteType(view, path, wanted: "one of \(values.joined(separator: ", "))")
    }
    if !values.contains(where: { Name($0) == Name(text) }) {
      note(.schemaValue, view, path, "\(quoted(text)) is none of \(values.joined(separator: ", "))")
    }
  }

  mutating func flag(_ view: JSONView, _ path: Path) {
    guard case .boolean = view else { return noteType(view, path, wanted: "true or false") }
  }

  mutating func whole(_ view: JSONView, _ path: Path, _ range: ClosedRange<Double>) {
    guard case .number(_, let number) = view, number == number.rounded() else {
      return noteType(view, path, wanted: "a whole number")
    }
    if !range.contains(number) {
      let bound =
        number < range.lowerBound ? "below \(Int64(range.lowerBound))" : "above \(Int64(range.upperBound))"
      note(.schemaRange, view, path, "\(Self.describe(view)) is \(bound)")
    }
  }
}
