import Chain
import Primitives
import Testing

@testable import SDL

@Suite struct ManifestTests {
  private func sample() throws -> Deployment {
    try #require(DeploymentFile(text: Sample.text).deployment)
  }

  private func canonical() throws -> String {
    String(decoding: try sample().manifest.canonicalJSON, as: UTF8.self)
  }

  private func decode(_ text: String) throws(ManifestError) -> Manifest {
    try Manifest.decode(json: Array(text.utf8))
  }

  @Test func `fields that are not known vanish, absent ones take their zero`() throws {
    let text = try canonical()
    let manifest = try sample().manifest
    #expect(
      try decode(text.replacing("\"name\":\"dc\"", with: "\"name\":\"dc\",\"future\":{\"a\":[1]}"))
        == manifest
    )
    #expect(try decode(text.replacing("\"args\":null,", with: "")) == manifest)
    #expect(try decode(text.replacing("\"credentials\":null,", with: "")) == manifest)
    // An empty list is not an absent one: the hash differs.
    #expect(try decode(text.replacing("\"args\":null", with: "\"args\":[]")).hash != manifest.hash)
  }

  @Test(arguments: [
    ("\"count\":1", "\"count\":\"1\""), ("\"count\":1", "\"count\":-1"), ("\"count\":1", "\"count\":1.0"),
    ("\"count\":1", "\"count\":01"), ("\"count\":1", "\"count\":4294967296"),
    ("\"count\":1", "\"count\":1,\"count\":1"),
    ("\"proto\":\"TCP\"", "\"proto\":\"tcp\""), ("\"val\":\"1000\"", "\"val\":\"01000\""),
    ("\"val\":\"1000\"", "\"val\":1000"), ("\"expose\":[", "\"expose\":null,\"x\":["),
    ("\"cpu\":", "\"gpux\":"),
    ("\"args\":null", "\"args\":[1]"), ("\"image\":\"nginx\"", "\"image\":\"\\ud800\""),
    ("\"image\":\"nginx\"", "\"image\":\"a\nb\""), ("}]", "}],"),
  ])
  func `anything else than a manifest is refused`(_ old: String, _ new: String) throws {
    let text = try canonical()
    try #require(text.contains(old))
    #expect(throws: ManifestError.self) { try decode(text.replacing(old, with: new, maxReplacements: 1)) }
  }

  @Test func `sizes and depths are bounded`() {
    #expect(throws: ManifestError.tooLarge) {
      try decode(String(repeating: " ", count: Manifest.byteLimit + 1))
    }
    #expect(throws: ManifestError.tooLarge) { try decode(String(repeating: "[", count: 100_000)) }
    #expect(throws: ManifestError.tooLarge) {
      try decode("[" + String(repeating: "1,", count: 600_000) + "1]")
    }
  }

  @Test func `escapes are read and written as the reference writes them`() throws {
    let text = try canonical().replacing("\"nginx\"", with: #""\u003c\u00e9\ud83d\ude00\/\u2028\u0001""#)
    let manifest = try decode(text)
    #expect(manifest.groups[0].services[0].image == "<é😀/\u{2028}\u{1}")
    let written = String(decoding: manifest.canonicalJSON, as: UTF8.self)
    #expect(written.contains(#""\u003cé😀/\u2028\u0001""#))
  }

  @Test func `a manifest that does not fit the ordered groups is refused`() throws {
    let deployment = try sample()
    func refused(_ change: (inout ManifestService) -> Void) -> Bool {
      var manifest = deployment.manifest
      change(&manifest.groups[0].services[0])
      do throws(ManifestError) {
        try manifest.check(against: deployment.groups)
        return false
      } catch {
        return true
      }
    }
    #expect(!refused { _ in })
    #expect(refused { $0.count = 2 })
    #expect(refused { $0.count = 0 })
    #expect(refused { $0.resources.id = 2 })
    #expect(refused { $0.resources.cpuMillis += 1 })
    #expect(refused { $0.resources.memoryBytes += 1 })
    #expect(refused { $0.resources.gpus = 1 })
    #expect(refused { $0.resources.volumes[0].bytes += 1 })
    #expect(refused { $0.exposes[0].externalPort = 81 })
    #expect(refused { $0.exposes[0].isGlobal = false })
    #expect(refused { $0.exposes += $0.exposes })
    #expect(refused { $0.exposes[0].ip = "leased" })
    #expect(refused { $0.exposes[0].port = 0 })
    #expect(refused { $0.exposes[0].hosts = ["a.com", "a.com"] })
    #expect(refused { $0.exposes[0].hosts = ["A.com"] })
    #expect(refused { $0.name = "Web" })
    #expect(refused { $0.image = "" })
    #expect(refused { $0.environment = ["1A=2"] })
    #expect(throws: ManifestError.self) { try deployment.manifest.check(against: []) }
    #expect(throws: ManifestError.self) { try Manifest(groups: []).validate() }
  }

  @Test func `NUL is refused in every text, other control characters beside lines and tabs too`() throws {
    let deployment = try sample()
    func refusal(_ change: (inout ManifestService) -> Void) -> String? {
      var manifest = deployment.manifest
      change(&manifest.groups[0].services[0])
      do throws(ManifestError) {
        try manifest.validate()
        return nil
      } catch {
        return error.description
      }
    }
    #expect(
      refusal { $0.environment = ["X=a\0--bind\0/\0/tmp/h"] }
        == #"[0].services[0].env[0]: "X=a\u{0}--bind\u{0}/\u{0}/tmp/h" has the control character U+0000; "#
        + "only line breaks and tabs are allowed"
    )
    for control in ["\0", "\u{1}", "\u{8}", "\r", "\u{1B}", "\u{1F}", "\u{7F}"] {
      let text = "a\(control)b"
      let mount = VolumeMount(name: "data", mount: "/\(text)")
      #expect(refusal { $0.environment = ["A=\(text)"] } != nil)
      #expect(refusal { $0.command = ["sh", text] } != nil)
      #expect(refusal { $0.arguments = [text] } != nil)
      #expect(refusal { $0.image = text } != nil)
      #expect(refusal { $0.parameters = ServiceParameters(mounts: [mount]) } != nil)
      #expect(
        refusal { $0.parameters = ServiceParameters(permissions: ServicePermissions(read: [text])) } != nil
      )
      #expect(refusal { $0.resources.volumes[0].name = text } != nil)
      #expect(refusal { $0.resources.gpuAttributes = [Attribute(key: text, value: "true")] } != nil)
      #expect(refusal { $0.resources.cpuAttributes = [Attribute(key: "arch", value: text)] } != nil)
      #expect(refusal { $0.exposes[0].service = text } != nil)
      #expect(
        refusal { $0.credentials = ImageCredentials(host: "h", email: "", username: "u", password: text) }
          != nil
      )
      var manifest = deployment.manifest
      manifest.groups[0].name = text
      #expect(throws: ManifestError.self) { try manifest.validate() }
    }
    let script = "set -e\n\techo é\u{85}\n"
    #expect(refusal { $0.command = [script] } == nil)
    #expect(refusal { $0.arguments = [script] } == nil)
    #expect(refusal { $0.environment = ["A=\(script)"] } == nil)
    #expect(refusal { $0.image = "nginx\n" } != nil)
    #expect(
      refusal { $0.parameters = ServiceParameters(mounts: [VolumeMount(name: "d", mount: "/\t")]) } != nil
    )
  }

  @Test func `the most a group can cost is price times replicas`() throws {
    #expect(try sample().groups[0].maximumPrice() == Decimal18(1000))
  }

  @Test func `what placements multiply is bounded before it is built`() throws {
    var text = "version: \"2.0\"\nservices:\n  web:\n    image: nginx\n    expose:\n"
    for port in 1...2000 { text += "      - {port: \(port), to: [{global: true}]}\n" }
    text += """
      profiles:
        compute:
          web: {resources: {cpu: {units: 1}, memory: {size: 1Gi}, storage: {size: 1Gi}}}
        placement:

      """
    for place in 1...500 { text += "    p\(place): {pricing: {web: {denom: uakt, amount: 1}}}\n" }
    text += "deployment:\n  web:\n"
    for place in 1...500 { text += "    p\(place): {profile: web, count: 1}\n" }
    #expect(DeploymentFile(text: text).errors.map(\.rule) == [.limitExpansion])
  }
}
