import Primitives

/// Reads a YAML document into typed sections and reports everything that is wrong.
///
/// Values are interpreted as Akash's SDL parser interprets them. The functions say where this differs from
/// the YAML specification.
struct DocumentReader {
  let yaml: YAMLDocument
  let source: [UInt8]
  /// The severity of what is reported.
  var severity = Finding.Severity.error
  var log = FindingLog()

  struct Field {
    let key: String
    let keyNode: Int
    /// The value's place.
    let place: Place
  }

  init(_ yaml: YAMLDocument, source: [UInt8]) {
    self.yaml = yaml
    self.source = source
  }

  /// Reports an error in the value at `place`. `edits` put the first suggestion into the source; with
  /// `isFix` it replaces the value there.
  mutating func report(
    _ rule: Rule,
    _ place: Place,
    _ message: String,
    _ suggestions: [String] = [],
    isFix: Bool = false,
    edits: [TextEdit] = []
  ) {
    let replacement = isFix ? suggestions.first.map { replace(place.node, with: $0) } : nil
    // A text longer than this is of no use as a suggestion.
    let isShort = suggestions.allSatisfy { $0.utf8.count <= 200 }
    log.add(
      Finding(
        rule: rule,
        severity: severity,
        position: yaml[place.node].position,
        path: place.path.text,
        message: message,
        suggestions: isShort ? suggestions : [],
        edits: isShort ? replacement ?? edits : []
      )
    )
  }

  /// Reports a value of the wrong type.
  mutating func reportType(_ place: Place, wanted: String, _ fix: Fix = ([], [])) {
    let message = "\(describe(place.node)) is given where \(wanted) is expected"
    report(.yamlType, place, message, fix.suggestions, edits: fix.edits)
  }

  func describe(_ index: Int) -> String {
    let node = yaml[yaml.resolve(index) ?? index]
    switch node.kind {
    case .sequence: return "a list"
    case .mapping: return "a mapping"
    case .alias, .scalar: return node.text.isEmpty && node.style == .plain ? "nothing" : quoted(node.text)
    }
  }

  /// The node to which an alias refers, or the node itself. Reports an anchor that contains itself and
  /// returns nil.
  mutating func resolve(_ place: Place) -> Int? {
    if let target = yaml.resolve(place.node) { return target }
    report(.yamlType, place, "the anchor \(quoted(yaml[place.node].text)) contains itself")
    return nil
  }

  func isNull(_ place: Place) -> Bool { isNull(place.node) }

  func isNull(_ index: Int) -> Bool {
    guard let target = yaml.resolve(index), yaml[target].kind == .scalar else { return false }
    if case .null = YAMLScalar(yaml[target]) { return true }
    return false
  }
}

/// The candidate that `text` probably means; `others` when none is near.
func suggestions(for text: String, among candidates: [String], or others: [String] = []) -> [String] {
  Spelling.nearest(to: text, among: candidates).map { [$0] } ?? others
}

// Collections.
extension DocumentReader {
  /// The keys and values of a mapping; empty for null. Reports anything else and returns nil.
  ///
  /// The mapping's own keys take precedence over those of merge keys (`<<`), and earlier merged mappings over
  /// later ones.
  mutating func fields(_ place: Place, wanted: String = "a mapping") -> [Field]? {
    guard let target = resolve(place) else { return nil }
    if isNull(target) { return [] }
    guard yaml[target].kind == .mapping else {
      reportType(place, wanted: wanted)
      return nil
    }
    var fields: [Field] = []
    var taken: Set<Name> = []
    let isMerged = collect(target, place.path, into: &fields, taken: &taken, isSource: false)
    return isMerged ? fields : nil
  }

  /// Adds the fields of a mapping and of its merge keys to `fields`. Returns false when a merge key cannot be
  /// resolved.
  private mutating func collect(
    _ index: Int,
    _ path: Path,
    into fields: inout [Field],
    taken: inout Set<Name>,
    isSource: Bool
  ) -> Bool {
    var written: [Name: Int] = [:]
    var merge: Int?
    for (key, value) in yaml.pairs(index) {
      let isRepeated = noteKey(key, path, in: &written)
      if yaml.isMergeKey(key) {
        merge = value
        continue
      }
      // Akash's parser skips the key null.
      guard !isRepeated, !isNull(key) else { continue }
      let text = text(Place(node: key, path: path))
      guard text.isSound else { continue }
      if isSource, !taken.insert(Name(text.value)).inserted { continue }
      if !isSource, isTextKey(key) { taken.insert(Name(text.value)) }
      let place = Place(node: value, path: path.key(text.value))
      fields.append(Field(key: text.value, keyNode: key, place: place))
    }
    guard let merge else { return true }
    let sources = yaml[merge].kind == .sequence ? yaml[merge].children : [merge]
    for source in sources {
      let place = Place(node: source, path: path)
      guard let target = resolve(place) else { return false }
      guard yaml[target].kind == .mapping else {
        report(.yamlType, place.key("<<"), "a merge key takes a mapping or a list of mappings")
        return false
      }
      guard collect(target, path, into: &fields, taken: &taken, isSource: true) else { return false }
    }
    return true
  }

  /// Reports a key that the mapping already has, and returns whether it has. Keys are compared as they are
  /// written.
  private mutating func noteKey(_ key: Int, _ path: Path, in written: inout [Name: Int]) -> Bool {
    let node = yaml[key]
    let name = Name("\(node.kind) \(node.text)")
    guard let first = written[name] else {
      written[name] = key
      return false
    }
    let line = yaml[first].position.line
    let message = "the key \(quoted(node.text)) is written twice, first in line \(line)"
    report(.yamlType, Place(node: key, path: path.key(node.text)), message)
    return true
  }

  private func isTextKey(_ key: Int) -> Bool {
    guard let target = yaml.resolve(key) else { return false }
    if case .string = YAMLScalar(yaml[target]) { return true }
    return false
  }

  /// Reads a mapping's plain values of the given keys; `other` gets all other fields, in the file's order.
  mutating func values(
    _ place: Place,
    wanted: String = "a mapping",
    texts: Set<String> = [],
    numbers: Set<String> = [],
    flags: Set<String> = [],
    other: (inout DocumentReader, Field) -> Void = { _, _ in }
  ) -> MappingSource {
    var source = MappingSource(place: place)
    guard let fields = fields(place, wanted: wanted) else {
      source.isBroken = true
      return source
    }
    for field in fields {
      if texts.contains(field.key) {
        source.texts[field.key] = text(field.place)
      } else if numbers.contains(field.key) {
        source.numbers[field.key] = number(field.place)
      } else if flags.contains(field.key) {
        source.flags[field.key] = flag(field.place)
      } else {
        other(&self, field)
      }
    }
    return source
  }

  /// The items of a list without those that are null; absent when the value is null.
  mutating func items(_ place: Place, wanted: String = "a list") -> Slot<[Place]> {
    guard let target = resolve(place) else { return .broken }
    if isNull(target) { return .absent }
    guard yaml[target].kind == .sequence else {
      reportType(place, wanted: wanted, listRepair(place.node))
      return .broken
    }
    let items = yaml[target].children.filter { !isNull($0) }
    return .present(items.enumerated().map { Place(node: $1, path: place.path.item($0)) })
  }

  /// A list of texts; nil for null and for anything that is not a list, which is reported.
  mutating func texts(_ place: Place) -> [Located<String>]? {
    guard case .present(let items) = items(place, wanted: "a list of texts") else { return nil }
    var texts: [Located<String>] = []
    for item in items { texts.append(text(item)) }
    return texts
  }
}
