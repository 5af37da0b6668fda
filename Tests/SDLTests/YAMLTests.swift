import Testing

@testable import SDL

@Suite struct YAMLTests {
  private func scalar(_ text: String) throws -> YAMLScalar? {
    let document = try YAMLReader.read(Array("- \(text)".utf8))
    let root = try #require(document.root)
    return YAMLScalar(document[document[root].children[0]])
  }

  private func kind(_ text: String) throws -> String {
    switch try scalar(text) {
    case nil: "misfit"
    case .null: "null"
    case .boolean(let flag): "\(flag)"
    case .integer(let number): "integer \(number)"
    case .float(let number): "float \(number)"
    case .timestamp: "timestamp"
    case .string(let text): "string \(text)"
    }
  }

  @Test(arguments: [
    ("", "null"), ("~", "null"), ("NULL", "null"), ("true", "true"), ("False", "false"),
    ("yes", "string yes"),
    ("on", "string on"), ("0x1F", "integer 31"), ("0o17", "integer 15"), ("017", "integer 15"),
    ("0b11", "integer 3"), ("1_000", "integer 1000"), ("08", "float 8.0"), ("1:30", "string 1:30"),
    ("-5", "integer -5"), ("18446744073709551615", "integer 18446744073709551615"),
    ("18446744073709551616", "float 1.8446744073709552e+19"), ("1.50", "float 1.5"), (".5", "float 0.5"),
    (".inf", "float inf"), ("1e400", "string 1e400"), ("2001-01-01", "timestamp"),
    ("2001-02-30", "string 2001-02-30"), ("2001-01-01T10:00:00Z", "timestamp"), ("'5'", "string 5"),
    ("\"yes\"", "string yes"), ("!!str 5", "string 5"), ("!!int \"7\"", "integer 7"), ("!!int x", "misfit"),
    ("!!float 1", "float 1.0"), ("!!binary aGk=", "string hi"), ("!mine x", "misfit"), ("<<", "string <<"),
  ])
  func `scalars mean what the reference's reader makes of them`(_ text: String, _ meaning: String) throws {
    #expect(try kind(text) == meaning)
  }

  private func rule(_ text: String) -> Rule? {
    do throws(YAMLFailure) {
      _ = try YAMLReader.read(Array(text.utf8))
      return nil
    } catch {
      return error.rule
    }
  }

  @Test func `a file may announce YAML 1_1 and nothing else`() {
    #expect(rule("%YAML 1.1\n---\na: 1\n") == nil)
    #expect(rule("%YAML 1.2\n---\na: 1\n") == .yamlSyntax)
  }

  @Test func `a document of more than 1 MiB is refused before it is looked at`() {
    #expect(rule(String(repeating: " ", count: 1 << 20)) == nil)
    #expect(rule(String(repeating: " ", count: (1 << 20) + 1)) == .limitDocumentSize)
  }

  @Test func `64 levels are read and 65 are refused`() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(rule(nested(64)) == nil)
    #expect(rule(nested(65)) == .limitNesting)
    #expect(rule(nested(100_000)) == .limitNesting)
  }

  @Test func `levels that aliases add count too`() {
    var text = "a0: &a0 [x]\n"
    for level in 1...70 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(rule(text) == .limitNesting)
  }

  @Test func `what aliases multiply counts as if it were written out`() {
    var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...9 {
      let aliases = repeatElement("*a\(level - 1)", count: 10).joined(separator: ",")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(rule(bomb) == .limitExpansion)
    #expect(rule("[" + repeatElement("1", count: 99_998).joined(separator: ",") + "]") == nil)
    #expect(rule("[" + repeatElement("1", count: 100_000).joined(separator: ",") + "]") == .limitExpansion)
    // One long text many times over: bytes count as well as values.
    let long =
      "- &a " + String(repeating: "x", count: 500_000) + "\n" + String(repeating: "- *a\n", count: 1000)
    #expect(rule(long) == .limitExpansion)
  }

  @Test func `an alias inside its own anchor is read only when something asks for it`() throws {
    let unread = try Sample.replacing("  web:\n    image", with: "  web: &w\n    note: *w\n    image")
    #expect(DeploymentFile(text: unread).isAccepted)
    let read = try Sample.replacing(
      "  web:\n    image: nginx",
      with: "  web: &w\n    env: *w\n    image: nginx"
    )
    #expect(DeploymentFile(text: read).errors.map(\.rule) == [.yamlType])
  }

  @Test func `own keys win over merged ones, and earlier sources over later ones`() throws {
    let text = try Sample.replacing(
      "    image: nginx\n",
      with: """
            <<: [{image: first, args: [a]}, {args: [b], command: [c]}]
            image: own

        """
    )
    let service = try #require(DeploymentFile(text: text).deployment?.manifest.groups.first?.services.first)
    #expect(service.image == "own")
    #expect(service.arguments == ["a"])
    #expect(service.command == ["c"])
  }

  @Test func `texts in lists keep the spelling of the source`() throws {
    let text = try Sample.replacing(
      "    image: nginx\n",
      with: "    image: nginx\n    args: [1, 2.50, yes, 0x1F, ~, \"\"]\n"
    )
    let service = try #require(DeploymentFile(text: text).deployment?.manifest.groups.first?.services.first)
    #expect(service.arguments == ["1", "2.50", "yes", "0x1F", ""])
  }

  @Test func `names that look alike and differ in bytes are different names`() throws {
    let text = try Sample.replacing(
      "    web:\n      resources:",
      with: "    \"caf\\u00e9\": {}\n    \"cafe\\u0301\": {}\n    web:\n      resources:"
    )
    #expect(DeploymentFile(text: text).isAccepted)
  }
}
