import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// `supercloud testnet up` as a person at a terminal uses it.
  @Suite(.serialized) struct TestnetCommandTests {
    /// A running `testnet up`, with what it printed.
    private final class Run {
      let process: Process
      private let output: URL

      init(_ folder: URL, _ arguments: [String]) throws {
        output = folder.appendingPathExtension("out-\(UUID().uuidString.prefix(4))")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        process = Program.process(["testnet", "up", "--no-demo", "--home", folder.path] + arguments)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        try process.run()
      }

      deinit {
        if process.isRunning { kill(process.processIdentifier, SIGTERM) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: output)
      }

      var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

      func expect(_ word: String) async throws {
        guard await Program.until(seconds: 90, { self.text.contains(word) }) else {
          throw TestFailure("`\(word)` does not come: \(text)")
        }
      }

      /// Ctrl-C.
      func interrupt() async throws {
        kill(process.processIdentifier, SIGINT)
        guard await Program.until(seconds: 40, { !self.process.isRunning }) else {
          throw TestFailure("it does not stop: \(text)")
        }
      }
    }

    /// Processes that run in `folder`.
    private func processes(of folder: URL) -> [String] {
      let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
      return entries.filter { Int($0) != nil }.compactMap { entry in
        let line = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline") ?? Data()
        let text = String(decoding: line, as: UTF8.self).replacing("\0", with: " ")
        return text.contains(folder.path) ? text : nil
      }
    }

    private func plan(_ folder: URL) throws -> LocalNetwork.Plan {
      let data = try Data(contentsOf: folder.appending(path: "testnet.json"))
      return try JSONDecoder().decode(LocalNetwork.Plan.self, from: data)
    }

    private func status(_ folder: URL, _ name: String) async throws -> Answer.Status {
      let member = try #require(try plan(folder).members.first { $0.name == name })
      return try await NodeClient("127.0.0.1:\(member.apiPort)").get("/v1/status")
    }

    @Test func `ctrl-C leaves no process, a second run resumes, a killed node is started again`() async throws
    {
      let folder = FileManager.default.temporaryDirectory.appending(path: "testnet-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let first = try Run(folder, ["--validators", "2", "--providers", "1", "--tick", "500"])
      try await first.expect("runs until Ctrl-C")
      #expect(processes(of: folder).count >= 5)
      let chain = try await status(folder, "tenant")
      #expect(chain.tickMilliseconds == 500)
      try await first.interrupt()
      #expect(first.process.terminationStatus == 0)
      #expect(processes(of: folder).isEmpty)

      let startedAt = ContinuousClock.now
      let second = try Run(folder, [])
      try await second.expect("runs until Ctrl-C")
      let resumed = try await status(folder, "tenant")
      #expect(resumed.genesis == chain.genesis && resumed.height >= chain.height)

      // A node of a young testnet that dies is an error; later it is started again.
      let runtime = folder.appending(path: "validator-2/runtime.json")
      let isOld = await Program.until(seconds: 60) { ContinuousClock.now > startedAt + .seconds(12) }
      #expect(isOld)
      let text = try String(contentsOf: runtime, encoding: .utf8)
      let identifier = try #require(text.firstMatch(of: /"process" ?: ?(\d+)/)).1
      kill(try #require(Int32(identifier)), SIGKILL)
      try await second.expect("it is started again")
      let height = try await status(folder, "tenant").height
      let goesOn = await Program.until(seconds: 60) {
        try await self.status(folder, "validator-2").height > height
      }
      #expect(goesOn, "\(second.text)")
      try await second.interrupt()
      #expect(processes(of: folder).isEmpty)
    }

    @Test func `a folder that holds something else is never removed`() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "precious-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let file = folder.appending(path: "thesis.txt")
      try "years of work".write(to: file, atomically: true, encoding: .utf8)
      let refused = try await Program.run(["testnet", "up", "--reset", "--home", folder.path])
      #expect(refused.status == 1)
      #expect(refused.error.contains("is not a testnet's folder"))
      #expect(FileManager.default.fileExists(atPath: file.path))
    }

    @Test func `output that nobody reads is no crash`() async throws {
      let shell = Process()
      shell.executableURL = URL(filePath: "/bin/sh")
      let file = Program.repository.appending(path: "Testnet/hello.yaml").path
      shell.arguments = ["-c", "'\(Program.url.path)' sdl explain '\(file)' | :"]
      let errors = Pipe()
      shell.standardError = errors
      try shell.run()
      let text = try errors.fileHandleForReading.readToEnd() ?? Data()
      shell.waitUntilExit()
      #expect(text.isEmpty, "\(String(decoding: text, as: UTF8.self))")
    }

    @Test func `another shape than the folder's is refused, with what to do`() async throws {
      let network = try await LocalNetwork(validators: 2)
      let refused = try await Program.run([
        "testnet", "up", "--home", network.folder.path, "--validators", "4",
      ])
      #expect(refused.status == 1)
      #expect(refused.error.contains("2 validators") && refused.error.contains("--reset"))
    }
  }
}
