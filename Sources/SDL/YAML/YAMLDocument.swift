/// A position in a text: line and column in characters, both counted from 1.
public struct SourcePosition: Hashable, Comparable, Sendable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static let start = SourcePosition(line: 1, column: 1)

  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

extension SourcePosition: CustomStringConvertible {
  public var description: String { "\(line):\(column)" }
}

/// The core tags of YAML; `other` is any other tag.
enum YAMLTag: Hashable {
  case implicit
  case string
  case integer
  case float
  case boolean
  case null
  case binary
  case timestamp
  case merge
  case collection
  case other

  /// Converts the tag that the parser resolved.
  init(_ text: String?) {
    switch text {
    case nil, "!": self = .implicit
    case "tag:yaml.org,2002:str": self = .string
    case "tag:yaml.org,2002:int": self = .integer
    case "tag:yaml.org,2002:float": self = .float
    case "tag:yaml.org,2002:bool": self = .boolean
    case "tag:yaml.org,2002:null": self = .null
    case "tag:yaml.org,2002:binary": self = .binary
    case "tag:yaml.org,2002:timestamp": self = .timestamp
    case "tag:yaml.org,2002:merge": self = .merge
    case "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map": self = .collection
    default: self = .other
    }
  }
}

/// A node of a document as it is written; aliases are not resolved.
struct YAMLNode {
  enum Kind {
    case scalar
    case sequence
    case mapping
    case alias
  }

  enum Style {
    case plain
    case singleQuoted
    case doubleQuoted
    case block
  }

  var kind: Kind
  var style = Style.plain
  var tag = YAMLTag.implicit
  /// A scalar's text or an alias's anchor name; otherwise empty.
  var text = ""
  /// The items of a sequence, or the keys and values of a mapping in turn.
  var children: [Int] = []
  /// The node to which an alias refers.
  var target: Int?
  /// True for an alias inside the node that has its anchor; following it would never end.
  var isInsideItself = false
  var position: SourcePosition
  /// The range of the node's text in the source; valid for UTF-8 sources only.
  var bytes: Range<Int>
  /// The number of nodes with all aliases expanded, this node included. It stops growing above the limit.
  var expandedSize = 1
  /// Bytes of text with all aliases expanded.
  var expandedBytes = 0
  /// The depth of nested collections with all aliases expanded.
  var expandedDepth = 0
}

/// A parsed document: an array of nodes that refer to each other by index.
///
/// An alias is an index too, so a document with aliases takes no more memory than its text.
struct YAMLDocument {
  /// The largest document, in bytes.
  static let byteLimit = 1 << 20
  /// The largest depth of nested collections, with aliases expanded.
  static let nestingLimit = 64
  /// The largest number of nodes, with aliases expanded.
  static let expansionLimit = 100_000
  /// The most bytes of text, with aliases expanded.
  static let expandedByteLimit = 16 << 20

  var nodes: [YAMLNode] = []
  /// Nil for a text without content.
  var root: Int?

  subscript(index: Int) -> YAMLNode { nodes[index] }

  /// The node to which an alias refers, or the node itself; nil when the alias is inside its own anchor.
  func resolve(_ index: Int) -> Int? {
    let node = nodes[index]
    guard node.kind == .alias else { return index }
    return node.isInsideItself ? nil : node.target
  }
}
