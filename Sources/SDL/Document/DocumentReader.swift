/// Reads a YAML document into typed sections and reports everything that is wrong.
///
/// Values are interpreted as Akash's SDL parser does it, which differs from the YAML specification; see the
/// functions.
struct DocumentReader {
  let yaml: YAMLDocument
  let source: [UInt8]
  var log: FindingLog

  struct Field {
    var key: String
    var keyNode: Int
    var value: Int
  }

  init(_ yaml: YAMLDocument, source: [UInt8], log: FindingLog) {
    self.yaml = yaml
    self.source = source
    self.log = log
  }

  mutating func report(
    _ rule: Rule,
    _ node: Int,
    _ path: Path,
    _ message: String,
    suggestions: [String] = [],
    edits: [TextEdit] = []
  ) {
    // A text longer than this is of no use as a suggestion.
    let isShort = suggestions.allSatisfy { $0.utf8.count <= 200 }
    let suggestions = isShort ? suggestions : []
    log.add(
      Finding(
        rule: rule,
        position: yaml[node].position,
        path: path.text,
        message: message,
        suggestions: suggestions,
        edits: isShort ? edits : []
      )
    )
  }

  /// Reports a value of the wrong type.
  mutating func reportType(
    _ node: Int,
    _ path: Path,
    wanted: String,
    suggestions: [String] = [],
    edits: [TextEdit] = []
  ) {
    report(
      .yamlType,
      node,
      path,
      "\(describe(node)) is given where \(wanted) is expected",
      suggestions: suggestions,
      edits: edits
    )
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
  mutating func resolve(_ index: Int, _ path: Path) -> Int? {
    if let target = yaml.resolve(index) { return target }
    report(.yamlType, index, path, "the anchor \(quoted(yaml[index].text)) contains itself")
    return nil
  }

  func isNull(_ index: Int) -> Bool {
    guard let target = yaml.resolve(index), yaml[target].kind == .scalar else { return false }
    if case .null = YAMLScalar(yaml[target]) { return true }
    return false
  }
}

// Collections.
extension DocumentReader {
  /// The keys and values of a mapping; empty for null. Reports anything else and returns nil.
  ///
  /// The mapping's own keys take precedence over those of merge keys (`<<`), and earlier merged mappings over
  /// later ones.
  mutating func fields(_ index: Int, _ path: Path, wanted: String = "a mapping") -> [Field]? {
    guard let target = resolve(index, path) else { return nil }
    if isNull(target) { return [] }
    guard yaml[target].kind == .mapping else {
      reportType(index, path, wanted: wanted)
      return nil
    }
    var fields: [Field] = []
    var taken: Set<Name> = []
    let isMerged = collect(target, path, into: &fields, taken: &taken, isSource: false)
    return isMerged ? fields : nil
  }

  /// Returns false when a merge key cannot be resolved.
  private mutating func collect(
    _ index: Int,
    _ path: Path,
    into fields: inout [Field],
    taken: inout Set<Name>,
    isSource: Bool
  ) -> Bool {
    var written: [Name: Int] = [:]
    var merge: Int?
    let children = yaml[index].children
    for position in stride(from: 0, to: children.count - 1, by: 2) {
      let (key, value) = (children[position], children[position + 1])
      let isRepeated = noteKey(key, path, in: &written)
      if isMergeKey(key) {
        merge = value
        continue
      }
      guard !isRepeated, let text = keyText(key, path) else { continue }
      if isSource, !taken.insert(Name(text)).inserted { continue }
      if !isSource, isTextKey(key) { taken.insert(Name(text)) }
      fields.append(Field(key: text, keyNode: key, value: value))
    }
    guard let merge else { return true }
    return follow(merge, path, into: &fields, taken: &taken)
  }

  private mutating func follow(
    _ merge: Int,
    _ path: Path,
    into fields: inout [Field],
    taken: inout Set<Name>
  ) -> Bool {
    let sources = yaml[merge].kind == .sequence ? yaml[merge].children : [merge]
    for source in sources {
      guard let target = resolve(source, path) else { return false }
      guard yaml[target].kind == .mapping else {
        report(.yamlType, source, path.key("<<"), "a merge key takes a mapping or a list of mappings")
        return false
      }
      guard collect(target, path, into: &fields, taken: &taken, isSource: true) else { return false }
    }
    return true
  }

  /// Reports a key that the mapping already has. Keys are compared as they are written.
  private mutating func noteKey(_ key: Int, _ path: Path, in written: inout [Name: Int]) -> Bool {
    let node = yaml[key]
    let name = Name("\(node.kind) \(node.text)")
    guard let first = written[name] else {
      written[name] = key
      return false
    }
    let line = yaml[first].position.line
    report(
      .yamlType,
      key,
      path.key(node.text),
      "the key \(quoted(node.text)) is written twice, first in line \(line)"
    )
    return true
  }

  private func isMergeKey(_ key: Int) -> Bool {
    let node = yaml[key]
    return node.kind == .scalar && node.text == "<<"
      && (node.tag == .merge || node.tag == .implicit && node.style == .plain)
  }

  private func isTextKey(_ key: Int) -> Bool {
    guard let target = yaml.resolve(key) else { return false }
    if case .string = YAMLScalar(yaml[target]) { return true }
    return false
  }

  /// A key's text; nil for null, which Akash's parser skips, and for a value that cannot be a key.
  private mutating func keyText(_ key: Int, _ path: Path) -> String? {
    if isNull(key) { return nil }
    let text = text(key, path)
    return text.isSound ? text.value : nil
  }

  /// The items of a list without those that are null; absent when the value is null.
  mutating func items(_ index: Int, _ path: Path, wanted: String = "a list") -> Slot<[Int]> {
    guard let target = resolve(index, path) else { return .broken }
    if isNull(target) { return .absent }
    guard yaml[target].kind == .sequence else {
      let (suggestions, edits) = listRepair(index)
      reportType(index, path, wanted: wanted, suggestions: suggestions, edits: edits)
      return .broken
    }
    return .present(yaml[target].children.filter { !isNull($0) })
  }

  /// A list of texts; nil for null and for anything that is not a list, which is reported.
  mutating func texts(_ index: Int, _ path: Path) -> [Located<String>]? {
    guard case .present(let items) = items(index, path, wanted: "a list of texts") else { return nil }
    var texts: [Located<String>] = []
    for (position, item) in items.enumerated() {
      texts.append(text(item, path.item(position)))
    }
    return texts
  }
}
