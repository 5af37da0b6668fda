import Testing

@testable import SDL

@Suite struct FindingTests {
  @Test func `an error names line, column, path and the nearest legal spelling`() throws {
    let file = DeploymentFile(text: try Sample.replacing("size: 512Mi", with: "size: 16GB"))
    let error = try #require(file.errors.first)
    #expect(file.errors.count == 1)
    #expect(error.rule == .sizeSyntax)
    #expect(error.position == SourcePosition(line: 16, column: 17))
    #expect(error.path == "profiles.compute.web.resources.memory.size")
    #expect(error.suggestions == ["16Gi", "16G"])
    #expect(
      error.text(in: "deploy.yaml").hasPrefix(
        "deploy.yaml:16:17: error: \"16GB\" is not a size [size-syntax]\n"
      )
    )
  }

  @Test func `all mistakes of a file are reported at once, and none twice in other words`() throws {
    let text = """
      version: "2.0"
      services:
        web:
          expose:
            - port: "80"
              proto: https
              accept: [Example.com]
              to:
                - global: true
      profiles:
        compute:
          web:
            resources:
              cpu: {units: lots}
              memory: {size: 1gi}
              gpu: {units: 1, attributes: {vendor: {nvidia: [{model: a100, interface: SXM4}]}}}
              storage: [{size: 10GB}, {name: default, size: 1Gi}]
        placement:
          dc:
            pricing:
              web: {denom: uakt, amount: 1e3}
      deployment:
        web:
          dc: {profile: wbe, count: 1}
      extra: 1
      """
    let rules = Set(DeploymentFile(text: text).errors.map(\.rule))
    #expect(
      rules == [
        .yamlType, .protoUnknown, .hostInvalid, .cpuUnitsSyntax, .sizeSyntax, .gpuInterface,
        .storageNameDuplicate, .priceAmountSyntax, .profileComputeMissing, .pricingMissing,
        .unknownTopLevelKey, .imageEmpty,
      ]
    )
  }

  @Test func `references come with the name that was probably meant`() throws {
    let file = DeploymentFile(text: try Sample.replacing("profile: web", with: "profile: wbe"))
    let error = try #require(file.errors.first { $0.rule == .profileComputeMissing })
    #expect(error.suggestions == ["web"])
    #expect(error.path == "deployment.web.dc.profile")
  }

  @Test func `the schema's findings are warnings and refuse nothing`() throws {
    let file = DeploymentFile(
      text: try Sample.replacing("    image: nginx", with: "    restart: always\n    image: nginx")
    )
    #expect(file.isAccepted)
    #expect(!file.satisfiesSchema)
    #expect(file.warnings.map(\.rule) == [.schemaUnknownKey])
    #expect(file.warnings.first?.position == SourcePosition(line: 4, column: 5))
  }

  @Test(arguments: [
    ("{model: A100}", Rule.gpuModelSpelling, "a100"), ("{model: 4090}", .gpuModelSpelling, "rtx4090"),
    ("{model: a100-80gb}", .gpuModelSpelling, "a100"), ("{model: l40ss}", .gpuModelUnknown, "l40s"),
    ("{model: a100, ram: 48Gi}", .gpuMemoryUnknown, "40Gi"),
    ("{model: rtx4090, interface: sxm}", .gpuInterfaceUnknown, "pcie"),
  ])
  func `a GPU request that nobody can fill is a warning`(_ model: String, _ rule: Rule, _ nearest: String)
    throws
  {
    let gpu = "gpu: {units: 1, attributes: {vendor: {nvidia: [\(model)]}}}\n        storage:"
    let file = DeploymentFile(text: try Sample.replacing("storage:", with: gpu))
    #expect(file.isAccepted)
    #expect(file.warnings.first?.rule == rule)
    #expect(file.warnings.first?.suggestions.first == nearest)
  }

  @Test func `a vendor that is not read is a warning, because it means any nvidia model`() throws {
    let gpu = "gpu: {units: 1, attributes: {vendor: {amd: [{model: mi300x}]}}}\n        storage:"
    let file = DeploymentFile(text: try Sample.replacing("storage:", with: gpu))
    #expect(file.isAccepted)
    #expect(file.warnings.map(\.rule).contains(.gpuVendorIgnored))
  }

  @Test func `every rule says why it is there`() {
    for rule in Rule.allCases { #expect(rule.reason != rule.rawValue, "\(rule)") }
  }

  @Test func `what is not YAML is one error with its place`() {
    let file = DeploymentFile(text: "version: \"2.0\"\n\tservices: {}\n")
    #expect(file.errors.map(\.rule) == [.yamlSyntax])
    #expect(file.errors.first?.position == SourcePosition(line: 2, column: 1))
    #expect(!file.satisfiesSchema)
  }

  @Test func `findings of several files are one JSON document`() throws {
    let file = DeploymentFile(text: try Sample.replacing("size: 512Mi", with: "size: 16GB"))
    let report = String(decoding: DeploymentFile.report([("a.yaml", file)]), as: UTF8.self)
    #expect(report.contains("\"rule\": \"size-syntax\""))
    #expect(report.contains("\"line\": 16"))
    #expect(report.contains("\"fixable\": true"))
  }

  @Test(arguments: ["AKT", "akt", "USDC", "usdc", "ACT", "Akt"])
  func `a symbol in place of a denomination is refused with what to write`(symbol: String) throws {
    let file = DeploymentFile(text: try Sample.replacing("denom: uakt", with: "denom: \(symbol)"))
    let error = try #require(file.errors.first)
    #expect(file.errors.count == 1 && !file.isAccepted && file.deployment == nil)
    #expect(error.rule == .priceSymbol)
    #expect(error.advice == "write u\(symbol.lowercased()) and 1,000,000 × the amount")
    #expect(error.edits.isEmpty, "how much money is meant is for a person to say")
  }

  @Test(arguments: [
    "uakt", "uact", "uusdc", "ueurc", "ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1",
  ])
  func `a denomination gives no warning`(denomination: String) throws {
    let file = DeploymentFile(text: try Sample.replacing("denom: uakt", with: "denom: \(denomination)"))
    #expect(file.isAccepted && file.warnings.isEmpty, "\(file.warnings)")
  }

  @Test(
    arguments: [
      ("10,000", nil), ("1,000", nil), ("0,001", nil), ("1,000,000", nil), ("10,000.5", nil), ("1,5", "1.5"),
      ("10,00", "10.00"), ("0,40", "0.40"), ("10,0000", "10.0000"), ("1_000", "1000"), ("1e3", "1000"),
    ] as [(String, String?)]
  )
  func `a comma before exactly three digits is no decimal point`(amount: String, proposal: String?) throws {
    let file = DeploymentFile(text: try Sample.replacing("amount: 1000", with: "amount: \"\(amount)\""))
    let error = try #require(file.errors.first { $0.rule == .priceAmountSyntax })
    #expect(error.suggestions.first == proposal)
  }
}
