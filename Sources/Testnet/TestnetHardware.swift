import Node
import Primitives
import Provider

/// The hardware of a testnet's provider. It is declared, not detected.
struct TestnetHardware {
  var name: String
  var summary: String
  /// The text of the provider's `provider.toml`.
  var settings: String

  static let all: [TestnetHardware] = [
    machine("saturn", 8, "h100", "80Gi", "sxm", cpu: 128_000, memoryGiB: 1_024, cents: 219),
    machine("titan", 4, "a100", "40Gi", "pcie", cpu: 64_000, memoryGiB: 512, cents: 110),
    machine("rhea", 2, "rtx3090", "24Gi", "pcie", cpu: 16_000, memoryGiB: 64, cents: 22),
  ]

  private static func machine(
    _ name: String,
    _ count: UInt32,
    _ model: String,
    _ memory: String,
    _ interface: String,
    cpu: UInt64,
    memoryGiB: UInt64,
    cents: UInt64
  ) -> TestnetHardware {
    let gpu = GPUSetting(
      vendor: "nvidia",
      model: model,
      memory: memory,
      interface: interface,
      count: count,
      declared: true
    )
    let bytes = memoryGiB << 30
    // The price of one GPU for an hour, in hundredths of the main unit.
    let hourly = Decimal18(raw: UInt128(cents) * (Decimal18.one / 100))
    var settings = ProviderSettings.defaults(gpus: [gpu], cpuMillis: cpu, memoryBytes: bytes, hourly: hourly)
    // A testnet that stops leaves nothing behind; it starts its workloads again when it resumes.
    settings.workloads.stopWorkloadsOnExit = true
    settings.workloads.stopGraceSeconds = 2
    let summary = "\(count) × \(model) \(memory) \(interface)"
    return TestnetHardware(name: name, summary: summary, settings: settings.text)
  }
}
