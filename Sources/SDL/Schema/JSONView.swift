/// A document as JSON, with aliases and merge keys resolved, for checks by the JSON schema.
struct JSONView {
  enum Value {
    case null
    case boolean(Bool)
    /// Whole numbers are exact in the range of the schema's limits.
    case number(Double)
    case string(String)
    case array([JSONView])
    case object([Field])
  }

  struct Field {
    let key: String
    let keyNode: Int
    let value: JSONView
  }

  /// The node where the value is written.
  let node: Int
  let value: Value

  /// The value under `key`; nil when there is none, or when this is not an object.
  subscript(key: String) -> JSONView? {
    guard case .object(let fields) = value else { return nil }
    return fields.first { $0.key == key }?.value
  }

  var text: String? {
    if case .string(let text) = value { text } else { nil }
  }
}

/// Why a document cannot be converted to JSON.
struct JSONViewFailure: Error {
  var node: Int
  var message: String
}

/// Converts a document to JSON. The document's expansion limit bounds the size.
struct JSONViewReader {
  let yaml: YAMLDocument

  func view(_ index: Int) throws(JSONViewFailure) -> JSONView {
    let target = try resolve(index)
    switch yaml[target].kind {
    case .scalar, .alias: return JSONView(node: index, value: try scalar(target, at: index))
    case .sequence:
      var items: [JSONView] = []
      for child in yaml[target].children { items.append(try view(child)) }
      return JSONView(node: index, value: .array(items))
    case .mapping:
      var fields: [JSONView.Field] = []
      var taken: Set<Name> = []
      try collect(target, into: &fields, taken: &taken, isSource: false)
      return JSONView(node: index, value: .object(fields))
    }
  }

  private func resolve(_ index: Int) throws(JSONViewFailure) -> Int {
    guard let target = yaml.resolve(index) else {
      throw JSONViewFailure(node: index, message: "the anchor \(quoted(yaml[index].text)) contains itself")
    }
    return target
  }

  private func scalar(_ target: Int, at index: Int) throws(JSONViewFailure) -> JSONView.Value {
    let text = yaml[target].text
    switch YAMLScalar(yaml[target]) {
    case nil: throw JSONViewFailure(node: index, message: "\(quoted(text)) does not fit the tag before it")
    case .null: return .null
    case .boolean(let flag): return .boolean(flag)
    case .integer(let number): return .number(Double(number))
    case .float(let number) where number.isFinite: return .number(number)
    case .float: throw JSONViewFailure(node: index, message: "\(quoted(text)) is not a number in JSON")
    case .timestamp: return .string(text)
    case .string(let text): return .string(text)
    }
  }

  private func collect(
    _ index: Int,
    into fields: inout [JSONView.Field],
    taken: inout Set<Name>,
    isSource: Bool
  ) throws(JSONViewFailure) {
    var written: Set<Name> = []
    var merge: Int?
    for (key, value) in yaml.pairs(index) {
      let node = yaml[key]
      guard written.insert(Name("\(node.kind) \(node.text)")).inserted else {
        throw JSONViewFailure(node: key, message: "the key \(quoted(node.text)) is written twice")
      }
      if yaml.isMergeKey(key) {
        merge = value
        continue
      }
      var isTimestamp = false
      let name = try view(key).text
      if case .timestamp = YAMLScalar(yaml[try resolve(key)]) { isTimestamp = true }
      guard let name, !isTimestamp else {
        throw JSONViewFailure(node: key, message: "the key \(quoted(node.text)) is not a text")
      }
      guard taken.insert(Name(name)).inserted || !isSource else { continue }
      fields.append(JSONView.Field(key: name, keyNode: key, value: try view(value)))
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
