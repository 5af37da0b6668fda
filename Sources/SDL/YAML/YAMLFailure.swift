/// Why a text cannot be read as a YAML document.
struct YAMLFailure: Error {
  var rule: Rule
  var message: String
  var position: SourcePosition
}

extension YAMLFailure {
  static func expansion(at position: SourcePosition) -> YAMLFailure {
    let limit = "\(YAMLDocument.expansionLimit) values, counting what aliases repeat"
    return YAMLFailure(
      rule: .limitExpansion,
      message: "the document has more than \(limit)",
      position: position
    )
  }

  static func nesting(at position: SourcePosition) -> YAMLFailure {
    let message = "lists and mappings are nested more than \(YAMLDocument.nestingLimit) deep"
    return YAMLFailure(rule: .limitNesting, message: message, position: position)
  }
}
