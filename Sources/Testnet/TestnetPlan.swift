import API
import Chain
public import Cryptography
public import Foundation
import Node
import Primitives

/// The members and settings of a local network. It is stored in the network's folder, so that a second run
/// resumes the same network.
public struct TestnetPlan: Codable, Sendable {
  /// One node of the network.
  public struct Member: Codable, Sendable {
    public var name: String
    /// The role as in configurations: `validator`, `provider` or `tenant`.
    public var role: String
    /// The `index` of the node's account `m/44'/118'/index'/0'/0'` of the shared mnemonic.
    public var accountIndex: UInt32
    /// The port for peers, and that for HTTP, which the node had last; 0 before its first start.
    public var peerPort: Int
    public var apiPort: Int
    /// The declared GPUs of a provider, such as `8 × h100 80Gi sxm`; nil for other nodes.
    public var hardware: String?
  }

  /// The name of the plan's file in the network's folder.
  static let file = "testnet.json"

  public var chain: String
  public var tickMilliseconds: UInt64
  public var members: [Member]

  /// The mnemonic of BIP-39's first 24-word test vector. It is public and the same in every testnet.
  public static let mnemonic = Array(repeating: "abandon", count: 23) + ["art"]
  /// The index of the mnemonic's account that funds others.
  public static let faucetIndex: UInt32 = 0
  /// The index of the tenant's account, with which the demo deploys.
  public static let tenantIndex: UInt32 = 1
  /// The index of a second tenant's account, which has coins and is for experiments.
  public static let secondTenantIndex: UInt32 = 2

  /// The mnemonic's key at `m/44'/118'/index'/0'/0'`.
  ///
  /// - Throws: Never for these words and an index below 2³¹.
  public static func key(_ index: UInt32) throws -> SigningKey {
    try Keyring.key(words: mnemonic, index: index)
  }

  /// Makes a plan without ports: each node binds free ones and reports them.
  public init(validators: Int, providers: Int, tickMilliseconds: UInt64) {
    chain = "supercloud-local-1"
    self.tickMilliseconds = tickMilliseconds
    members = []
    func add(_ name: String, _ role: NodeRecord.Role, _ index: UInt32, hardware: String? = nil) {
      members.append(
        Member(
          name: name,
          role: role.name,
          accountIndex: index,
          peerPort: 0,
          apiPort: 0,
          hardware: hardware
        )
      )
    }
    for index in 0..<validators { add("validator-\(index + 1)", .validator, 100 + UInt32(index)) }
    for index in 0..<providers {
      let hardware = TestnetHardware.all[index % TestnetHardware.all.count]
      let name = index < TestnetHardware.all.count ? hardware.name : "\(hardware.name)-\(index)"
      add(name, .provider, 200 + UInt32(index), hardware: hardware.summary)
    }
    add("tenant", .tenant, Self.tenantIndex)
  }

  /// The node of that name; nil when there is none.
  public func member(_ name: String) -> Member? { members.first { $0.name == name } }

  public var providers: [Member] { members.filter { $0.role == NodeRecord.Role.provider.name } }
  public var validators: [Member] { members.filter { $0.role == NodeRecord.Role.validator.name } }

  /// Throws `Failure` when a value in `shape` differs from this network.
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

  /// Chooses ports that are free now, where there is none yet or another program uses it.
  mutating func choosePorts() throws {
    var taken = Set(members.flatMap { [$0.peerPort, $0.apiPort] })
    for index in members.indices {
      for port in [\Member.peerPort, \Member.apiPort] {
        let present = members[index][keyPath: port]
        guard present == 0 || !FreePort.isFree(present) else { continue }
        members[index][keyPath: port] = try FreePort.choose(excluding: &taken)
      }
    }
  }

  /// The plan with the ports that the running nodes report.
  func withPorts(_ runtime: (Member) -> Home.Runtime?) -> TestnetPlan {
    var plan = self
    for (index, member) in members.enumerated() {
      guard let runtime = runtime(member) else { continue }
      if let port = NetworkAddress(runtime.peerAddress)?.port { plan.members[index].peerPort = Int(port) }
      if let port = NetworkAddress(runtime.apiAddress)?.port { plan.members[index].apiPort = Int(port) }
    }
    return plan
  }

  /// The plan in a network's folder; nil when there is none or it cannot be decoded.
  public static func read(_ folder: URL) -> TestnetPlan? {
    guard let data = try? Data(contentsOf: folder.appending(path: file)) else { return nil }
    return try? JSONDecoder().decode(TestnetPlan.self, from: data)
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }
}

/// The requested size of a local network. A nil value means that of the existing network, or the default in a
/// new one.
public struct TestnetShape: Sendable {
  /// The number of validators: 1 to 50; 4 by default.
  public var validators: Int?
  /// The number of providers: 0 to 50; 3 by default.
  public var providers: Int?
  /// The length of a tick, the unit of lease payments, in milliseconds: 100 to 3,600,000; 1,000 by default.
  public var tickMilliseconds: UInt64?

  public init(validators: Int? = nil, providers: Int? = nil, tickMilliseconds: UInt64? = nil) {
    self.validators = validators
    self.providers = providers
    self.tickMilliseconds = tickMilliseconds
  }
}
