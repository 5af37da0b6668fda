// Edits that replace an illegal spelling by a legal one and change nothing else.
extension DocumentReader {
  /// Legal spellings, the nearest first, and the edits that put the first into the source.
  typealias Fix = (suggestions: [String], edits: [TextEdit])

  /// Replaces the text of a scalar and keeps its quotes. Returns no edit when the scalar's text differs from
  /// its bytes in the source, as with escapes and folded lines.
  func replace(_ index: Int, with replacement: String) -> [TextEdit] {
    guard let range = contentRange(index) else { return [] }
    return [TextEdit(range: range, replacement: replacement)]
  }

  /// Replaces a scalar and its quotes.
  func unquote(_ index: Int, as replacement: String) -> [TextEdit] {
    guard let range = contentRange(index) else { return [] }
    let quotes = yaml[index].style == .plain ? 0 : 1
    return [TextEdit(range: range.lowerBound - quotes..<range.upperBound + quotes, replacement: replacement)]
  }

  /// The range of a scalar's text in the source, without quotes. Nil when the text differs from the source,
  /// and for aliases, because their text may have another meaning elsewhere.
  func contentRange(_ index: Int) -> Range<Int>? {
    let node = yaml[index]
    guard node.kind == .scalar, node.style != .block, !node.text.isEmpty else { return nil }
    let quotes = node.style == .plain ? 0 : 1
    let upper = node.bytes.upperBound - quotes
    let lower = upper - node.text.utf8.count
    guard lower >= node.bytes.lowerBound + quotes, upper <= source.count,
      source[lower..<upper].elementsEqual(node.text.utf8)
    else { return nil }
    return lower..<upper
  }

  /// Repairs a number: the quotes of `"80"` are removed, `60s` gets the suggestion 60000 (milliseconds),
  /// `80-90` none.
  func numberRepair(_ index: Int) -> Fix {
    let node = yaml[yaml.resolve(index) ?? index]
    guard node.kind == .scalar else { return ([], []) }
    if let number = NumberSyntax.digits(node.text.utf8), number <= UInt64(UInt32.max) {
      return ([String(number)], unquote(index, as: String(number)))
    }
    if let nanoseconds = Durations.nanoseconds(node.text), nanoseconds > 0 {
      return (["\(nanoseconds / 1_000_000) (milliseconds)"], [])
    }
    return ([], [])
  }

  /// Repairs a value that must be a list: a mapping on one line becomes the only item of a list.
  func listRepair(_ index: Int) -> Fix {
    let node = yaml[yaml.resolve(index) ?? index]
    switch node.kind {
    case .scalar:
      return node.text.isEmpty ? ([], []) : (["a line \("- " + node.text)"], [])
    case .mapping:
      guard node.children.count == 2, yaml[node.children[1]].kind == .scalar else {
        return (["- before the first key"], [])
      }
      let (key, value) = (node.children[0], node.children[1])
      let isBlock = source[safe: node.bytes.lowerBound] != UInt8(ascii: "{")
      let suggestion = "- \(yaml[key].text): \(yaml[value].text)"
      guard yaml[index].kind == .mapping, isBlock, let range = contentRange(key),
        range.lowerBound == node.bytes.lowerBound
      else { return ([suggestion], []) }
      return ([suggestion], [TextEdit(range: range.lowerBound..<range.lowerBound, replacement: "- ")])
    case .sequence, .alias:
      return ([], [])
    }
  }

  /// Replaces `KEY: value` by `KEY=value`.
  func assignmentRepair(key: Int, value: Int, prefix: String) -> Fix {
    let (name, content) = (yaml[key], yaml[value])
    guard name.kind == .scalar, content.kind == .scalar else { return ([], []) }
    let assignment = "\(name.text)=\(content.text)"
    let suggestion = prefix + assignment
    guard name.style == .plain, let start = contentRange(key),
      source[safe: start.upperBound] == UInt8(ascii: ":"),
      name.position.line == content.position.line, content.text.isEmpty || contentRange(value) != nil,
      let replacement = Self.scalar(assignment)
    else { return ([suggestion], []) }
    let end = max(content.bytes.upperBound, start.upperBound + 1)
    return ([suggestion], [TextEdit(range: start.lowerBound..<end, replacement: prefix + replacement)])
  }

  /// `text` as a YAML scalar, with quotes if it needs them; nil when it would need escapes.
  private static func scalar(_ text: String) -> String? {
    let isPlain = text.utf8.allSatisfy { $0.isAlphanumeric(or: "=_-./:@+,") }
    if isPlain, text.utf8.last != UInt8(ascii: ":") { return text }
    let isPrintable = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) && !"\"\\".utf8.contains($0) }
    return isPrintable ? "\"\(text)\"" : nil
  }
}
