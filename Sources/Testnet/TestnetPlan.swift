import API
import Chain
public import Cryptography
public import Foundation
import Node

/// What a local network consists of; kept in its folder, so that a second run resumes the same.
public struct TestnetPlan: Codable, Sendable {
  /// One node of the network.
  public struct Member: Codable, Sendable {
    public var name: String
    /// As configurations write it: `validator`, `provider`, `tenant`.
    public var role: String
    /// Of the shared mnemonic: the account at `m/44'/118'/index'/0'/0'`.
    public var accountIndex: UInt32
    public var peerPort: Int
    public var apiPort: Int
    /// Declared GPUs of a provider, such as `8 × h100`.
    public var hardware: String?
  }

  public var chain: String
  public var tickMilliseconds: UInt64
  public var members: [Member]

  /// The words of BIP-39's first 24-word test vector: public, the same in every testnet, worth nothing.
  public static let mnemonic = Array(repeating: "abandon", count: 23) + ["art"]
  /// Which account of the mnemonic funds the others.
  public static let faucetIndex: UInt32 = 0
  /// Which is the tenant's, that the demo deploys with.
  public static let tenantIndex: UInt32 = 1
  /// Which is free to play with.
  public static let secondTenantIndex: UInt32 = 2

  /// The mnemonic's key at `m/44'/118'/index'/0'/0'`.
  ///
  /// - Throws: Never for these words and an index below 2³¹.
  public static func key(_ index: UInt32) throws -> SigningKey {
    try Keyring.key(words: mnemonic, index: index)
  }

  /// A plan with free ports.
  public init(validators: Int, providers: Int, tickMilliseconds: UInt64) throws {
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

  /// The node of that name; nil when there is none.
  public func member(_ name: String) -> Member? { members.first { $0.name == name } }

  public var providers: [Member] { members.filter { $0.role == NodeRecord.Role.provider.name } }
  public var validators: [Member] { members.filter { $0.role == NodeRecord.Role.validator.name } }

  /// Throws `Failure` when `shape` is of another network than this.
  func mustMatch(_ shape: TestnetShape) throws {
    let differences = [
      shape.validators.flatMap { $0 == validators.count ? nil : "\(validators.count) validators" },
      shape.providers.flatMap { $0 == providers.count ? nil : "\(providers.count) providers" },
      shape.tickMilliseconds.flatMap { $0 == tickMilliseconds ? nil : "ticks of \(tickMilliseconds) ms" },
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

  /// The plan of a network's folder; nil when there is none that can be read.
  public static func read(_ folder: URL) -> TestnetPlan? {
    guard let data = try? Data(contentsOf: folder.appending(path: "testnet.json")) else { return nil }
    return try? JSONDecoder().decode(TestnetPlan.self, from: data)
  }

  func write(_ folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(self).write(to: folder.appending(path: "testnet.json"), options: .atomic)
  }
}

/// How large a local network is to be; what is nil is as in its folder, or the default in a new one.
public struct TestnetShape: Sendable {
  /// 1 to 50; 4 in a new network.
  public var validators: Int?
  /// 0 to 50; 3 in a new network.
  public var providers: Int?
  /// Milliseconds of a tick, by which money moves: 100 to 3,600,000; 1,000 in a new network.
  public var tickMilliseconds: UInt64?

  public init(validators: Int? = nil, providers: Int? = nil, tickMilliseconds: UInt64? = nil) {
    self.validators = validators
    self.providers = providers
    self.tickMilliseconds = tickMilliseconds
  }
}
