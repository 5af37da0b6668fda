import Primitives

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
    udp = try section.required("udp")
  }
}

extension NodeConfiguration.API {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(decoder, known: ["listen", "faucet"])
    listen = try section.required("listen")
    faucet = try section.required("faucet")
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
