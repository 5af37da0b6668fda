import Chain
import Cryptography
import Foundation
import Node
import Primitives

/// What a local network consists of; kept in its folder, so that a second run resumes the same.
struct TestnetPlan: Codable {
  struct Member: Codable {
    var name: String
    var role: String
    /// Of the shared mnemonic: the account at `m/44'/118'/index'/0'/0'`.
    var accountIndex: UInt32
    var peerPort: Int
    var apiPort: Int
    /// Declared GPUs of a provider, such as `8 × h100`.
    var hardware: String?
  }

  var chain: String
  var tickMilliseconds: UInt64
  var members: [Member]

  /// The words of BIP-39's first 24-word test vector: public, the same in every testnet, worth nothing.
  static let mnemonic = Array(repeating: "abandon", count: 23) + ["art"]
  static let faucetIndex: UInt32 = 0
  static let tenantIndex: UInt32 = 1
  static let secondTenantIndex: UInt32 = 2

  static func key(_ index: UInt32) throws -> SigningKey {
    try Keyring.key(words: mnemonic, index: index)
  }

  /// A plan with free ports.
  init(validators: Int, providers: Int, tickMilliseconds: UInt64) throws {
    chain = "supercloud-local-1"
    self.tickMilliseconds = tickMilliseconds
    var taken: Set<Int> = []
    members = []
    func add(_ name: String, _ role: NodeRecord.Role, _ index: UInt32, hardware: String? = nil) throws {
      members.append(
        Member(
          name: name,
          role: role.name,
          accountIndex: index,
          peerPort: try FreePort.choose(excluding: &taken),
          apiPort: try FreePort.choose(excluding: &taken),
          hardware: hardware
        )
      )
    }
    for index in 0..<validators { try add("validator-\(index + 1)", .validator, 100 + UInt32(index)) }
    for index in 0..<providers {
      let hardware = TestnetHardware.all[index % TestnetHardware.all.count]
      let name = index < TestnetHardware.all.count ? hardware.name : "\(hardware.name)-\(index)"
      try add(name, .provider, 200 + UInt32(index), hardware: hardware.summary)
    }
    try add("tenant", .tenant, Self.tenantIndex)
  }

  func member(_ name: String) -> Member? { members.first { $0.name == name } }

  var providers: [Member] { members.filter { $0.role == NodeRecord.Role.provider.name } }
  var validators: [Member] { members.filter { $0.role == NodeRecord.Role.validator.name } }

  /// Throws `Failure` when `options` ask for another network than this.
  func mustMatch(_ options: TestnetOptions) throws {
    let differences = [
      options.validators.flatMap { $0 == validators.count ? nil : "\(validators.count) validators" },
      options.providers.flatMap { $0 == providers.count ? nil : "\(providers.count) providers" },
      options.tick.flatMap { $0 == tickMilliseconds ? nil : "ticks of \(tickMilliseconds) ms" },
    ].compactMap(\.self)
    guard !differences.isEmpty else { return }
    throw Failure(
      "the network in this folder has \(differences.joined(separator: " and "))",
      why: "a second run resumes what is there",
      fix: "leave the option out, start anew with --reset, or name another folder with --home"
    )
  }

  /// Takes other ports for those that somebody else uses now.
  mutating func refreshPorts() throws {
    var taken = Set(members.flatMap { [$0.peerPort, $0.apiPort] })
    for index in members.indices {
      if !FreePort.isFree(members[index].peerPort) {
        members[index].peerPort = try FreePort.choose(excluding: &taken)
      }
      if !FreePort.isFree(members[index].apiPort) {
        members[index].apiPort = try FreePort.choose(excluding: &taken)
      }
    }
  }

  static func read(_ folder: URL) -> TestnetPlan? {
    guard let data = try? Data(contentsOf: folder.appending(path: "testnet.json")) else { return nil }
    return try? JSONDecoder().decode(TestnetPlan.self, from: data)
  }

  func write(_ folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: folder.appending(path: "testnet.json"), options: .atomic)
  }
}

/// What the testnet's providers declare: stated, not detected.
struct TestnetHardware {
  var name: String
  var summary: String
  /// `provider.toml`.
  var settings: String

  static let all: [TestnetHardware] = [
    machine(
      "saturn",
      count: 8,
      model: "h100",
      memory: "80Gi",
      interface: "sxm",
      cpu: 128_000,
      memoryGiB: 1_024,
      hourly: "2.19"
    ),
    machine(
      "titan",
      count: 4,
      model: "a100",
      memory: "40Gi",
      interface: "pcie",
      cpu: 64_000,
      memoryGiB: 512,
      hourly: "1.10"
    ),
    machine(
      "rhea",
      count: 2,
      model: "rtx3090",
      memory: "24Gi",
      interface: "pcie",
      cpu: 16_000,
      memoryGiB: 64,
      hourly: "0.22"
    ),
  ]

  private static func machine(
    _ name: String,
    count: Int,
    model: String,
    memory: String,
    interface: String,
    cpu: Int,
    memoryGiB: Int,
    hourly: String
  ) -> TestnetHardware {
    TestnetHardware(
      name: name,
      summary: "\(count) × \(model) \(memory) \(interface)",
      settings: ProviderSettingsText.text(
        count: count,
        model: model,
        memory: memory,
        interface: interface,
        cpuMillis: cpu,
        memoryGiB: memoryGiB,
        hourly: hourly
      )
    )
  }
}
