// Edits of the source that write a legal spelling over an illegal one and leave everything else alone.
extension DocumentReader {
  /// Replaces the text of a scalar, inside its quotes if it has any. No edit when the text is not written in
  /// the source as it is read (escapes, folded lines).
  func replace(_ index: Int, with replacement: String) -> [TextEdit] {
    guard let range = contentRange(index) else { return [] }
    return [TextEdit(range: range, replacement: replacement)]
  }

  /// Replaces a scalar together with its quotes.
  func unquote(_ index: Int, as replacement: String) -> [TextEdit] {
    guard let target = yaml.resolve(index), let range = contentRange(target) else { return [] }
    let isQuoted = yaml[target].style != .plain
    return [
      TextEdit(
        range: isQuoted ? range.lowerBound - 1..<range.upperBound + 1 : range,
        replacement: replacement
      )
    ]
  }

  /// Where a scalar's text is written, without quotes; nil when it is written differently than it reads.
  func contentRange(_ index: Int) -> Range<Int>? {
    guard let target = yaml.resolve(index) else { return nil }
    let node = yaml[target]
    guard node.kind == .scalar, node.style != .block, !node.text.isEmpty else { return nil }
    let quotes = node.style == .plain ? 0 : 1
    let upper = node.bytes.upperBound - quotes
    let lower = upper - node.text.utf8.count
    guard lower >= node.bytes.lowerBound + quotes, upper <= source.count,
      source[lower..<upper].elementsEqual(node.text.utf8)
    else { return nil }
    return lower..<upper
  }

  /// `"80"` is a number in quotes, `60s` in milliseconds is 60000, `80-90` is not repaired.
  func numberRepair(_ index: Int) -> (suggestions: [String], edits: [TextEdit]) {
    let node = yaml[index]
    guard node.kind == .scalar else { return ([], []) }
    if let number = NumberSyntax.digits(node.text.utf8), number <= UInt64(UInt32.max) {
      return ([String(number)], unquote(index, as: String(number)))
    }
    if let nanoseconds = Durations.nanoseconds(node.text), nanoseconds > 0 {
      return (["\(nanoseconds / 1_000_000) (milliseconds)"], [])
    }
    return ([], [])
  }

  /// A mapping of one line where a list is wanted becomes its only item.
  func listRepair(_ index: Int) -> (suggestions: [String], edits: [TextEdit]) {
    let node = yaml[index]
    switch node.kind {
    case .scalar:
      return (["a line \("- " + node.text)"], [])
    case .mapping:
      guard node.children.count == 2, yaml[node.children[1]].kind == .scalar,
        node.bytes.lowerBound < source.count, source[node.bytes.lowerBound] != UInt8(ascii: "{")
      else { return (["- before the first key"], []) }
      let start = node.bytes.lowerBound
      let key = yaml[node.children[0]].text
      return (
        ["- \(key): \(yaml[node.children[1]].text)"], [TextEdit(range: start..<start, replacement: "- ")]
      )
    default:
      return ([], [])
    }
  }

  /// `KEY: value` where `KEY=value` is wanted.
  func assignmentRepair(key: Int, value: Int, prefix: String) -> (suggestions: [String], edits: [TextEdit]) {
    let (name, content) = (yaml[key], yaml[value])
    guard name.kind == .scalar, content.kind == .scalar else { return ([], []) }
    let assignment = "\(name.text)=\(content.text)"
    let isPlain = assignment.utf8.allSatisfy { byte in
      NumberSyntax.isLetter(byte) || NumberSyntax.isDigit(byte) || "=_-./:@+,".utf8.contains(byte)
    }
    guard name.style == .plain, name.position.line == content.position.line, contentRange(key) != nil,
      content.text.isEmpty || contentRange(value) != nil, isPlain, !assignment.hasSuffix(":")
    else { return ([prefix + assignment], []) }
    let range = name.bytes.lowerBound..<max(content.bytes.upperBound, name.bytes.upperBound + 1)
    return ([prefix + assignment], [TextEdit(range: range, replacement: prefix + assignment)])
  }
}
