/// The result of reading a `deploy.yaml`: its errors, its warnings, and the deployment that it describes.
///
/// In this module, *reference* means Akash's SDL parser. Its errors decide whether there is a `deployment`.
/// Its JSON schema only gives warnings: some tools enforce the schema, but the parser merely logs violations.
public struct DeploymentFile: Sendable {
  public let source: [UInt8]
  /// The reasons to reject the file, in the order of the checks of Akash's parser. That parser reports only
  /// the first.
  public let errors: [Finding]
  /// Findings that do not make a file illegal: violations of the JSON schema, and GPU requests that no
  /// provider fulfils.
  public let warnings: [Finding]
  /// Nil when there are errors.
  public let deployment: Deployment?

  public var isAccepted: Bool { errors.isEmpty }
  /// Whether the file satisfies the JSON schema. Not every violation is a warning: see `isWarning(_:)`.
  public var satisfiesSchema: Bool { schemaFindings.isEmpty }

  let schemaFindings: [Finding]

  /// Reads `source`, which may contain any bytes. Limits of its size bound time and memory.
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

    var reader = DocumentReader(yaml, source: source)
    guard let document = reader.readDocument() else {
      errors = reader.log.findings
      warnings = schemaFindings.filter(Self.isWarning)
      deployment = nil
      return
    }
    var checker = DocumentChecker(document, reader: reader)
    checker.check()
    errors = checker.reader.log.findings
    deployment = errors.isEmpty ? DeploymentBuilder(checker).build() : nil

    var adviser = DocumentReader(yaml, source: source)
    adviser.adviseOnGPUs(document)
    warnings = adviser.log.findings + schemaFindings.filter(Self.isWarning)
  }

  /// Whether a violation of the schema is worth a warning. The schema knows two denominations; which ones a
  /// file may use is decided by the network's register when the file is deployed.
  private static func isWarning(_ finding: Finding) -> Bool {
    let isDenomination = finding.path.hasPrefix("profiles.placement.") && finding.path.hasSuffix(".denom")
    return !(isDenomination && finding.rule == .schemaValue)
  }

  /// Reads a text; see `init(_:)`.
  public init(text: String) {
    self.init(Array(text.utf8))
  }
}
