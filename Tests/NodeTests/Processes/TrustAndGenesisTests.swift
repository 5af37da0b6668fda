import API
import Foundation
import Testing

extension RealProcesses {
  /// What a start is told and must not pass over: a trusted header, and when the chain begins.
  @Suite(.serialized) struct TrustAndGenesisTests {
    @Test func `a trusted header is compared with the blocks that are there, and with those that come`()
      async throws
    {
      let network = try await LocalNetwork(validators: 1)
      let name = network.validators[0]
      let home = network.home(name)
      try network.start([name])
      try await network.expect([name], at: 5)
      let right = try await network.block(name, 3).identifier
      #expect(try await network.stop(name) == 0)
      let wrong = String(repeating: "ab", count: 32)

      let refused = try await Program.run(["start", "--home", home, "--trust", "3:\(wrong)"], seconds: 30)
      #expect(refused.status == 1 && refused.error.contains("--trust names 3:\(wrong)"), "\(refused.error)")
      #expect(refused.error.contains(right), "\(refused.error)")
      try network.start([name], arguments: ["--trust", "3:\(right)"])
      try await network.expect([name], at: 7)
      #expect(network.log(name).contains("has the trusted header"))
      let height = try await network.height(name)
      #expect(try await network.stop(name) == 0)

      let later = try await Program.run(
        ["start", "--home", home, "--trust", "\(height + 4):\(wrong)"],
        seconds: 60
      )
      #expect(
        later.status == 1 && later.error.contains("--trust names \(height + 4):\(wrong)"),
        "\(later.error)"
      )
      #expect(!later.error.contains("could not be written to disk"), "\(later.error)")
    }

    @Test func `a chain begins at its genesis time, and not before`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let name = network.validators[0]
      let begin = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.up) + 20)
      let text = begin.ISO8601Format()
      for folder in [network.folder.path, network.home(name)] {
        let file = URL(filePath: folder).appending(path: "network/genesis.json")
        var genesis = try #require(
          try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        )
        genesis["genesis_time"] = text
        try JSONSerialization.data(withJSONObject: genesis).write(to: file)
      }
      try network.start([name])
      try await network.expect("the node says that it waits") {
        network.log(name).contains("this node waits until then")
      }
      let waiting = try await network.status(name)
      #expect(waiting.height == 0 && waiting.problems.contains { $0.contains("the chain begins at") })
      #expect(Date() < begin)
      try await network.expect([name], at: 2)
      #expect(Date() >= begin)
      let first = try await network.block(name, 1)
      let hasFraction = first.time.contains(".")
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
      let time = try Date(first.time, strategy: style)
      #expect(time >= begin && time < begin.addingTimeInterval(20), "\(first.time)")
    }
  }
}
