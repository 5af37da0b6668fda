import Primitives
import Testing

@testable import SDL

@Suite struct ExplanationTests {
  private func explain(_ text: String, tick: UInt64 = 6) throws -> String {
    Explanation(try #require(DeploymentFile(text: text).deployment), tickSeconds: tick).text
  }

  @Test func `a deployment is told in plain words`() throws {
    let expected = """
      1 service in 1 replica at 1 placement, by the rules of version 2.0

      At the placement "dc": one provider runs all of this
        web: nginx, 1 replica, each with
          compute   1 core, 512 MiB of memory
          storage   1 GiB, lost when the container ends
          reached   by everybody over HTTP and HTTPS, leading to TCP port 80
          price     at most 0.001 AKT (1000 uakt) for each replica and tick of 6 s

      The most it can cost, before bids lower it
        per hour              0.6 AKT (600000 uakt)
        per day               14.4 AKT (14400000 uakt)
        per month (30 days)   432 AKT (432000000 uakt)

      """
    #expect(try explain(Sample.text) == expected)
  }

  @Test(arguments: [
    ("nvidia: ", "2 GPUs: any NVIDIA model, with any memory and interface"),
    ("amd: ", "2 GPUs: any NVIDIA model, with any memory and interface"),
    (
      "nvidia: [{model: h100, ram: 80Gi, interface: sxm}, {model: a100}]",
      "2 GPUs: one of NVIDIA a100 with any memory and any interface; "
        + "NVIDIA h100 with 80 GiB of its own memory and the interface sxm"
    ),
  ])
  func `GPU models are spelled out, wildcards too`(_ vendor: String, _ words: String) throws {
    let gpu = "gpu: {units: 2, attributes: {vendor: {\(vendor)}}}\n        storage:"
    let text = try explain(try Sample.replacing("storage:", with: gpu))
    #expect(text.contains(words), "\(text)")
  }

  @Test func `it says who may reach what`() throws {
    let more = """
                - global: true
                - service: db
            - port: 5432
            - port: 53
              proto: udp
              to: [{global: true}]
      """
    let text = try explain(try Sample.replacing("          - global: true", with: more))
    #expect(text.contains("by everybody over HTTP and HTTPS, leading to TCP port 80"), "\(text)")
    #expect(text.contains("by the service db on TCP port 80"))
    #expect(text.contains("by every service of this deployment on TCP port 5432"))
    #expect(text.contains("by everybody on a port that the provider chooses, leading to UDP port 53"))
  }

  @Test func `costs follow the network's tick and are rounded up`() throws {
    let text = try explain(try Sample.replacing("amount: 1000", with: "amount: 0.1"), tick: 7)
    // 3600 / 7 ticks of 0.1.
    #expect(text.contains("per hour              0.000052 AKT (51.428572 uakt)"), "\(text)")
  }

  @Test func `a denomination without a known main unit is shown as it is`() throws {
    let text = try explain(try Sample.replacing("denom: uakt", with: "denom: umystery"))
    #expect(text.contains("per hour              600000 umystery\n"), "\(text)")
  }

  @Test func `quantities read as people say them`() {
    #expect(Explanation.cores(500) == "0.5 cores")
    #expect(Explanation.cores(1000) == "1 core")
    #expect(Explanation.cores(2009) == "2.009 cores")
    #expect(Explanation.size(1_181_116_006) == "about 1.09 GiB")
    #expect(Explanation.size(1 << 40) == "1 TiB")
    #expect(Explanation.size(512) == "512 bytes")
  }

  @Test func `every accepted file can be explained`() throws {
    for (_, file) in try Corpus.all() {
      guard let deployment = file.deployment else { continue }
      let explanation = Explanation(deployment)
      #expect(explanation.text.hasSuffix("\n"))
      #expect(explanation.json.first == UInt8(ascii: "{"))
    }
  }
}
