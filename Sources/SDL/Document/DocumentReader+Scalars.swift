import Primitives

extension DocumentReader {
  /// The text of any scalar; null is the empty text.
  mutating func text(_ place: Place) -> Located<String> {
    guard let target = resolve(place) else { return Located("", place, isSound: false) }
    guard yaml[target].kind == .scalar else {
      reportType(place, wanted: "a text")
      return Located("", place, isSound: false)
    }
    switch YAMLScalar(yaml[target]) {
    case nil:
      report(.yamlType, place, "\(quoted(yaml[target].text)) does not fit the tag before it")
      return Located("", place, isSound: false)
    case .null: return Located("", place)
    case .string(let text) where yaml[target].tag == .binary: return Located(text, place)
    default: return Located(yaml[target].text, place)
    }
  }

  /// A whole number below 2³²; the fraction of a number is dropped.
  mutating func number(_ place: Place) -> Located<UInt32> {
    guard let target = resolve(place) else { return Located(0, place, isSound: false) }
    switch yaml[target].kind == .scalar ? YAMLScalar(yaml[target]) : nil {
    case .null: return Located(0, place)
    case .integer(let number):
      if let number = UInt32(exactly: number) { return Located(number, place) }
    case .float(let number) where number > -1 && number < 0x1p32: return Located(UInt32(number), place)
    default: break
    }
    reportType(place, wanted: "a whole number from 0 to 4294967295", numberRepair(place.node))
    return Located(0, place, isSound: false)
  }

  /// A boolean, including the words `yes`, `no`, `on` and `off` of YAML 1.1.
  mutating func flag(_ place: Place) -> Located<Bool> {
    guard let target = resolve(place) else { return Located(false, place, isSound: false) }
    if yaml[target].kind == .scalar {
      switch YAMLScalar(yaml[target]) {
      case .null: return Located(false, place)
      case .boolean(let flag): return Located(flag, place)
      case .string("y"), .string("Y"), .string("yes"), .string("Yes"), .string("YES"), .string("on"),
        .string("On"), .string("ON"):
        return Located(true, place)
      case .string("n"), .string("N"), .string("no"), .string("No"), .string("NO"), .string("off"),
        .string("Off"), .string("OFF"):
        return Located(false, place)
      default: break
      }
    }
    let same = ["true", "false"].first { Spelling.isSame($0, yaml[target].text) }
    let fix: Fix = same.map { ([$0], unquote(place.node, as: $0)) } ?? (["true", "false"], [])
    reportType(place, wanted: "true or false", fix)
    return Located(false, place, isSound: false)
  }

  /// A size in bytes.
  mutating func size(_ place: Place) -> Located<UInt64> {
    quantity(place, .sizeSyntax, "not a size", Quantities.bytes) { SizeSpelling.nearest(to: $0) }
  }

  /// Reads a quantity from the scalar's text, whatever its tag; null is 0. `problem` is what another text is,
  /// and `nearest` are the spellings for it.
  mutating func quantity(
    _ place: Place,
    _ rule: Rule,
    _ problem: String,
    _ parse: (String) throws(QuantityError) -> UInt64,
    nearest: (String) -> [String]
  ) -> Located<UInt64> {
    guard let target = resolve(place) else { return Located(0, place, isSound: false) }
    if isNull(target) { return Located(0, place) }
    let text = yaml[target].text
    do throws(QuantityError) {
      return Located(try parse(text), place)
    } catch .negative {
      report(.quantityNegative, place, "\(quoted(text)) is below zero")
    } catch {
      report(rule, place, "\(describe(place.node)) is \(problem)", nearest(text), isFix: true)
    }
    return Located(0, place, isSound: false)
  }
}
