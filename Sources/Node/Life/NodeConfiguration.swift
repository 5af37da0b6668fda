public import Chain
public import Foundation
import Primitives

/// The content of `config.toml`. `supercloud init` writes the file with an explanation of every key.
public struct NodeConfiguration: Codable, Sendable {
  public struct General: Codable, Sendable {
    public var moniker: String
    public var role: String
    public var logLevel: String
  }

  public struct Network: Codable, Sendable {
    public var listen: String
    public var advertise: [String]
    public var outboundPeers: Int
    public var inboundPeers: Int
    public var sessionsPerAddress: Int
    public var usesUDP: Bool

    /// Whether other nodes can be told an address to dial. `0.0.0.0` and `::` do not do.
    public var isReachable: Bool {
      !advertise.isEmpty || !["0.0.0.0", "::"].contains(NetworkAddress(listen)?.host)
    }

    /// The addresses in the node's record, as `host:tcpPort/udpPort`; empty for a node that cannot be
    /// dialled. `port` is the port on which it listens.
    func addresses(port: UInt16) -> [String] {
      guard isReachable else { return [] }
      guard advertise.isEmpty else { return advertise }
      let own = NetworkAddress(host: NetworkAddress(listen)?.host ?? "127.0.0.1", port: port).description
      return [usesUDP ? "\(own)/\(port)" : own]
    }
  }

  public struct API: Codable, Sendable {
    public var listen: String
    public var hasFaucet: Bool
  }

  public struct Consensus: Codable, Sendable {
    public var timeouts: String
  }

  public struct Storage: Codable, Sendable {
    public var blockCacheMebibytes: Int
    /// The number of newest blocks that are kept; 0 keeps all.
    public var keepBlocks: UInt64
    /// The number of heights between snapshots; 0 makes none.
    public var snapshotInterval: UInt64 = 10_000

    /// The lowest `keepBlocks` above 0. With fewer, a peer that misses a few blocks could not get them here.
    public static let fewestBlocks: UInt64 = 10
  }

  public struct Provider: Codable, Sendable {
    public var account: String
    public var endpoint: String
    public var domain: String
    public var settings: String

    /// `host`: where tenants reach both lease streams and workloads.
    public init(account: String, host: String) {
      (self.account, endpoint, domain, settings) = (account, host, host, "provider.toml")
    }
  }

  public var node: General
  public var network: Network
  public var api: API
  public var consensus: Consensus
  public var storage: Storage
  public var provider: Provider?

  /// A configuration with loopback addresses and free ports; the caller changes what it needs.
  public init(moniker: String, role: NodeRecord.Role) {
    node = General(moniker: moniker, role: role.name, logLevel: "info")
    network = Network(
      listen: "127.0.0.1:0",
      advertise: [],
      outboundPeers: 8,
      inboundPeers: 64,
      sessionsPerAddress: 256,
      usesUDP: true
    )
    api = API(listen: "127.0.0.1:0", hasFaucet: false)
    consensus = Consensus(timeouts: "lan")
    storage = Storage(blockCacheMebibytes: 16, keepBlocks: 0)
    provider = nil
  }

  public var role: NodeRecord.Role {
    NodeRecord.Role.allCases.first { $0.name == node.role } ?? .full
  }

  /// Reads and checks the file.
  ///
  /// - Throws: `DefinitionError` for an unknown key or an illegal value; it says what is legal.
  public static func read(_ file: URL) throws -> NodeConfiguration {
    let configuration = try TOMLFile.read(NodeConfiguration.self, at: file)
    try configuration.check(file: file)
    return configuration
  }

