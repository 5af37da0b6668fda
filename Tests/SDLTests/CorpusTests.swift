import Cryptography
import Foundation
import Primitives
import Testing

@testable import SDL

@Suite struct CorpusTests {
  /// What differs in one case; nil when everything agrees.
  private func differences(_ example: Corpus.Case, _ file: DeploymentFile) throws -> [String] {
    let expected = example.expectation
    var differences: [String] = []
    if (expected.parser == "accept") != file.isAccepted {
      differences.append("parser: \(expected.parser), errors \(file.errors.prefix(3))")
    }
    if (expected.schema == "accept") != file.satisfiesSchema {
      differences.append("schema: \(expected.schema), findings \(file.schemaFindings.prefix(3))")
    }
    if let rule = expected.rule {
      let found = file.errors.map(\.rule.rawValue)
      if example.hasBindingRule, found.first != rule {
        differences.append("rule: \(rule), found \(found)")
      }
    }
    guard expected.parser == "accept", let deployment = file.deployment else { return differences }
    if let hash = expected.hash, deployment.manifest.hash.description != hash {
      differences.append("hash: \(hash), is \(deployment.manifest.hash)")
    }
    if expected.reclamation_ns != deployment.reclamationWindow?.nanoseconds {
      differences.append("reclamation: \(String(describing: expected.reclamation_ns))")
    }
    if example.has("manifest.json") {
      if try example.output("manifest.json") != deployment.manifest.indentedJSON {
        differences.append("manifest.json")
      }
      if try example.output("group-specs.json") != deployment.groups.indentedJSON {
        differences.append("group-specs.json")
      }
    }
    if example.has("manifest.canonical.json"),
      try example.output("manifest.canonical.json") != deployment.manifest.canonicalJSON
    {
      differences.append("manifest.canonical.json")
    }
    return differences
  }

  @Test func `every verdict, output and hash of the corpus is reproduced`() throws {
    var table = "set            cases  agreed  differing\n"
    var total = 0
    for set in Corpus.sets {
      let cases = try Corpus.all().filter { $0.example.set == set }
      var differing = 0
      for (example, file) in cases {
        let differences = try differences(example, file)
        if !differences.isEmpty {
          differing += 1
          Issue.record("\(example): \(differences.joined(separator: "; "))")
        }
      }
      total += cases.count
      let row = [set, String(cases.count), String(cases.count - differing), String(differing)]
      table +=
        zip(row, [15, 7, 8, 9]).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined() + "\n"
    }
    print(table)
    #expect(total == 1421)
  }

  @Test func `the rule that the reference meets first is among the errors of every refused file`() throws {
    var missing: [String] = []
    for (example, file) in try Corpus.all() {
      guard let rule = example.expectation.rule else { continue }
      let found = file.errors.map(\.rule.rawValue)
      if !found.contains(rule) { missing.append("\(example): \(rule), found \(found)") }
    }
    #expect(missing == [])
  }

  /// The reference's reader takes their control characters, and so does ours; no provider of ours does.
  private let unsafeTexts: Set = ["valid/edge-lists-escapes", "valid/edge-v20-credentials-trimmed"]

  @Test func `every manifest is read back as it was written and fits its groups`() throws {
    var count = 0
    for (example, file) in try Corpus.all() {
      guard let deployment = file.deployment else { continue }
      let manifest = deployment.manifest
      for bytes in [manifest.canonicalJSON, manifest.indentedJSON] {
        let decoded = try Manifest.decode(json: bytes)
        #expect(decoded == manifest, "\(example)")
        #expect(decoded.hash == manifest.hash, "\(example)")
      }
      if unsafeTexts.contains("\(example)") {
        #expect(throws: ManifestError.self) { try manifest.check(against: deployment.groups) }
      } else {
        try manifest.check(against: deployment.groups)
      }
      count += 1
    }
    #expect(count == 763)
  }

  @Test func `rules that the corpus names exist here`() throws {
    let data = try Data(contentsOf: Corpus.folder.appending(path: "rules.json"))
    let rules = try JSONDecoder().decode([String: String].self, from: data)
    for rule in rules.keys { #expect(Rule(rawValue: rule) != nil, "\(rule)") }
  }
}
