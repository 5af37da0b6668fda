import Node
import Provider

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
    count: UInt32,
    model: String,
    memory: String,
    interface: String,
    cpu: UInt64,
    memoryGiB: UInt64,
    hourly: String
  ) -> TestnetHardware {
    let gpu = GPUSetting(
      vendor: "nvidia",
      model: model,
      memory: memory,
      interface: interface,
      count: count,
      declared: true
    )
    var settings = ProviderSettings.defaults(
      gpus: [gpu],
      cpuMillis: cpu,
      memoryBytes: memoryGiB << 30,
      hourly: hourly
    )
    // A testnet that stops leaves nothing behind; it starts its workloads again when it resumes.
    settings.workloads.stopWorkloadsOnExit = true
    settings.workloads.stopGraceSeconds = 2
    return TestnetHardware(
      name: name,
      summary: "\(count) × \(model) \(memory) \(interface)",
      settings: settings.text
    )
  }
}
