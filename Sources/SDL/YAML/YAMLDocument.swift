/// A position in a text: line and column in characters, both counted from 1.
public struct SourcePosition: Hashable, Comparable, Sendable {
  public var line: Int
  public var column: Int

  public static let start = SourcePosition(line: 1, column: 1)

  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

extension SourcePosition: CustomStringConvertible {
  public var description: String { "\(line):\(column)" }
}

/// The tag of a node. libyaml expands a short form, such as `!!int`, to the text that is the raw value here.
enum YAMLTag: String {
  /// No tag is written.
  case implicit = "!"
  case string = "tag:yaml.org,2002:str"
  case integer = "tag:yaml.org,2002:int"
  case float = "tag:yaml.org,2002:float"
  case boolean = "tag:yaml.org,2002:bool"
  case null = "tag:yaml.org,2002:null"
  case binary = "tag:yaml.org,2002:binary"
  case timestamp = "tag:yaml.org,2002:timestamp"
  case merge = "tag:yaml.org,2002:merge"
  /// Any other tag.
  case other = ""

  init(_ text: String?) {
    self = text.map { YAMLTag(rawValue: $0) ?? .other } ?? .implicit
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
  /// The items of a sequence, or the keys and values of a mapping, alternating, given as indices of nodes.
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
  /// The index of the root node; nil for a text without content.
  var root: Int?

  subscript(index: Int) -> YAMLNode { nodes[index] }

  /// The keys and values of a mapping, or the items of a list in pairs.
  func pairs(_ index: Int) -> [(key: Int, value: Int)] {
    let children = nodes[index].children
    return stride(from: 0, to: children.count - 1, by: 2).map { (children[$0], children[$0 + 1]) }
  }

  /// Whether the node is a merge key (`<<`) when it is a key.
  func isMergeKey(_ index: Int) -> Bool {
    let node = nodes[index]
    return node.kind == .scalar && node.text == "<<"
      && (node.tag == .merge || node.tag == .implicit && node.style == .plain)
  }

  /// The node to which an alias refers, or the node itself; nil when the alias is inside its own anchor.
  func resolve(_ index: Int) -> Int? {
    let node = nodes[index]
    guard node.kind == .alias else { return index }
    return node.isInsideItself ? nil : node.target
  }
}
