import API
import Foundation
import Testing

extension RealProcesses {
  /// Payments of people who are quick, and of people whose chain stands.
  @Suite(.serialized) struct SendingTests {
    @Test func `eight payments at once with one key are eight payments`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(network.names)
      try await network.expect(["validator-1", "tenant"], at: 1)
      let home = network.home("tenant")
      let made = try await Program.run(["keys", "add", "friend", "--unprotected", "--home", home])
      #expect(made.status == 0, "\(made.error)")
      try await withThrowingTaskGroup(of: Program.Result.self) { group in
        for _ in 0..<8 {
          group.addTask { try await Program.run(["account", "send", "friend", "7uakt", "--home", home]) }
        }
        for try await sent in group { #expect(sent.status == 0, "\(sent.error)") }
      }
      let shown = try await Program.run(["account", "show", "friend", "--home", home, "--output", "json"])
      let account = try JSONDecoder().decode(Answer.Account.self, from: Data(shown.output.utf8))
      #expect(account.balances.map { "\($0.amount)\($0.denomination)" } == ["56uakt"])
    }

    @Test func `where no block comes, a command says so in time, and how to look the transaction up`()
      async throws
    {
      let network = try await LocalNetwork(validators: 4)
      try network.start(network.names)
      try await network.expect(network.names, at: 1)
      for name in network.validators.suffix(2) { network.kill(name) }
      let home = network.home("tenant")
      let sent = try await Program.run(["account", "send", "main", "7uakt", "--timeout", "3", "--home", home])
      #expect(sent.status == 1)
      #expect(sent.error.contains("is not in a block yet after 3 s"), "\(sent.error)")
      let look = try #require(sent.error.firstMatch(of: /`supercloud (query transaction [^`]+)`/)).1
      let found = try await Program.run(look.split(separator: " ").map(String.init))
      #expect(found.status == 0 && found.output.contains("waiting"), "\(found.error)")
      let zero = try await Program.run(["account", "show", "--timeout", "0", "--home", home])
      #expect(zero.status == 2 && zero.error.contains("--timeout"), "\(zero.error)")
    }
  }
}
