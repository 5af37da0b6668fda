import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// A network's folder: half made, in use, or of somebody else.
  @Suite(.serialized) struct TestnetFolderTests {
    private let folder = TestnetRun.newFolder()
    private static let small = ["--validators", "1", "--providers", "0"]

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    private func exists(_ name: String = "") -> Bool {
      FileManager.default.fileExists(atPath: folder.appending(path: name).path)
    }

    private func make() async throws -> Program.Result {
      try await Program.run(["testnet", "init", "--home", folder.path] + Self.small)
    }

    // MARK: Making it

    @Test func `the program alone in an empty folder makes homes and runs a network`() async throws {
      defer { remove() }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let program = folder.appending(path: "supercloud")
      try FileManager.default.copyItem(at: Program.url, to: program)
      for network in ["local", "mainnet-6"] {
        let process = Process()
        process.executableURL = program
        process.currentDirectoryURL = folder
        process.environment = ["HOME": folder.path]
        process.arguments = ["init", "--network", network, "--home", network]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(exists("\(network)/network/genesis.json"))
      }
      let run = try TestnetRun(
        folder.appending(path: "net"),
        Self.small + ["--no-demo"],
        program: program
      )
      try await run.expect("runs until Ctrl-C")
      try await run.interrupt()
      #expect(run.process.terminationStatus == 0)
    }

    @Test func `what an interrupted command has left is removed by the next`() async throws {
      defer { remove() }
      // Killed at some moment after it has begun to write.
      let first = Program.process(["testnet", "init", "--home", folder.path, "--validators", "50"])
      first.standardOutput = FileHandle.nullDevice
      try first.run()
      let begun = await Program.until(seconds: 30) { self.exists("validator-1") || !first.isRunning }
      kill(first.processIdentifier, SIGKILL)
      first.waitUntilExit()
      #expect(begun)
      let second = try await Program.run(["testnet", "init", "--home", folder.path])
      #expect(second.status == 0 || second.error.contains("50 validators"), "\(second.error)")

      // Killed while it was removed: the plan has its other name, and some homes are gone.
      let files = FileManager.default
      if second.status != 0 {
        #expect(try await Program.run(["testnet", "purge", "--home", folder.path]).status == 0)
      } else {
        try files.moveItem(
          at: folder.appending(path: "testnet.json"),
          to: folder.appending(path: "testnet.incomplete.json")
        )
        try files.removeItem(at: folder.appending(path: "validator-2"))
      }
      let third = try await make()
      #expect(third.status == 0, "\(third.error)")
      #expect(!exists("validator-3") && exists("validator-1/config.toml") && exists("testnet.json"))
      #expect(!exists("testnet.incomplete.json"))
    }

    @Test func `a network that cannot be made leaves nothing`() async throws {
      defer { remove() }
      let shell = Process()
      shell.executableURL = URL(filePath: "/bin/bash")
      // No file may grow beyond 1 KiB, as on a disk that is full after the first ones.
      let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" testnet init --home \"$1\""
      shell.arguments = ["-c", script, Program.url.path, folder.path]
      let errors = Pipe()
      shell.standardError = errors
      shell.standardOutput = FileHandle.nullDevice
      try shell.run()
      let text = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 1)
      #expect(text.contains(folder.path) && text.contains("fix"), "\(text)")
      #expect(!exists())
      #expect(try await make().status == 0)
    }

    @Test func `a home is not made from a definition that no node can use`() async throws {
      defer { remove() }
      let definition = folder.appending(path: "definition")
      try FileManager.default.createDirectory(at: definition, withIntermediateDirectories: true)
      try "{}".write(to: definition.appending(path: "genesis.json"), atomically: true, encoding: .utf8)
      for parameters in [nil, ""] {
        try parameters?.write(
          to: definition.appending(path: "parameters.toml"),
          atomically: true,
          encoding: .utf8
        )
        let home = folder.appending(path: "home").path
        let refused = try await Program.run(["init", "--network", definition.path, "--home", home])
        #expect(refused.status == 1 && !exists("home"), "\(refused.error)")
      }
    }

    // MARK: Removing it

    @Test func `a running network is not removed, reset, made or started again, and --force stops it first`()
      async throws
    {
      defer { remove() }
      let run = try TestnetRun(folder, Self.small + ["--no-demo"])
      try await run.expect("runs until Ctrl-C")
      let process = "process \(run.process.processIdentifier) "
      for command in [["purge"], ["up", "--reset"], ["up", "--no-demo"], ["init"]] {
        let refused = try await Program.run(["testnet"] + command + ["--home", folder.path])
        #expect(refused.status == 1, "\(command)")
        #expect(refused.error.contains(process), "\(refused.error)")
        #expect(refused.error.contains("--force") == (command != ["init"]), "\(refused.error)")
      }
      #expect(run.process.isRunning)
      let height = try await TestnetRun.status(folder, "tenant").height
      #expect(
        await Program.until(seconds: 30) { try await TestnetRun.status(folder, "tenant").height > height }
      )

      let again = try TestnetRun(folder, Self.small + ["--no-demo", "--reset", "--force"])
      try await run.expectEnd()
      try await again.expect("runs until Ctrl-C")
      // Whoever was killed, so that it could not stop its nodes, has them stopped too.
      kill(again.process.processIdentifier, SIGKILL)
      try await again.expectEnd()
      let purged = try await Program.run(["testnet", "purge", "--force", "--home", folder.path])
      #expect(purged.status == 0, "\(purged.error)")
      #expect(!exists() && TestnetRun.processes(of: folder).isEmpty)
    }

    @Test func `nodes that were started one by one keep their folder, too`() async throws {
      let network = try await LocalNetwork(validators: 1)
      try network.start(["validator-1"])
      try await network.expect(["validator-1"], at: 1)
      let home = network.folder.path
      let refused = try await Program.run(["testnet", "purge", "--home", home])
      #expect(refused.status == 1)
      #expect(refused.error.contains("validator-1") && refused.error.contains("uses it"), "\(refused.error)")
      #expect(network.isRunning("validator-1"))
      let purged = try await Program.run(["testnet", "purge", "--force", "--home", home])
      #expect(purged.status == 0, "\(purged.error)")
      #expect(!network.isRunning("validator-1") && !FileManager.default.fileExists(atPath: home))
    }

    @Test func `files of the user in the folder stay when the network is removed or made anew`() async throws
    {
      defer { remove() }
      #expect(try await make().status == 0)
      let file = folder.appending(path: "thesis.txt")
      try "years of work".write(to: file, atomically: true, encoding: .utf8)
      let run = try TestnetRun(folder, Self.small + ["--no-demo", "--reset"])
      try await run.expect("runs until Ctrl-C")
      try await run.interrupt()
      #expect(exists("thesis.txt"))
      let purged = try await Program.run(["testnet", "purge", "--home", folder.path])
      #expect(purged.status == 0 && purged.error.contains("thesis.txt"), "\(purged.error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["thesis.txt"])
    }

    @Test func `a plan that cannot be read is named, and nothing is removed`() async throws {
      defer { remove() }
      #expect(try await make().status == 0)
      let plan = folder.appending(path: "testnet.json")
      try "{".write(to: plan, atomically: true, encoding: .utf8)
      for command in [["purge"], ["up", "--reset", "--no-demo"], ["init"]] {
        let refused = try await Program.run(["testnet"] + command + ["--home", folder.path])
        #expect(refused.status == 1 && refused.error.contains("testnet.json"), "\(refused.error)")
      }
      #expect(exists("validator-1/config.toml"))
    }
  }
}
