/// A form that the schema requires of a value.
indirect enum SchemaShape: Sendable {
  /// A text with at least so many characters.
  case text(minimum: Int = 0)
  case choice([String])
  case flag
  /// A whole number.
  case whole(ClosedRange<Double>)
  case list(SchemaShape, orNull: Bool = false)
  /// A mapping with any keys.
  case map(SchemaShape)
  /// A mapping with only these keys, or with any where this is nil.
  case object([String: SchemaShape]?, required: [String] = [])
  /// The first shape that is given, and a check of its own after it.
  case checked(SchemaShape?, @Sendable (inout SchemaChecker, JSONView, Path) -> Void)
}

/// Checks a document against the JSON schema (draft 7) for SDL files that belongs to Akash's parser.
///
/// The schema itself is not interpreted; `SchemaShape.document` states its rules. Where it has alternatives
/// of different JSON types, the alternative for the value's type is checked, so that findings name the
/// innermost value. The verdict is the same.
struct SchemaChecker {
  private let yaml: YAMLDocument
  private var log = FindingLog()

  static func check(_ yaml: YAMLDocument) -> [Finding] {
    var checker = SchemaChecker(yaml: yaml)
    guard let root = yaml.root else {
      checker.add(.schemaType, at: .start, .root, "the document is empty")
      return checker.log.findings
    }
    do throws(JSONViewFailure) {
      checker.check(try JSONViewReader(yaml: yaml).view(root), .root, .document)
    } catch {
      checker.add(.schemaYAML, at: yaml[error.node].position, .root, error.message)
    }
    return checker.log.findings
  }

  private mutating func add(_ rule: Rule, at position: SourcePosition, _ path: Path, _ message: String) {
    log.add(Finding(rule: rule, severity: .warning, position: position, path: path.text, message: message))
  }

  mutating func note(_ rule: Rule, _ view: JSONView, _ path: Path, _ message: String) {
    add(rule, at: yaml[view.node].position, path, message)
  }

  mutating func noteType(_ view: JSONView, _ path: Path, wanted: String) {
    note(.schemaType, view, path, "\(Self.describe(view)) is given where \(wanted) is expected")
  }

  static func describe(_ view: JSONView) -> String {
    switch view.value {
    case .null: "nothing"
    case .boolean(let flag): "\(flag)"
    case .number(let number):
      number == number.rounded() && abs(number) < 1e15
        ? "the number \(Int64(number))" : "the number \(number)"
    case .string(let text): "the text \(quoted(text))"
    case .array: "a list"
    case .object: "a mapping"
    }
  }

  mutating func check(_ view: JSONView, _ path: Path, _ shape: SchemaShape) {
    switch (shape, view.value) {
    case (.checked(let shape, let check), _):
      if let shape { self.check(view, path, shape) }
      check(&self, view, path)
    case (.text(let minimum), .string(let text)):
      if text.unicodeScalars.count < minimum {
        note(.schemaLength, view, path, "\(quoted(text)) has fewer than \(minimum) characters")
      }
    case (.choice(let values), .string(let text)):
      if !values.contains(where: { Name($0) == Name(text) }) {
        note(.schemaValue, view, path, "\(quoted(text)) is none of \(values.joined(separator: ", "))")
      }
    case (.flag, .boolean), (.list(_, orNull: true), .null), (.object(nil, _), .object): break
    case (.whole(let range), .number(let number)) where number == number.rounded():
      guard !range.contains(number) else { break }
      let (low, high) = (range.lowerBound, range.upperBound)
      let bound = number < low ? "below \(Int64(low))" : "above \(Int64(high))"
      note(.schemaRange, view, path, "\(Self.describe(view)) is \(bound)")
    case (.list(let shape, _), .array(let items)):
      for (index, item) in items.enumerated() { check(item, path.item(index), shape) }
    case (.map(let shape), .object(let fields)):
      for field in fields { check(field.value, path.key(field.key), shape) }
    case (.object(let shapes?, let required), .object(let fields)):
      check(view, path, fields, shapes, required)
    default: noteType(view, path, wanted: shape.words)
    }
  }

  private mutating func check(
    _ view: JSONView,
    _ path: Path,
    _ fields: [JSONView.Field],
    _ shapes: [String: SchemaShape],
    _ required: [String]
  ) {
    for field in fields {
      let at = path.key(field.key)
      if let shape = shapes[field.key] {
        check(field.value, at, shape)
      } else {
        let message = "\(quoted(field.key)) is not a key that is known here"
        add(.schemaUnknownKey, at: yaml[field.keyNode].position, at, message)
      }
    }
    for key in required where !fields.contains(where: { $0.key == key }) {
      note(.schemaRequired, view, path, "the key \(quoted(key)) is missing")
    }
  }
}

extension SchemaShape {
  /// What is expected, for findings.
  fileprivate var words: String {
    switch self {
    case .text: "a text"
    case .choice(let values): "one of \(values.joined(separator: ", "))"
    case .flag: "true or false"
    case .whole: "a whole number"
    case .list: "a list"
    case .map, .object: "a mapping"
    case .checked(let shape, _): shape?.words ?? "another value"
    }
  }
}
