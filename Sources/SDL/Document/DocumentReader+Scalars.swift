import Primitives

extension DocumentReader {
  /// The text of any scalar; null is the empty text.
  mutating func text(_ index: Int, _ path: Path) -> Located<String> {
    guard let target = resolve(index, path) else { return Located(value: "", node: index, isSound: false) }
    guard yaml[target].kind == .scalar else {
      reportType(index, path, wanted: "a text")
      return Located(value: "", node: index, isSound: false)
    }
    switch YAMLScalar(yaml[target]) {
    case nil:
      report(.yamlType, index, path, "\(quoted(yaml[target].text)) does not fit the tag before it")
      return Located(value: "", node: index, isSound: false)
    case .null:
      return Located(value: "", node: index)
    case .string(let text) where yaml[target].tag == .binary:
      return Located(value: text, node: index)
    default:
      return Located(value: yaml[target].text, node: index)
    }
  }

  /// A whole number below 2³²; the fraction of a number is dropped.
  mutating func number(_ index: Int, _ path: Path) -> Located<UInt32> {
    guard let target = resolve(index, path) else { return Located(value: 0, node: index, isSound: false) }
    let scalar = yaml[target].kind == .scalar ? YAMLScalar(yaml[target]) : nil
    switch scalar {
    case .null:
      return Located(value: 0, node: index)
    case .integer(let number):
      if let number = UInt32(exactly: number) { return Located(value: number, node: index) }
    case .float(let number) where number > -1 && number < 0x1p32:
      return Located(value: UInt32(number), node: index)
    default:
      break
    }
    let (suggestions, edits) = numberRepair(index)
    reportType(
      index,
      path,
      wanted: "a whole number from 0 to 4294967295",
      suggestions: suggestions,
      edits: edits
    )
    return Located(value: 0, node: index, isSound: false)
  }

  /// A boolean, including the words `yes`, `no`, `on` and `off` of YAML 1.1.
  mutating func flag(_ index: Int, _ path: Path) -> Located<Bool> {
    guard let target = resolve(index, path) else { return Located(value: false, node: index, isSound: false) }
    if yaml[target].kind == .scalar {
      switch YAMLScalar(yaml[target]) {
      case .null: return Located(value: false, node: index)
      case .boolean(let flag): return Located(value: flag, node: index)
      case .string("y"), .string("Y"), .string("yes"), .string("Yes"), .string("YES"), .string("on"),
        .string("On"), .string("ON"):
        return Located(value: true, node: index)
      case .string("n"), .string("N"), .string("no"), .string("No"), .string("NO"), .string("off"),
        .string("Off"), .string("OFF"):
        return Located(value: false, node: index)
      default: break
      }
    }
    let word = yaml[target].text
    let suggestion = ["true", "false"].first { Spelling.isSame($0, word) }
    reportType(
      index,
      path,
      wanted: "true or false",
      suggestions: suggestion.map { [$0] } ?? ["true", "false"],
      edits: suggestion.map { unquote(index, as: $0) } ?? []
    )
    return Located(value: false, node: index, isSound: false)
  }
}
