import API
import Foundation
import Glibc
import Testing

extension RealProcesses {
  /// What `supercloud testnet up` leases, and on which ports it runs.
  @Suite(.serialized) struct TestnetDemoTests {
    private let folder = TestnetRun.newFolder()

    private func remove() { try? FileManager.default.removeItem(at: folder) }

    private func deployments() async throws -> [Answer.Deployment] {
      let page: Answer.Page<Answer.Deployment> =
        try await TestnetRun.client(folder, "tenant").get("/v1/deployments")
      return page.items
    }

    @Test func `without a provider the demo says so, and the network runs`() async throws {
      defer { remove() }
      let run = try TestnetRun(folder, ["--validators", "1", "--providers", "0"])
      try await run.expect("runs until Ctrl-C")
      #expect(run.text.contains("the network has no provider"), "\(run.text)")
      try await run.interrupt()
      #expect(run.process.terminationStatus == 0)
    }

    @Test func `where no provider may bid the network runs, and the demo says why and what to do`()
      async throws
    {
      defer { remove() }
      let shape = ["--validators", "1", "--providers", "1"]
      let made = try await Program.run(["testnet", "init", "--home", folder.path] + shape)
      #expect(made.status == 0, "\(made.error)")
      // As an earlier version made it, and with the name of a file that each control group has, so that no group
      // can be made below it, as root neither.
      let group = "cgroup.procs"
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        let genesis = folder.appending(path: "\(name)/network/genesis.json")
        if let text = try? String(contentsOf: genesis, encoding: .utf8) {
          let other = text.replacing(/"local" ?: ?true/, with: #""local" : false"#)
          try other.write(to: genesis, atomically: true, encoding: .utf8)
        }
        let settings = folder.appending(path: "\(name)/provider.toml")
        if let text = try? String(contentsOf: settings, encoding: .utf8) {
          let other = text.replacing(/control_group = ["'][^"']*["']/, with: "control_group = \"\(group)\"")
          try other.write(to: settings, atomically: true, encoding: .utf8)
        }
      }
      let run = try TestnetRun(folder, [])
      try await run.expect("runs until Ctrl-C")
      for words in ["does not lease anything new", "says `local`", "testnet up --reset --home"] {
        #expect(run.text.contains(words), "\(run.text)")
      }
      #expect(try await deployments().isEmpty)
      try await run.interrupt()
    }

    @Test(arguments: [("1", ["h100", "h100"]), ("2", ["h100", "a100"])])
    func `the demo leases what the providers have`(providers: String, models: [String]) async throws {
      defer { remove() }
      let run = try TestnetRun(folder, ["--validators", "1", "--providers", providers, "--tick", "500"])
      try await run.expect("runs until Ctrl-C")
      let found = try await deployments().sorted { $0.dseq < $1.dseq }
      #expect(found.map(\.denomination) == ["uakt", "uusdc"], "\(run.text)")
      #expect(found.allSatisfy { $0.leases.count == 1 })
      for model in Set(models) {
        #expect(run.text.contains("# a GPU \(model), paid in"), "\(run.text)")
      }
      try await run.interrupt()
    }

    @Test func `a resumed network shows its leases and deploys nothing, and says when they are closed`()
      async throws
    {
      defer { remove() }
      let first = try TestnetRun(folder, ["--validators", "1", "--providers", "1", "--tick", "500"])
      try await first.expect("runs until Ctrl-C")
      let numbers = try await deployments().map(\.dseq).sorted()
      #expect(numbers.count == 2, "\(first.text)")
      try await first.interrupt()
      let second = try TestnetRun(folder, [])
      try await second.expect("runs until Ctrl-C")
      for number in numbers {
        #expect(second.text.contains("deployment \(number), paid in"), "\(second.text)")
      }
      #expect(second.text.contains("Settlement at tick"))
      #expect(try await deployments().map(\.dseq).sorted() == numbers)
      let home = folder.appending(path: "tenant").path
      let closed = try await Program.run(["deployment", "close", "\(numbers[0])", "--home", home])
      #expect(closed.status == 0, "\(closed.error)")
      try await second.interrupt()
      let third = try TestnetRun(folder, [])
      try await third.expect("runs until Ctrl-C")
      #expect(third.text.contains("deployment \(numbers[0]), paid in uakt, is closed"), "\(third.text)")
      #expect(try await deployments().map(\.dseq).sorted() == numbers)
      try await third.interrupt()
    }

    @Test func `a network starts when others have taken its ports`() async throws {
      defer { remove() }
      let made = try await Program.run([
        "testnet", "init", "--home", folder.path, "--validators", "2", "--providers", "0",
      ])
      #expect(made.status == 0, "\(made.error)")
      let before = try TestnetRun.plan(folder).members
      var taken: [Int32] = []
      defer { for descriptor in taken { close(descriptor) } }
      for (port, kind) in [
        (before[0].peerPort, SOCK_STREAM), (before[1].peerPort, SOCK_DGRAM), (before[0].apiPort, SOCK_STREAM),
        (before[2].apiPort, SOCK_STREAM),
      ] { taken.append(try listen(port, kind)) }
      let run = try TestnetRun(folder, ["--no-demo"])
      try await run.expect("runs until Ctrl-C")
      let after = try TestnetRun.plan(folder).members
      #expect(after[0].peerPort != before[0].peerPort && after[0].apiPort != before[0].apiPort)
      #expect(after[1].peerPort != before[1].peerPort && after[1].apiPort == before[1].apiPort)
      #expect(run.text.contains("127.0.0.1:\(after[0].peerPort)"))
      #expect(try await TestnetRun.status(folder, "tenant").height > 0)
      try await run.interrupt()
      // The next run asks for the same ports.
      let second = try TestnetRun(folder, ["--no-demo"])
      try await second.expect("runs until Ctrl-C")
      #expect(try TestnetRun.plan(folder).members.map(\.peerPort) == after.map(\.peerPort))
      try await second.interrupt()
    }

    private func listen(_ port: Int, _ kind: __socket_type) throws -> Int32 {
      let descriptor = socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
      guard bound, kind == SOCK_DGRAM || Glibc.listen(descriptor, 1) == 0 else {
        throw TestFailure("port \(port) cannot be taken")
      }
      return descriptor
    }
  }
}
