// This reads libyaml's events, from the module on which Yams is built, and does not use Yams' own nodes. Yams
// rejects documents that Akash's parser accepts (repeated keys in sections that are read key by key, anchors
// inside themselves), copies the target of each alias, and recurses as deep as the text is nested.
import CYaml

/// Reads the first document of a stream, within the limits of `YAMLDocument`.
struct YAMLReader {
  /// The largest number of lines that begin with a percent sign; see `checkDirectives`.
  private static let directiveLimit = 1000

  private var document = YAMLDocument()
  /// The open collections, the innermost last.
  private var stack: [Int] = []
  private var anchors: [String: Int] = [:]
  private var openNodes: Set<Int> = []
  private var cursor: CharacterCursor

  private init(_ source: [UInt8]) {
    cursor = CharacterCursor(source)
  }

  /// Reads `source` (UTF-8, or UTF-16 with a byte order mark).
  ///
  /// - Throws: `YAMLFailure` when it is not YAML or exceeds a limit.
  static func read(_ source: [UInt8]) throws(YAMLFailure) -> YAMLDocument {
    guard source.count <= YAMLDocument.byteLimit else {
      throw YAMLFailure(
        rule: .limitDocumentSize,
        message: "the file has \(source.count) bytes, more than \(YAMLDocument.byteLimit)",
        position: .start
      )
    }
    try checkDirectives(source)
    var reader = YAMLReader(source)
    return try source.withUnsafeBufferPointer { buffer throws(YAMLFailure) in try reader.run(buffer) }
  }

  /// Rejects a source with more than `directiveLimit` lines that may be tag directives. libyaml compares each
  /// directive with all others, which takes quadratic time.
  private static func checkDirectives(_ source: [UInt8]) throws(YAMLFailure) {
    var count = 0
    for index in source.indices where source[index] == UInt8(ascii: "%") {
      if index == 0 || source[index - 1] == UInt8(ascii: "\n") || source[index - 1] == UInt8(ascii: "\r") {
        count += 1
      }
    }
    guard count <= directiveLimit else { throw .expansion(at: .start) }
  }

