import API
import Chain
import Cryptography
public import Foundation
public import Node
import Primitives

/// Makes the homes of a testnet's nodes. All have the same network definition, and each has its own keys and
/// configuration.
public struct TestnetHomes: Sendable {
  let folder: URL
  let plan: TestnetPlan

  /// `folder`: the folder of the network.
  public init(folder: URL, plan: TestnetPlan) {
    self.folder = folder
    self.plan = plan
  }

  /// A node's home.
  public func home(_ member: TestnetPlan.Member) -> Home { Home(folder.appending(path: member.name)) }
  /// The file with a node's output.
  public func log(_ member: TestnetPlan.Member) -> URL { folder.appending(path: "logs/\(member.name).log") }

  /// The coins of each kind of account in the genesis: so many whole AKT, and as many whole USDC.
  static let faucetCoins: UInt64 = 1_000_000_000
  static let tenantCoins: UInt64 = 10_000
  static let providerCoins: UInt64 = 1_000
  /// The stake of each validator in whole AKT.
  static let validatorStake: UInt64 = 1_000_000

  /// Creates the definition of the network, the homes and their keys, in a folder that has none.
  public func create() throws {
    let definition = folder.appending(path: "network")
    try NetworkDefinition.copy(from: .builtIn("local"), to: definition)
    try Home.createFolder(folder.appending(path: "logs"))
    try writeParameters(definition)
    for member in plan.members { try home(member).create() }
    try writeGenesis(definition)
    for member in plan.members {
      try NetworkDefinition.copy(from: .folder(definition), to: home(member).network)
    }
    try refresh()
  }

  /// Writes the plan's ports into the configurations and the seeds.
  func refresh() throws {
    for member in plan.members { try configure(member) }
    guard let first = plan.members.first, first.peerPort > 0 else { return }
    try writeSeeds([(first, "127.0.0.1:\(first.peerPort)")])
  }

  /// Writes the addresses of the nodes that the others connect to first.
  func writeSeeds(_ nodes: [(member: TestnetPlan.Member, address: String)]) throws {
    let seeds = try nodes.map { node in
      NetworkDefinition.Seed(key: try home(node.member).machineKey("node").publicKey, address: node.address)
    }
    for definition in [folder.appending(path: "network")] + plan.members.map({ home($0).network }) {
      try NetworkDefinition.write(seeds: seeds, to: definition)
    }
  }

  /// Lets validators sign whose homes were copied with the whole network, as when its folder was moved to
  /// another disk. All validators of the network are in this folder, so nothing else signs with their keys.
  func adoptSigners() throws {
    for member in plan.validators { try home(member).adoptIfRestoredWithNetwork() }
  }

  private func writeParameters(_ definition: URL) throws {
    let file = definition.appending(path: "parameters.toml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("tick_milliseconds") ? "tick_milliseconds = \(plan.tickMilliseconds)" : String(line)
    }
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
  }

  private func writeGenesis(_ definition: URL) throws {
    let file = definition.appending(path: "genesis.json")
    var genesis = try GenesisFile.read(file)
    genesis.chainId = plan.chain
    genesis.setTime(.now)
    func fund(_ index: UInt32, _ whole: UInt64) throws {
      let address = try TestnetPlan.key(index).address
      genesis.add(account: address, coins: [Coin(whole * 1_000_000, .uakt), Coin(whole * 1_000_000, .uusdc)])
    }
    try fund(TestnetPlan.faucetIndex, Self.faucetCoins)
    try fund(TestnetPlan.tenantIndex, Self.tenantCoins)
    try fund(TestnetPlan.secondTenantIndex, Self.tenantCoins)
    for member in plan.members where member.accountIndex >= 100 {
      try fund(member.accountIndex, Self.providerCoins)
    }
    guard let commission = Decimal18("0.05") else { return }
    for member in plan.validators {
      genesis.add(
        validator: try TestnetPlan.key(member.accountIndex).address,
        key: try home(member).makeConsensusKey().publicKey,
        moniker: member.name,
        stake: Coin(Self.validatorStake * 1_000_000, .uakt),
        commission: commission
      )
    }
    try genesis.write(to: file)
  }

  /// Makes a home's configuration and keys, or gives the configuration that is there the plan's ports. What the
  /// user has changed otherwise is kept.
  private func configure(_ member: TestnetPlan.Member) throws {
    let home = home(member)
    let ports = (peers: "127.0.0.1:\(member.peerPort)", api: "127.0.0.1:\(member.apiPort)")
    if home.exists {
      var configuration = try NodeConfiguration.read(home.configuration)
      guard (configuration.network.listen, configuration.api.listen) != ports else { return }
      (configuration.network.listen, configuration.api.listen) = ports
      return try configuration.text.write(to: home.configuration, atomically: true, encoding: .utf8)
    }
    let role = NodeRecord.Role.allCases.first { $0.name == member.role } ?? .full
    var configuration = NodeConfiguration(moniker: member.name, role: role)
    (configuration.network.listen, configuration.api.listen) = ports
    configuration.storage.blockCacheMebibytes = 8
    let keyring = Keyring(home: home)
    func store(_ name: String, _ index: UInt32) throws {
      guard try !keyring.contains(name) else { return }
      try keyring.store(TestnetPlan.key(index), named: name, password: nil)
    }
    switch role {
    case .validator:
      try store("main", member.accountIndex)
      if member.name == plan.members.first?.name {
        try store("faucet", TestnetPlan.faucetIndex)
        configuration.api.hasFaucet = true
      }
    case .provider:
      try store("provider", member.accountIndex)
      configuration.provider = .init(account: "provider", host: "127.0.0.1")
      let settings = home.folder.appending(path: "provider.toml")
      // The user may have edited prices and policies, so an existing file is kept.
      guard !FileManager.default.fileExists(atPath: settings.path) else { break }
      let hardware = TestnetHardware.all.first { $0.summary == member.hardware }
      try hardware?.settings.write(to: settings, atomically: true, encoding: .utf8)
    case .tenant: try store("main", member.accountIndex)
    case .full, .seed: break
    }
    try configuration.text.write(to: home.configuration, atomically: true, encoding: .utf8)
  }
}
