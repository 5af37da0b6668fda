import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// The README's commands do what it says, as they are written, for somebody who types them in its order.
  @Suite(.serialized) struct ReadmeTests {
    @Test func `tenants, providers and validators can follow the README`() async throws {
      let lines = try ReadmeReader.lines().filter { $0.part != ReadmeReader.engineer }
      #expect(lines.count > 28)
      let reader = try await ReadmeReader.withNetwork()
      for line in lines {
        let text = try await reader.follow(line)
        if line.text.contains("gov show 1") { try await expectPassed(line, reader) }
        if line.text.contains("verify vote.json") {
          #expect(text.contains("yes"), "no vote is proven: \(text)")
        }
      }
      for hint in Set(reader.hints) {
        let (status, text) = try await reader.run(hint, seconds: 20)
        #expect(status != 2 && !text.contains("no node to ask"), "`\(hint)` ends with \(status): \(text)")
      }
    }

    private func expectPassed(_ line: ReadmeReader.Line, _ reader: ReadmeReader) async throws {
      var text = ""
      let hasPassed = await Program.until(seconds: 60) {
        text = try await reader.follow(line)
        return text.contains("status    passed")
      }
      #expect(hasPassed, "\(text)")
    }
  }
}

extension RealProcesses {
  /// They compute for minutes, so `Tests/run` runs them by themselves.
  @Suite(.serialized) struct ReadmeMeasurementTests {
    /// It runs 1,300 nodes; without optimisation that takes a quarter of an hour. `HintTests` parses it.
    private static let tooLarge = "supercloud simulate --validators 100"

    @Test func `engineers can follow the README`() async throws {
      let lines = try ReadmeReader.lines()
      let own = lines.filter { $0.part == ReadmeReader.engineer && !$0.text.hasPrefix(Self.tooLarge) }
      #expect(own.count >= 6)
      let reader = try await ReadmeReader.withNetwork("--no-demo")
      for line in lines.prefix(2) + own { try await reader.follow(line) }
    }
  }
}
