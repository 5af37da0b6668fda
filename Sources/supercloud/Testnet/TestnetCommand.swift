import API
import ArgumentParser
import Foundation
import Node
import Testnet

struct TestnetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "testnet",
    abstract: "A whole network on this machine.",
    subcommands: [Up.self, Init.self, Purge.self],
    defaultSubcommand: Up.self
  )

  struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Start validators, providers and a tenant, each its own process, and lease GPUs.",
      discussion: """
        A second run resumes the network of its folder with its leases; --reset starts anew. Ctrl-C stops every process.
        Several networks run side by side with different --home folders.
        """
    )

    @OptionGroup var network: TestnetOptions
    @Flag(help: "Forget the folder's network and start anew.") var reset = false
    @Flag(help: "Stop the processes of this folder first, if it is in use.") var force = false
    @Flag(help: "Start the nodes and deploy nothing.") var noDemo = false
    @Flag(help: "Run the whole journey in a folder of its own, assert its numbers, stop; exit 0 or 1.")
    var check = false
    @Option(
      help: """
        For tests: milliseconds by which the nodes' clocks are fast, in their order, such as 0,200,-200; the rest are right.
        """
    )
    var clockOffsets: String?

    func run() async throws {
      let offsets = try clockOffsets.map { text in
        try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
          guard let offset = Int64(part) else {
            throw Failure.usage("`\(part)` is not a number of milliseconds", fix: "such as 0,200,-200")
          }
          return offset
        }
      }
      let folder =
        check
        ? FileManager.default.temporaryDirectory.appending(
          path: "supercloud-check-\(UUID().uuidString.prefix(8))"
        )
        : URL(filePath: network.folder.home).standardizedFileURL
      let testnet = try await LocalTestnet.prepare(
        folder: folder,
        shape: network.shape,
        reset: reset,
        force: force,
        ports: .bound
      )
      let output = TestnetOutput(testnet: testnet)
      // A network whose terminal has closed still stops its processes.
      Console.needsReader = false
      try await testnet.run(
        demo: !noDemo,
        check: check,
        clockOffsets: offsets ?? [],
        statusInterval: Console.isTerminal ? .milliseconds(500) : .seconds(10)
      ) { output.show($0) }
    }
  }

  struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a network's homes and start nothing.",
      discussion: "Each node then starts by itself: `supercloud start --home FOLDER/validator-1`"
    )

    @OptionGroup var network: TestnetOptions
    @OptionGroup var output: OutputOption

    private struct Node: Encodable {
      var name: String
      var role: String
      var home: String
      /// Starts the node.
      var command: String
    }

    func run() async throws {
      let folder = URL(filePath: network.folder.home).standardizedFileURL
      let testnet = try await LocalTestnet.prepare(folder: folder, shape: network.shape, ports: .chosen)
      let nodes = testnet.plan.members.map { member in
        let home = testnet.homes.home(member).folder.path
        let command = "supercloud start --home \(CommandText.quoted(home))"
        return Node(name: member.name, role: member.role, home: home, command: command)
      }
      try output.show(nodes, nodes.map(\.command))
    }
  }

  struct Purge: AsyncParsableCommand {
    static let configuration = about(
      "Remove a network with its keys and data, and its folder unless something else is in it."
    )

    @Flag(help: "Stop the processes of this folder first, if it is in use.") var force = false
    @OptionGroup var folder: TestnetFolder
    @OptionGroup var output: OutputOption

    func run() async throws {
      let url = URL(filePath: folder.home).standardizedFileURL
      let others = try await LocalTestnet.remove(folder: url, force: force)
      if !others.isEmpty {
        Console.note("\(url.path) stays, since it holds files of others: \(others.joined(separator: ", "))")
      }
      try output.show(["removed": folder.home])
    }
  }
}

/// The folder of a local network.
struct TestnetFolder: ParsableArguments {
  @Option(help: "The network's folder.", completion: .directory)
  var home = UserFolder.path(".supercloud/testnet")
}

/// The options for a local network's shape. Its folder stores them.
struct TestnetOptions: ParsableArguments {
  @Option(help: "How many validators, 1 to 50. Default: 4.") var validators: Int?
  @Option(help: "How many providers, 0 to 50. Default: 3.") var providers: Int?
  @Option(help: "Milliseconds of a tick, by which money moves. Default: 1000.") var tick: UInt64?
  @OptionGroup var folder: TestnetFolder

  var shape: TestnetShape {
    TestnetShape(validators: validators, providers: providers, tickMilliseconds: tick)
  }

  func validate() throws {
    guard (1...50).contains(validators ?? 4) else { throw ValidationError("--validators must be 1 to 50") }
    guard (0...50).contains(providers ?? 3) else { throw ValidationError("--providers must be 0 to 50") }
    guard (100...3_600_000).contains(tick ?? 1_000) else {
      throw ValidationError("--tick must be 100 to 3600000")
    }
  }
}
