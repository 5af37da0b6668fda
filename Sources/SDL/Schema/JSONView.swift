/// A document as JSON, with aliases and merge keys resolved, for checks by the JSON schema. Each value has
/// the node where it is written.
indirect enum JSONView {
  case null(Int)
  case boolean(Int, Bool)
  /// Whole numbers are exact in the range of the schema's limits.
  case number(Int, Double)
  case string(Int, String)
  case array(Int, [JSONView])
  case object(Int, [(key: String, keyNode: Int, value: JSONView)])

  /// The node where the value is written.
  var node: Int {
    switch self {
    case .null(let node), .boolean(let node, _), .number(let node, _), .string(let node, _),
      .array(let node, _), .object(let node, _):
      node
    }
  }
}

/// Why a document cannot be converted to JSON.
struct JSONViewFailure: Error {
  var node: Int
  var message: String
}

/// Converts a document to JSON. The document's expansion limit bounds the size.
struct JSONViewReader {
  private let yaml: YAMLDocument

  init(_ yaml: YAMLDocument) {
    self.yaml = yaml
  }

  func view(_ index: Int) throws(JSONViewFailure) -> JSONView {
    let target = try resolve(index)
    switch yaml[target].kind {
    case .scalar, .alias:
      return try scalar(target, at: index)
    case .sequence:
      var items: [JSONView] = []
      for child in yaml[target].children { items.append(try view(child)) }
      return .array(index, items)
    case .mapping:
      var fields: [(key: String, keyNode: Int, value: JSONView)] = []
      var taken: Set<Name> = []
      try collect(target, into: &fields, taken: &taken, isSource: false)
      return .object(index, fields)
    }
  }

  private func resolve(_ index: Int) throws(JSONViewFailure) -> Int {
    guard let target = yaml.resolve(index) else {
      throw JSONViewFailure(node: index, message: "the anchor \(quoted(yaml[index].text)) contains itself")
    }
    return target
  }

  private func scalar(_ target: Int, at index: Int) throws(JSONViewFailure) -> JSONView {
    switch YAMLScalar(yaml[target]) {
    case nil:
      throw JSONViewFailure(
        node: index,
        message: "\(quoted(yaml[target].text)) does not fit the tag before it"
      )
    case .null: return .null(index)
    case .boolean(let flag): return .boolean(index, flag)
    case .integer(let number): return .number(index, Double(number))
    case .float(let number):
      guard number.isFinite else {
        throw JSONViewFailure(node: index, message: "\(quoted(yaml[target].text)) is not a number in JSON")
      }
      return .number(index, number)
    case .timestamp: return .string(index, yaml[target].text)
    case .string(let text): return .string(index, text)
    }
  }

  private func collect(
    _ index: Int,
    into fields: inout [(key: String, keyNode: Int, value: JSONView)],
    taken: inout Set<Name>,
    isSource: Bool
  ) throws(JSONViewFailure) {
    var written: Set<Name> = []
    var merge: Int?
    let children = yaml[index].children
    for position in stride(from: 0, to: children.count - 1, by: 2) {
      let key = children[position]
      let node = yaml[key]
      guard written.insert(Name("\(node.kind) \(node.text)")).inserted else {
        throw JSONViewFailure(node: key, message: "the key \(quoted(node.text)) is written twice")
      }
      if node.kind == .scalar, node.text == "<<",
        node.tag == .merge || node.tag == .implicit && node.style == .plain
      {
        merge = children[position + 1]
        continue
      }
      guard case .string(_, let name) = try view(key) else {
        throw JSONViewFailure(node: key, message: "the key \(quoted(node.text)) is not a text")
      }
      if case .timestamp = YAMLScalar(yaml[try resolve(key)]) {
        throw JSONViewFailure(node: key, message: "the key \(quoted(node.text)) is not a text")
      }
      guard taken.insert(Name(name)).inserted || !isSource else { continue }
      fields.append((name, key, try view(children[position + 1])))
    }
    guard let merge else { return }
    let sources = yaml[merge].kind == .sequence ? yaml[merge].children : [merge]
    for source in sources {
      let target = try resolve(source)
      guard yaml[target].kind == .mapping else {
        throw JSONViewFailure(node: source, message: "a merge key takes a mapping or a list of mappings")
      }
      try collect(target, into: &fields, taken: &taken, isSource: true)
    }
  }
}