  private mutating func run(_ input: UnsafeBufferPointer<UInt8>) throws(YAMLFailure) -> YAMLDocument {
    var parser = yaml_parser_t()
    guard yaml_parser_initialize(&parser) == 1 else {
      throw YAMLFailure(rule: .yamlSyntax, message: "out of memory", position: .start)
    }
    defer { yaml_parser_delete(&parser) }
    yaml_parser_set_input_string(&parser, input.baseAddress, input.count)
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(&parser, &event) == 1 else { throw Self.failure(of: parser) }
      defer { yaml_event_delete(&event) }
      switch event.type {
      case YAML_STREAM_END_EVENT, YAML_DOCUMENT_END_EVENT: return document
      default: try handle(event)
      }
    }
  }

  private mutating func handle(_ event: yaml_event_t) throws(YAMLFailure) {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      // Akash's YAML parser rejects a file that declares a version other than 1.1.
      guard let version = event.data.document_start.version_directive, version.pointee.minor != 1 else {
        break
      }
      throw YAMLFailure(
        rule: .yamlSyntax,
        message: "YAML \(version.pointee.major).\(version.pointee.minor) is announced, and only 1.1 is read: "
          + "leave the line out",
        position: SourcePosition(event.start_mark)
      )
    case YAML_ALIAS_EVENT: try addAlias(event)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      var node = node(.scalar, event)
      node.style = Self.style(scalar.style)
      node.tag = YAMLTag(Self.text(scalar.tag))
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      node.text = String(decoding: bytes, as: UTF8.self)
      node.expandedBytes = scalar.length
      let index = try add(node)
      if let anchor = Self.text(scalar.anchor) { anchors[anchor] = index }
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      try open(.sequence, event, tag: Self.text(start.tag), anchor: Self.text(start.anchor))
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      try open(.mapping, event, tag: Self.text(start.tag), anchor: Self.text(start.anchor))
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      guard let finished = stack.popLast() else { break }
      openNodes.remove(finished)
      try addSize(finished)
    default: break
    }
  }

  private mutating func node(_ kind: YAMLNode.Kind, _ event: yaml_event_t) -> YAMLNode {
    let start = event.start_mark
    let first = cursor.offset(ofCharacter: Int(start.index))
    let last = kind == .scalar ? cursor.offset(ofCharacter: Int(event.end_mark.index)) : first
    return YAMLNode(kind: kind, position: SourcePosition(start), bytes: first..<max(first, last))
  }

  /// Appends a node to the document and to the open collection.
  private mutating func add(_ node: YAMLNode) throws(YAMLFailure) -> Int {
    let index = document.nodes.count
    guard index < YAMLDocument.expansionLimit else { throw .expansion(at: node.position) }
    document.nodes.append(node)
    if let parent = stack.last {
      document.nodes[parent].children.append(index)
    } else {
      document.root = index
    }
    if node.kind == .scalar || node.kind == .alias { try addSize(index) }
    return index
  }

  private mutating func open(
    _ kind: YAMLNode.Kind,
    _ event: yaml_event_t,
    tag: String?,
    anchor: String?
  ) throws(YAMLFailure) {
    var node = node(kind, event)
    guard stack.count < YAMLDocument.nestingLimit else { throw .nesting(at: node.position) }
    node.tag = YAMLTag(tag)
    node.expandedDepth = 1
    let index = try add(node)
    // The anchor is known from here on, so that an alias inside the node is recognised.
    if let anchor { anchors[anchor] = index }
    openNodes.insert(index)
    stack.append(index)
  }

  private mutating func addAlias(_ event: yaml_event_t) throws(YAMLFailure) {
    var node = node(.alias, event)
    node.text = Self.text(event.data.alias.anchor) ?? ""
    guard let target = anchors[node.text] else {
      throw YAMLFailure(
        rule: .yamlSyntax,
        message: "the anchor \(quoted(node.text)) is not defined before this alias",
        position: node.position
      )
    }
    node.target = target
    node.isInsideItself = openNodes.contains(target)
    if !node.isInsideItself {
      node.expandedSize += document[target].expandedSize
      node.expandedBytes += document[target].expandedBytes
      node.expandedDepth = document[target].expandedDepth
    }
    _ = try add(node)
  }

  /// Adds a node's size and depth to its parent's.
  private mutating func addSize(_ index: Int) throws(YAMLFailure) {
    let node = document[index]
    guard node.expandedSize <= YAMLDocument.expansionLimit,
      node.expandedBytes <= YAMLDocument.expandedByteLimit
    else { throw .expansion(at: node.position) }
    guard let parent = stack.last else { return }
    document.nodes[parent].expandedSize += node.expandedSize
    document.nodes[parent].expandedBytes += node.expandedBytes
    if node.expandedDepth > 0 {
      document.nodes[parent].expandedDepth = max(document[parent].expandedDepth, node.expandedDepth + 1)
    }
    guard document[parent].expandedDepth <= YAMLDocument.nestingLimit else {
      throw .nesting(at: node.position)
    }
  }
}

extension SourcePosition {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
  }
}

extension YAMLReader {
  private static func failure(of parser: yaml_parser_t) -> YAMLFailure {
    let problem = parser.problem.map { String(cString: $0) } ?? "not YAML"
    let context = parser.context.map { String(cString: $0) + ": " } ?? ""
    let position = SourcePosition(parser.problem_mark)
    // libyaml has a nesting limit of its own, which a text reaches first when it opens many lists at once.
    if problem.hasPrefix("Maximum nesting level") { return .nesting(at: position) }
    return YAMLFailure(rule: .yamlSyntax, message: context + problem, position: position)
  }

  private static func text(_ pointer: UnsafePointer<UInt8>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  private static func style(_ style: yaml_scalar_style_t) -> YAMLNode.Style {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
    default: .plain
    }
  }
}
