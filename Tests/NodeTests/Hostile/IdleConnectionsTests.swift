import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// HTTP connections that say nothing, as many as there are files for.
  @Suite(.serialized) struct IdleConnectionsTests {
    @Test func `1,100 idle connections do not end a node that may open 1,024 files`() async throws {
      try raiseOwnLimit(to: 2_048)
      let network = try await LocalNetwork(validators: 1)
      let name = try #require(network.names.first)
      let member = try #require(network.plan.members.first)
      try network.start([name], openFiles: (soft: 1_024, hard: 1_024))
      try await network.expect([name], at: 2)
      let before = try await network.height(name)
      // Each from an address of its own, so that only the limit on all of them holds.
      var sockets = RawSockets(port: UInt16(member.apiPort), seed: 1)
      let idle = (0..<1_100).compactMap { _ in sockets.connect() }
      #expect(idle.count > 1_000)
      let process = try #require(try runtimeProcess(network, name))
      try await network.expect("the connections beyond a quarter of the files are closed", seconds: 20) {
        openFiles(of: process) < 500
      }
      #expect(openFiles(of: process) > 256, "the others are kept")
      for descriptor in idle { close(descriptor) }
      try await network.expect([name], at: before + 2)
      #expect(network.isRunning(name))
      #expect(try await network.stop(name) == 0)
      #expect(!network.log(name).contains("the disk refused"))
    }

    @Test func `a node raises its limit of open files to what the operator allows`() async throws {
      let network = try await LocalNetwork(validators: 1)
      let name = try #require(network.names.first)
      try network.start([name], openFiles: (soft: 512, hard: 3_000))
      try await network.expect([name], at: 1)
      let process = try #require(try runtimeProcess(network, name))
      let text = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Max open files") })
      #expect(line.split(separator: " ").compactMap { Int($0) } == [3_000, 3_000])
    }

    private func runtimeProcess(_ network: LocalNetwork, _ name: String) throws -> Int32? {
      struct Runtime: Decodable { var process: Int32 }
      let file = URL(filePath: network.home(name)).appending(path: "runtime.json")
      return try JSONDecoder().decode(Runtime.self, from: Data(contentsOf: file)).process
    }

    private func openFiles(of process: Int32) -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
    }

    /// The test holds the other end of every connection.
    private func raiseOwnLimit(to wanted: rlim_t) throws {
      let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var limit = rlimit()
      try #require(getrlimit(kind, &limit) == 0)
      guard limit.rlim_cur < wanted else { return }
      var raised = rlimit(rlim_cur: wanted, rlim_max: max(limit.rlim_max, wanted))
      try #require(setrlimit(kind, &raised) == 0, "this test needs 2,048 open files: raise the hard limit")
    }
  }
}
