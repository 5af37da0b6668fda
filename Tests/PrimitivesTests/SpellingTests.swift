import Primitives
import Testing

@Suite struct SpellingTests {
  private static let names = ["maximum_leases", "maximum_leases_per_tenant", "bid_lifetime_seconds", "ports"]

  @Test(arguments: [
    ("maximum_leeses", "maximum_leases"), ("maximumLeases", "maximum_leases"),
    ("MAXIMUM-LEASES", "maximum_leases"),
    ("prots", "ports"), ("port", "ports"), ("bid_lifetime_second", "bid_lifetime_seconds"),
  ])
  func `a name with a slip is recognised`(_ text: String, _ meant: String) {
    #expect(Spelling.nearest(to: text, among: Self.names) == meant)
    #expect(Spelling.remedy(for: text, among: Self.names) == "did you mean `\(meant)`?")
  }

  @Test(arguments: ["", "stop", "gpu", String(repeating: "maximum_leases", count: 4)])
  func `what is near to no name is not guessed; the names are listed`(_ text: String) {
    #expect(Spelling.nearest(to: text, among: Self.names) == nil)
    #expect(Spelling.remedy(for: text, among: Self.names).hasSuffix(Self.names.joined(separator: ", ")))
  }

  @Test func `a swap of neighbours is one slip, two letters are two`() {
    #expect(Spelling.nearest(to: "ab", among: ["ba"]) == "ba")
    #expect(Spelling.nearest(to: "abc", among: ["xyc"]) == nil)
  }

  @Test func `the same name may differ in case and separators`() {
    #expect(Spelling.isSame("Keep-Blocks", "keep_blocks") && !Spelling.isSame("keep", "kept"))
  }
}
