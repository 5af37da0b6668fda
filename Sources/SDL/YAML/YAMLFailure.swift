/// Why a text cannot be read as a YAML document.
struct YAMLFailure: Error {
  var rule: Rule
  var message: String
  var position: SourcePosition
}

extension YAMLFailure {
  static func expansion(at position: SourcePosition) -> YAMLFailure {
    YAMLFailure(
      rule: .limitExpansion,
      message:
        "the document has more than \(YAMLDocument.expansionLimit) values, counting what aliases repeat",
      position: position
    )
  }

  static func nesting(at position: SourcePosition) -> YAMLFailure {
    YAMLFailure(
      rule: .limitNesting,
      message: "lists and mappings are nested more than \(YAMLDocument.nestingLimit) deep",
      position: position
    )
  }
}
