/// A place in a text: line and column in characters, both counted from 1.
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

/// The core tags of YAML; anything else is `other`.
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

  /// Reads the tag as the parser resolved it.
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

/// One node of a document as it is written: nothing is resolved, aliases stay aliases.
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
  /// A scalar's text, an alias' anchor name, else empty.
  var text = ""
  /// Items, or keys and values in turn.
  var children: [Int] = []
  /// What an alias stands for.
  var target: Int?
  /// An alias written inside the node that carries its anchor: reading it would never end.
  var isInsideItself = false
  var position: SourcePosition
  /// Where the node's text is in the source; meaningful for UTF-8 sources only.
  var bytes: Range<Int>
  /// Nodes after expansion of all aliases below, this one included. Saturates above the limit.
  var expandedSize = 1
  /// Bytes of text after expansion.
  var expandedBytes = 0
  /// Nested collections after expansion.
  var expandedDepth = 0
}

/// A parsed document: an arena of nodes in which an index is a reference.
///
/// Aliases are indices too, so a document that shares or repeats itself takes no more memory than its text.
struct YAMLDocument {
  /// A document may not be larger.
  static let byteLimit = 1 << 20
  /// Collections inside collections, aliases followed.
  static let nestingLimit = 64
  /// Nodes after all aliases are replaced by what they stand for.
  static let expansionLimit = 100_000
  /// Bytes of text after all aliases are replaced.
  static let expandedByteLimit = 16 << 20

  var nodes: [YAMLNode] = []
  /// Nil for a text without content.
  var root: Int?

  subscript(index: Int) -> YAMLNode { nodes[index] }

  /// The node itself or, for an alias, the one it stands for; nil when following it would not end.
  func resolve(_ index: Int) -> Int? {
    let node = nodes[index]
    guard node.kind == .alias else { return index }
    return node.isInsideItself ? nil : node.target
  }
}
