import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// `supercloud testnet up` as a person at a terminal uses it.
  @Suite(.serialized) struct TestnetCommandTests {
    @Test func `ctrl-C leaves no process, a second run resumes, a killed node is started again`() async throws
    {
      let folder = FileManager.default.temporaryDirectory.appending(path: "testnet-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      let first = try TestnetRun(
        folder,
        ["--no-demo", "--validators", "2", "--providers", "1", "--tick", "500"]
      )
      try await first.expect("runs until Ctrl-C")
      #expect(TestnetRun.processes(of: folder).count >= 5)
      let chain = try await TestnetRun.status(folder, "tenant")
      #expect(chain.tickMilliseconds == 500)
      try await first.interrupt()
      #expect(first.process.terminationStatus == 0)
      #expect(TestnetRun.processes(of: folder).isEmpty)

      let startedAt = ContinuousClock.now
      let second = try TestnetRun(folder, ["--no-demo"])
      try await second.expect("runs until Ctrl-C")
      let resumed = try await TestnetRun.status(folder, "tenant")
      #expect(resumed.genesis == chain.genesis && resumed.height >= chain.height)

      // A node of a young testnet that dies is an error; later it is started again.
      let runtime = folder.appending(path: "validator-2/runtime.json")
      let isOld = await Program.until(seconds: 60) { ContinuousClock.now > startedAt + .seconds(12) }
      #expect(isOld)
      let text = try String(contentsOf: runtime, encoding: .utf8)
      let identifier = try #require(text.firstMatch(of: /"process" ?: ?(\d+)/)).1
      kill(try #require(Int32(identifier)), SIGKILL)
      try await second.expect("it is started again")
      let height = try await TestnetRun.status(folder, "tenant").height
      let goesOn = await Program.until(seconds: 60) {
        try await TestnetRun.status(folder, "validator-2").height > height
      }
      #expect(goesOn, "\(second.text)")
      try await second.interrupt()
      #expect(TestnetRun.processes(of: folder).isEmpty)
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
