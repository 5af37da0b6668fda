import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// What an ordinary user meets: folders and ports that are not its own. `.ci/run` runs these once as such a user.
  @Suite(.serialized) struct OrdinaryUserTests {
    private func refuse(_ result: Program.Result, _ words: String...) {
      #expect(result.status == 1 || result.status == 2, "\(result)")
      #expect(!result.error.contains("Domain="), "\(result.error)")
      for word in words { #expect(result.error.contains(word), "`\(word)` is not in: \(result.error)") }
    }

    @Test func `a home that cannot be made is refused in words by whatever makes one`() async throws {
      for arguments in [
        ["init"], ["keys", "add", "main", "--unprotected"], ["testnet", "up"], ["testnet", "init"],
      ] {
        let result = try await Program.run(arguments + ["--home", "/dev/null/home"])
        refuse(result, "/dev/null", "cannot be", "--home")
      }
    }

    @Test(.enabled(if: geteuid() != 0, "root may listen on every port"))
    func `a port that only root may listen on is told`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let file = URL(filePath: network.home("validator-1")).appending(path: "config.toml")
      let text = try String(contentsOf: file, encoding: .utf8)
      for section in ["[network]", "[api]"] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(lines.firstIndex { $0.hasPrefix(section) })
        let line = try #require(lines[start...].firstIndex { $0.hasPrefix("listen = ") })
        lines[line] = #"listen = "127.0.0.1:80""#
        try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        let started = try await Program.run(["start", "--home", network.home("validator-1")], seconds: 30)
        refuse(started, "127.0.0.1:80", "from 1024 on unless you are root")
      }
    }

    @Test(.enabled(if: geteuid() != 0, "no folder is closed to root"))
    func `a home that is closed to the user is not taken for a missing one`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let home = network.home("validator-1")
      chmod(home, 0)
      defer { chmod(home, 0o700) }
      let started = try await Program.run(["start", "--home", home], seconds: 30)
      refuse(started, "config.toml cannot be read", "belongs to somebody else", "fix")
      for arguments in [["keys", "list"], ["keys", "show", "main"], ["status"], ["testnet", "purge"]] {
        let refused = try await Program.run(arguments + ["--home", home], seconds: 30)
        refuse(refused, "cannot be read", "belongs to somebody else", "fix")
      }
    }
  }
}
