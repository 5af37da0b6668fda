/// A `deploy.yaml` that was read: what is wrong with it, and what it asks for.
///
/// There are two views. The reference parser's verdict counts: it alone decides whether there is a
/// `deployment`. The reference's JSON schema, which some tools enforce and its own parser only logs, is
/// reported as warnings.
public struct DeploymentFile: Sendable {
  public let source: [UInt8]
  /// What refuses the file, in the reference's order of checks: the first is the one that it would report.
  public let errors: [Finding]
  /// What refuses nothing: the schema's findings and GPU requests that nobody fills.
  public let warnings: [Finding]
  /// Nil when there are errors.
  public let deployment: Deployment?

  public var isAccepted: Bool { errors.isEmpty }
  /// The verdict of the JSON schema.
  public var satisfiesSchema: Bool { schemaFindings.isEmpty }

  let schemaFindings: [Finding]

  /// Reads `source`, which may be anything: limits on its size keep time and memory bounded.
  public init(_ source: [UInt8]) {
    self.source = source
    let yaml: YAMLDocument
    do throws(YAMLFailure) {
      yaml = try YAMLReader.read(source)
    } catch {
      let finding = Finding(rule: error.rule, position: error.position, message: error.message)
      errors = [finding]
      var warning = finding
      warning.severity = .warning
      warning.rule = .schemaYAML
      schemaFindings = [warning]
      warnings = []
      deployment = nil
      return
    }
    schemaFindings = SchemaChecker.check(yaml)

    var reader = DocumentReader(yaml, source: source, log: FindingLog())
    guard let document = reader.document() else {
      errors = reader.log.findings
      warnings = schemaFindings
      deployment = nil
      return
    }
    var checker = DocumentChecker(document, reader: reader)
    checker.check()
    errors = checker.reader.log.findings
    deployment = errors.isEmpty ? DeploymentBuilder(checker).build() : nil

    var adviser = DocumentReader(yaml, source: source, log: FindingLog())
    adviser.adviseOnGPUs(document)
    warnings = adviser.log.findings + schemaFindings
  }

  /// Reads a text.
  public init(text: String) {
    self.init(Array(text.utf8))
  }
}