  /// Throws `DefinitionError`, which names `file`, for a value with which no node can start.
  public func check(file: URL) throws {
    let roles = NodeRecord.Role.allCases.map(\.name)
    let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]
    let (advertised, kept) = (network.advertise, storage.keepBlocks)
    let fewest = Storage.fewestBlocks
    var rules: [(holds: Bool, key: String, value: String, remedy: String)] = [
      (roles.contains(node.role), "node.role", node.role, "one of \(roles.joined(separator: ", "))"),
      (
        levels.contains(node.logLevel), "node.log_level", node.logLevel,
        "one of \(levels.joined(separator: ", "))"
      ),
      (
        ["lan", "wan"].contains(consensus.timeouts), "consensus.timeouts", consensus.timeouts,
        "`lan` or `wan`"
      ),
      (advertised.count <= 3, "network.advertise", "\(advertised.count) addresses", "at most three"),
      (
        kept == 0 || kept >= fewest, "storage.keep_blocks", "\(kept)",
        "0, which keeps all blocks, or at least \(fewest)"
      ),
    ]
    rules += advertised.map {
      let remedy = "host:tcpPort/udpPort, such as gpu.example.org:26656/26656"
      return (NetworkAddress(record: $0) != nil, "network.advertise", $0, remedy)
    }
    for (holds, key, value, remedy) in rules where !holds {
      throw DefinitionError(file: file.path, problem: "`\(key)` is `\(value)`", remedy: remedy)
    }
    for (key, value) in [("network.listen", network.listen), ("api.listen", api.listen)] {
      _ = try Self.address(value, key, file: file)
    }
  }

  /// The address in `text`, which is the value of `key` in `file`. Throws `DefinitionError` when it is none.
  static func address(_ text: String, _ key: String, file: URL) throws -> NetworkAddress {
    try address(text, key, file: file.path)
  }

  static func address(_ text: String, _ key: String, file: String) throws -> NetworkAddress {
    do {
      return try NetworkAddress(parsing: text)
    } catch {
      throw DefinitionError(
        file: file,
        problem: "`\(key)` is `\(text)`, which \(error)",
        remedy: "host:port, such as 127.0.0.1:26656 or [::1]:26656"
      )
    }
  }

  /// The text of a `config.toml` with these values and an explanation of every key.
  public var text: String {
    let quoted = TOMLFile.quoted
    var text = """
      # Configuration of this node. `supercloud config check` reads it and says what is wrong.

      [node]
      moniker = \(quoted(node.moniker))      # the name that others see
      role = \(quoted(node.role))            # validator, provider, tenant, full or seed
      log_level = \(quoted(node.logLevel))   # trace, debug, info, notice, warning, error or critical

      [network]
      listen = \(quoted(network.listen))     # TCP and UDP; port 0 takes a free one
      advertise = \(TOMLFile.list(network.advertise))  # where others dial, host:tcpPort/udpPort; empty: where it listens, if that is one address
      outbound_peers = \(network.outboundPeers)  # sessions that this node opens by itself
      inbound_peers = \(network.inboundPeers)    # sessions that it accepts
      sessions_per_address = \(network.sessionsPerAddress)  # from one IP address; high for a local testnet
      udp = \(network.usesUDP)             # false: everything goes over TCP

      [api]
      listen = \(quoted(api.listen))         # HTTP queries, transactions, metrics
      faucet = \(api.hasFaucet)           # give test coins to whoever asks; test networks only

      [consensus]
      timeouts = \(quoted(consensus.timeouts))  # `lan` (60–200 ms) or `wan` (300–1,000 ms)

      [storage]
      block_cache_mebibytes = \(storage.blockCacheMebibytes)
      keep_blocks = \(storage.keepBlocks)  # older blocks are deleted, but those since the oldest snapshot here; 0 keeps all
      snapshot_interval = \(storage.snapshotInterval)  # heights; 0 makes none

      """
    if let provider {
      text += """

        [provider]
        account = \(quoted(provider.account))    # name of the key in keys/ that bids and is paid
        endpoint = \(quoted(provider.endpoint))  # host that tenants reach lease streams and workloads at
        domain = \(quoted(provider.domain))      # workloads' URLs begin with it
        settings = \(quoted(provider.settings))  # inventory, prices and limits, beside this file

        """
    }
    return text
  }
}

extension NodeRecord.Role: CaseIterable {
  public static let allCases: [NodeRecord.Role] = [.full, .validator, .provider, .tenant, .seed]

  public var name: String {
    switch self {
    case .full: "full"
    case .validator: "validator"
    case .provider: "provider"
    case .tenant: "tenant"
    case .seed: "seed"
    }
  }
}

// The sections of `config.toml` and their keys.

extension NodeConfiguration {
  public init(from decoder: any Decoder) throws {
    let file = try SectionReader(
      decoder,
      known: ["node", "network", "api", "consensus", "storage", "provider"]
    )
    node = try file.required("node")
    network = try file.required("network")
    api = try file.required("api")
    consensus = try file.required("consensus")
    storage = try file.required("storage")
    provider = try file.optional("provider")
  }
}

extension NodeConfiguration.General {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(decoder, known: ["moniker", "role", "log_level"])
    moniker = try section.required("moniker")
    role = try section.required("role")
    logLevel = try section.required("log_level")
  }
}

extension NodeConfiguration.Network {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: ["listen", "advertise", "outbound_peers", "inbound_peers", "sessions_per_address", "udp"]
    )
    listen = try section.required("listen")
    advertise = try section.required("advertise")
    outboundPeers = try section.required("outbound_peers", in: 0...65_535)
    inboundPeers = try section.required("inbound_peers", in: 0...65_535)
    sessionsPerAddress = try section.required("sessions_per_address", in: 0...65_535)
    usesUDP = try section.required("udp")
  }
}

extension NodeConfiguration.API {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(decoder, known: ["listen", "faucet"])
    listen = try section.required("listen")
    hasFaucet = try section.required("faucet")
  }
}

extension NodeConfiguration.Consensus {
  public init(from decoder: any Decoder) throws {
    timeouts = try SectionReader(decoder, known: ["timeouts"]).required("timeouts")
  }
}

extension NodeConfiguration.Storage {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: ["block_cache_mebibytes", "keep_blocks", "snapshot_interval"]
    )
    blockCacheMebibytes = try section.required("block_cache_mebibytes", in: 1...1_024)
    keepBlocks = try section.required("keep_blocks")
    snapshotInterval = try section.value("snapshot_interval", default: snapshotInterval)
  }
}

extension NodeConfiguration.Provider {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(decoder, known: ["account", "endpoint", "domain", "settings"])
    account = try section.required("account")
    endpoint = try section.required("endpoint")
    domain = try section.required("domain")
    settings = try section.required("settings")
  }
}
