import Glibc
import Testing

@testable import SDL

@Suite(.serialized) struct SpeedTests {
  /// What this thread has computed while `body` ran: other processes do not make a test slower.
  private func computing(_ body: () -> Void) -> Duration {
    func now() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = now()
    body()
    return now() - start
  }

  /// Unoptimised code is many times slower; the figures that count are those of a release build.
  #if DEBUG
    private static let allowance = 5
  #else
    private static let allowance = 1
  #endif

  @Test func `a file of usual size is read in less than a millisecond`() throws {
    let sources = try Corpus.all().map(\.example.source)
    let time = computing { for source in sources { _ = DeploymentFile(source) } }
    print("corpus: \(sources.count) files, \(time / sources.count) each")
    #expect(time / sources.count < .milliseconds(1) * Self.allowance)
  }

  /// Texts near the limits that make some part of the reader work as much as possible.
  private static let shapes: [(name: String, text: String)] = [
    ("unknown sections", lines(40_000) { "k\($0): 1" }),
    ("services without image", "services:\n" + lines(30_000) { "  s\($0): {}" }),
    (
      "references that lead nowhere",
      "version: '2.0'\nservices:\n" + lines(5000) { "  s\($0): {image: a}" } + "deployment:\n"
        + lines(5000) { "  s\($0): {p: {profile: x, count: 1}}" }
    ),
    (
      "one placement for all",
      Sample.text + "deployment:\n  web: &d {dc: {profile: web, count: 1}}\n"
        + lines(11_000) { "  w\($0): *d" }
    ),
    (
      "volumes of one size",
      Sample.text.replacing(
        "        storage:\n          size: 1Gi\n",
        with: "        storage:\n" + lines(15_000) { "        - {name: v\($0), size: 1Gi}" }
      )
    ),
    (
      "unknown GPU models",
      Sample.text.replacing(
        "        storage:",
        with:
          "        gpu:\n          units: 1\n          attributes:\n            vendor:\n              nvidia:\n"
          + lines(25_000) { "                - model: x\($0)" } + "        storage:"
      )
    ),
    ("hosts", Sample.text.replacing("to:", with: "accept: [\(list(40_000) { "a\($0).b" })]\n        to:")),
    (
      "targets",
      Sample.text.replacing(
        "          - global: true\n",
        with: lines(15_000) { _ in "          - global: true" }
      )
    ),
    ("repeated keys", "version: '2.0'\nservices:\n" + lines(45_000) { _ in "  web: {}" }),
    ("digits", "version: '2.0'\nservices: {a: {image: \(String(repeating: "1", count: 1_000_000))}}\n"),
    (
      "a long fraction",
      "version: '2.0'\nservices: {a: {image: 0.\(String(repeating: "0", count: 1_000_000))1}}\n"
    ),
    ("tag directives", lines(800) { "%TAG !a\($0)! x" } + "---\n" + Sample.text),
    ("merges", "a: &a {\(list(1000) { "k\($0): 1" })}\nservices:\n" + lines(40) { "  s\($0): {<<: *a}" }),
    ("an unfinished text", "a: \"" + String(repeating: "x", count: 1_000_000)),
    ("comments", String(repeating: "#\n", count: 500_000)),
    ("brackets", String(repeating: "[{", count: 500_000)),
    ("dashes", String(repeating: "- ", count: 500_000)),
    ("colons", String(repeating: "a: ", count: 300_000)),
    ("question marks", String(repeating: "? ", count: 500_000)),
    ("anchors", "[" + list(90_000) { "&a\($0) b" } + "]"),
  ]

  private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
    (0..<count).map { line($0) + "\n" }.joined()
  }

  private static func list(_ count: Int, _ item: (Int) -> String) -> String {
    (0..<count).map(item).joined(separator: ", ")
  }

  @Test func `no text within the limits takes long`() {
    for (name, text) in Self.shapes {
      let bytes = Array(text.utf8)
      var file: DeploymentFile?
      let time = computing { file = DeploymentFile(bytes) }
      print("\(name): \(bytes.count / 1024) KiB, \(time), \(file?.errors.first?.rule.rawValue ?? "accepted")")
      #expect(time < .seconds(2) * Self.allowance, "\(name)")
    }
  }
}
