import Chain
import Foundation
import Primitives
import Testing

@testable import Node
@testable import Provider

/// `config.toml`, `provider.toml`, `parameters.toml` and `peers.toml`: what is written reads back, and what is wrong is
/// named with what would be right.
@Suite struct SettingsFileTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)")

  private func read<Value>(_ name: String, _ text: String, _ body: (URL) throws -> Value) throws -> Value {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: name)
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try body(file)
  }

  private func problem(_ name: String, _ text: String, _ body: (URL) throws -> some Any) throws -> String {
    let error = #expect(throws: DefinitionError.self) { try read(name, text) { _ = try body($0) } }
    return "\(try #require(error))"
  }

  /// Texts that could end their quotes, their line or the file.
  private static let texts = [
    "GPU \"box\" 1", "C:\\gpu", "'single'", "\"\"\"", "a # b", "two\nlines\r\n", "tab\there",
    "\u{1}\u{7f}\u{1b}",
    "zwölf ✓ 🚀", "", "x = 1",
  ]

  private func configuration() -> NodeConfiguration {
    var configuration = NodeConfiguration(moniker: "node", role: .provider)
    configuration.provider = .init(account: "a", host: "::1")
    configuration.provider?.domain = "d"
    return configuration
  }

  private let settings = ProviderSettings(
    inventory: InventorySettings(
      cpuMillis: 8_000,
      memoryBytes: 16 << 30,
      storageBytes: 100 << 30,
      gpus: [GPUSetting(vendor: "nvidia", model: "h100", memory: "80Gi", interface: "sxm", count: 8)]
    ),
    prices: [
      PriceEntry(
        denomination: "uakt",
        gpu: ["nvidia/h100": Decimal18(2), "*": Decimal18(1)],
        storage: ["my_class": Decimal18(1)]
      ), PriceEntry(denomination: "uusdc", like: "uakt"),
    ],
    attributes: ["region=eu-west"]
  )

  @Test(arguments: texts) func `every text survives being written and read`(_ text: String) throws {
    var configuration = configuration()
    configuration.node.moniker = text
    configuration.provider?.domain = text
    let read = try read("config.toml", configuration.text, NodeConfiguration.read)
    #expect(read.node.moniker == text && read.provider?.domain == text)
  }

  @Test(arguments: texts) func `a provider's settings survive being written and read`(_ text: String) throws {
    var settings = settings
    settings.workloads.imageFolder = text
    settings.policy.priceScript = text
    #expect(try read("provider.toml", settings.text, ProviderSettings.read) == settings)
  }

  @Test(arguments: [
    ("keep_blocks = 0", "keep_blocks = -1", "`storage.keep_blocks` is -1", "0 to 9223372036854775807"),
    ("keep_blocks = 0", "keep_blocks = 9223372036854775808", "config.toml:", "not TOML"),
    ("keep_blocks = 0", "keep_blocks = \"all\"", "`storage.keep_blocks`", "a whole number"),
    ("keep_blocks = 0", "keep_block = 0", "`storage.keep_block` is not", "did you mean `keep_blocks`?"),
    ("outbound_peers = 8", "outbound_peers = -1", "`network.outbound_peers` is -1", "0 to 65535"),
    ("outbound_peers = 8", "", "`network.outbound_peers` is missing", "write it"),
    ("udp = true", "udp = 1", "`network.udp`", "true or false"),
    ("block_cache_mebibytes = 16", "block_cache_mebibytes = 5000000000", "is 5000000000", "1 to 1024"),
    ("[consensus]", "[consensos]", "`consensos` is not", "did you mean `consensus`?"),
    ("role = \"provider\"", "role = \"miner\"", "`node.role` is `miner`", "validator"),
    ("[storage]", "[storage", "config.toml:", "not TOML"),
  ])
  func `a fault in config.toml is named with what may stand there`(
    _ right: String,
    _ wrong: String,
    _ place: String,
    _ remedy: String
  ) throws {
    let text = configuration().text
    #expect(text.contains(right))
    let problem = try problem("config.toml", text.replacing(right, with: wrong), NodeConfiguration.read)
    #expect(problem.contains(place) && problem.contains(remedy), "\(problem)")
  }

  @Test(arguments: [
    ("count = 8", "count = 5000000000", "`inventory.gpus[0].count` is 5000000000", "0 to 4294967295"),
    ("count = 8", "count = 2000", "`inventory.gpus[0].count` is 2000", "1 to 1024"),
    (
      "maximum_leases = 64", "maximum_leeses = 64", "`policy.maximum_leeses`",
      "did you mean `maximum_leases`?"
    ),
    ("maximum_leases = 64", "maximum_leases = -1", "`policy.maximum_leases` is -1", "0 to 4294967295"),
    (
      "stop_grace_seconds = 10", "stop_grace_seconds = -1", "`workloads.stop_grace_seconds` is -1",
      "may be 0 to"
    ),
    ("memory = \"16384Mi\"", "memory = -1", "`inventory.memory`", "-1 is not a number of bytes"),
    ("memory = \"16384Mi\"", "memory = \"16 gigs\"", "`inventory.memory`", "64Gi"),
    ("cpu_millis = 8000", "cpu_millis = 0", "`inventory.cpu_millis` is zero", "fix"),
  ])
  func `a fault in provider.toml is named with what may stand there`(
    _ right: String,
    _ wrong: String,
    _ place: String,
    _ remedy: String
  ) throws {
    let text = settings.text
    #expect(text.contains(right))
    let problem = try problem("provider.toml", text.replacing(right, with: wrong), ProviderSettings.read)
    #expect(problem.contains(place) && problem.contains(remedy), "\(problem)")
  }

  @Test(arguments: [
    ("peers.toml", "seed = []", "`seed` is not", "did you mean `seeds`?"),
    ("peers.toml", "seeds = [1]", "`seeds`", "a list of texts"),
    ("peers.toml", "seeds = [\"\(String(repeating: "00", count: 32))@nowhere\"]", "nowhere", "fix"),
    ("parameters.toml", "[chain]\ntick_milliseconds = -1", "`chain.tick_milliseconds` is -1", "it may be"),
    (
      "parameters.toml", "[chain]\ntick_miliseconds = 1", "`chain.tick_miliseconds`",
      "`chain.tick_milliseconds`"
    ),
    ("parameters.toml", "[chain]\ntick_milliseconds = 1.5", "`chain.tick_milliseconds`", "whole number"),
    ("parameters.toml", "[mraket]", "there is no section `mraket`", "did you mean `market`?"),
    ("parameters.toml", "tick_milliseconds = 1", "outside a section", "write it below"),
  ])
  func `a fault in a network's definition is named with what may stand there`(
    _ name: String,
    _ text: String,
    _ place: String,
    _ remedy: String
  ) throws {
    let local = Program.repository.appending(path: "Network/local")
    let problem = try problem(name, text) { file in
      for other in ["genesis.json", "parameters.toml", "peers.toml"] where other != name {
        try FileManager.default.copyItem(
          at: local.appending(path: other),
          to: file.deletingLastPathComponent().appending(path: other)
        )
      }
      return try NetworkDefinition(at: file.deletingLastPathComponent())
    }
    #expect(problem.contains(name) && problem.contains(place) && problem.contains(remedy), "\(problem)")
  }

  @Test func `a chain is local only if its genesis says so, and the digest covers it`() throws {
    func genesis(_ name: String) throws -> GenesisFile {
      try GenesisFile(try DefinitionSource.locate(name).required("genesis.json"), file: name)
    }
    var file = try genesis("local")
    let local = try file.genesis(parameters: Parameters())
    #expect(local.isLocal)
    #expect(try !genesis("mainnet-6").genesis(parameters: Parameters()).isLocal)
    file.local = nil
    let other = try file.genesis(parameters: Parameters())
    #expect(!other.isLocal && other.digest != local.digest)
    file.local = false
    #expect(try file.genesis(parameters: Parameters()).digest == other.digest)
  }

  @Test func `a definition with illegal parameters is not copied, not even in part`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "definition-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (source, target) = (folder.appending(path: "source"), folder.appending(path: "target"))
    try NetworkDefinition.copy(from: .builtIn("local"), to: source)
    let parameters = source.appending(path: "parameters.toml")
    let text = try String(contentsOf: parameters, encoding: .utf8)
    try (text + "\n[mraket]\n").write(to: parameters, atomically: true, encoding: .utf8)
    #expect(throws: DefinitionError.self) { try NetworkDefinition.copy(from: .folder(source), to: target) }
    #expect(!FileManager.default.fileExists(atPath: target.path))
  }
}
