import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// What signals do to a node and to a testnet.
  @Suite(.serialized) struct SignalTests {
    @Test func `a node ignores signals that mean nothing to it, and says so`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      let runtime = network.folder.appending(path: "validator-1/runtime.json")
      let text = try String(contentsOf: runtime, encoding: .utf8)
      let process = try #require(text.firstMatch(of: /"process" ?: ?(\d+)/).flatMap { Int32($0.1) })
      for (signal, name) in [
        (SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1"), (SIGUSR2, "SIGUSR2"), (SIGALRM, "SIGALRM"),
      ] {
        kill(process, signal)
        try await network.expect("\(name) is told", seconds: 20) { network.log("validator-1").contains(name) }
      }
      for signal in [SIGPIPE, SIGXFSZ] { kill(process, signal) }
      let height = try await network.height("validator-1")
      try await network.expect(["validator-1"], at: height + 2)
      #expect(network.log("validator-1").contains("a signal is ignored"))
      #expect(try await network.stop("validator-1") == 0)
    }

    @Test func `a closed terminal stops a testnet in order, and other signals do not end it`() async throws {
      let folder = TestnetRun.newFolder()
      defer { try? FileManager.default.removeItem(at: folder) }
      let run = try TestnetRun(folder, ["--no-demo", "--validators", "1", "--providers", "0"])
      try await run.expect("runs until Ctrl-C")
      kill(run.process.processIdentifier, SIGUSR1)
      try await run.expect("SIGUSR1 is ignored")
      kill(run.process.processIdentifier, SIGHUP)
      try await run.expectEnd()
      #expect(run.process.terminationReason == .exit && run.process.terminationStatus == 0)
      #expect(TestnetRun.processes(of: folder).isEmpty)
    }

    @Test func `under nohup a testnet goes on when the terminal closes`() async throws {
      let folder = TestnetRun.newFolder()
      defer { try? FileManager.default.removeItem(at: folder) }
      let script = folder.appendingPathExtension("nohup")
      defer { try? FileManager.default.removeItem(at: script) }
      let text = "#!/bin/sh\ntrap '' HUP\nexec '\(Program.url.path)' \"$@\"\n"
      let access: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
      #expect(
        FileManager.default.createFile(atPath: script.path, contents: Data(text.utf8), attributes: access)
      )
      let arguments = ["--no-demo", "--validators", "1", "--providers", "0"]
      let run = try TestnetRun(folder, arguments, program: script)
      try await run.expect("runs until Ctrl-C")
      kill(run.process.processIdentifier, SIGHUP)
      let height = try await TestnetRun.status(folder, "tenant").height
      let goesOn = await Program.until(seconds: 30) {
        try await TestnetRun.status(folder, "tenant").height > height + 1
      }
      #expect(goesOn && run.process.isRunning, "\(run.text)")
      try await run.interrupt()
    }
  }
}
