import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct InitCommand: AsyncParsableCommand {
  static let configuration = about(
    "Create a node's home folder: configuration, network definition and keys.",
    named: "init"
  )

  @Option(
    help:
      "A network's name (\(DefinitionSource.names.joined(separator: " or "))), or the folder of its definition.",
    completion: .directory
  )
  var network = "local"
  @Option(help: "validator, provider, tenant, full or seed") var role = "full"
  @Option(help: "The name that others see.") var moniker = "node"
  @Option(help: "host:port for peers, TCP and UDP.") var listen = "0.0.0.0:26656"
  @Option(help: "Where others dial this node, host:tcpPort/udpPort; up to three times.")
  var advertise: [String] = []
  @Option(help: "host:port for HTTP.") var api = "127.0.0.1:26657"
  @OptionGroup var home: HomeOption
  @OptionGroup var output: OutputOption

  private struct Report: Encodable {
    var home: String
    var role: String
    var nodeKey: String
    /// Nil for all but validators.
    var consensusKey: String?
    var genesisDigest: String
  }

  func run() async throws {
    guard let role = NodeRecord.Role.allCases.first(where: { $0.name == role }) else {
      let roles = NodeRecord.Role.allCases.map(\.name).joined(separator: ", ")
      throw Failure.usage("`\(role)` is not a role", fix: roles)
    }
    let home = home.value
    guard !home.exists else {
      throw Failure(
        "\(home.folder.path) is a node's home already",
        why: "an existing home is not overwritten",
        fix: "name another folder with --home"
      )
    }
    let definition = try DefinitionSource.locate(network)
    // Read before anything is written: a home with a definition that no node can use would have to be removed.
    let digest = try NetworkDefinition(definition).genesis.digest
    var configuration = NodeConfiguration(moniker: moniker, role: role)
    configuration.network.listen = listen
    configuration.network.advertise = advertise
    configuration.api.listen = api
    if definition.name != "local" { configuration.consensus.timeouts = "wan" }
    try configuration.check(file: home.configuration)
    try home.create()
    try NetworkDefinition.copy(from: definition, to: home.network)
    let report = Report(
      home: home.folder.path,
      role: role.name,
      nodeKey: Hex.encode(try home.machineKey("node").publicKey.bytes),
      consensusKey: role == .validator ? Hex.encode(try home.makeConsensusKey().publicKey.bytes) : nil,
      genesisDigest: digest.description
    )
    // Written last: with it the home exists, and without the rest it could not be used.
    try configuration.text.write(to: home.configuration, atomically: true, encoding: .utf8)
    try output.show(
      report,
      ["home            \(report.home)", "node key        \(report.nodeKey)"]
        + (report.consensusKey.map { ["consensus key   \($0)"] } ?? [])
        + ["genesis digest  \(report.genesisDigest)"]
    )
    if !configuration.network.isReachable {
      Console.note("others cannot dial this node: `advertise` in config.toml can name an address for them")
    }
    Console.note("next: `supercloud start --home \(CommandText.quoted(home.folder.path))`")
  }
}

struct ConfigCommand: AsyncParsableCommand {
  static let configuration = about(
    "Check and show a node's configuration.",
    named: "config",
    [Check.self, Show.self]
  )

  struct Check: AsyncParsableCommand {
    static let configuration = about("Read config.toml and the network definition.")

    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let home = home.value
      _ = try NodeConfiguration.read(home.configuration)
      let genesis = try NetworkDefinition(at: home.network).genesis
      try output.show(
        ["chain_id": genesis.chain.text, "genesis": genesis.digest.description],
        ["ok: \(genesis.chain), genesis \(genesis.digest)"]
      )
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("Print the configuration with every key's meaning.")

    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let configuration = try NodeConfiguration.read(home.value.configuration)
      try output.show(configuration, [configuration.text])
    }
  }
}
