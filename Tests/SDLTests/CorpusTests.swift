import Cryptography
import Foundation
import Primitives
import Testing
import Vectors

@testable import SDL

@Suite struct CorpusTests {
  /// What differs in one case; nil when everything agrees.
  private func differences(_ example: Corpus.Case, _ file: DeploymentFile) -> [String] {
    let expected = example.expectation
    // Where we differ on purpose: a symbol in place of a denomination is a mistake by a factor of a million.
    if !file.errors.isEmpty, file.errors.allSatisfy({ $0.rule == .priceSymbol }) { return [] }
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
    let manifest = deployment.manifest
    for (name, expected, found) in [
      ("manifest", example.manifest, manifest.indentedJSON),
      ("groups", example.groups, deployment.groupsJSON),
      ("canonical manifest", example.canonicalManifest, manifest.canonicalJSON),
    ] where expected != nil && expected != found {
      differences.append(name)
    }
    return differences
  }

  @Test func `every verdict, output and hash of the corpus is reproduced`() throws {
    let cases = try Corpus.all()
    var agreed = 0
    for (example, file) in cases {
      let differences = differences(example, file)
      #expect(differences == [], "\(example)")
      if differences.isEmpty { agreed += 1 }
    }
    let place = Vectors.otherDocumentsPlace.path
    print(
      "SDL cases: \(agreed) of \(cases.count) agree",
      Corpus.hasOthers
        ? "(521 of Tests/Vectors, the others of \(place))"
        : "(Tests/Vectors); 900 documents of other people are left out: no \(place), SUPERCLOUD_CONFORMANCE"
          + " names the folder above"
    )
    #expect(cases.count == (Corpus.hasOthers ? 1421 : 521))
    let outputs = cases.filter { $0.example.manifest != nil && $0.example.groups != nil }
    #expect(outputs.count == (Corpus.hasOthers ? 723 : 286))
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
      guard let deployment = file.deployment else {
        if !file.errors.isEmpty, file.errors.allSatisfy({ $0.rule == .priceSymbol }) { count += 1 }
        continue
      }
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
    #expect(count == (Corpus.hasOthers ? 763 : 286))
  }

  @Test func `few files of the corpus take a symbol for a denomination`() throws {
    let files = try Corpus.all().filter { $0.file.errors.contains { $0.rule == .priceSymbol } }
    #expect(files.count <= (Corpus.hasOthers ? 6 : 2), "\(files.map { "\($0.example)" })")
  }

  @Test func `rules that the corpus names exist here`() throws {
    let named = Set(try Corpus.all().compactMap(\.example.expectation.rule))
    let listed = try Corpus.otherData("rules.json").map { data in
      try JSONDecoder().decode([String: String].self, from: data).keys
    }
    #expect(named.count > 70)
    for rule in named.union(listed.map(Array.init) ?? []) { #expect(Rule(rawValue: rule) != nil, "\(rule)") }
  }
}
