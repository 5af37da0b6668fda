import Chain
import Cryptography
import Primitives

/// The content of `provider.toml`: what a provider sells, for how much, to whom, and how it runs workloads.
///
/// Missing keys have the defaults given here; unknown keys are errors.
public struct ProviderSettings: Hashable, Sendable {
  public var inventory: InventorySettings
  public var prices: [PriceEntry]
  public var policy = BidPolicy()
  public var workloads = WorkloadSettings()
  /// Attributes of the provider's record besides its hardware: `key=value`, such as `region=eu-west`.
  public var attributes: [String] = []
}

extension ProviderSettings: Decodable {
  public init(from decoder: any Decoder) throws {
    let known = ["inventory", "prices", "policy", "workloads", "attributes"]
    let section = try SectionReader(decoder, known: known)
    self.init(inventory: try section.required("inventory"), prices: try section.required("prices"))
    try section.read("policy", into: &policy)
    try section.read("workloads", into: &workloads)
    try section.read("attributes", into: &attributes)
  }
}

/// The capacity for leases.
public struct InventorySettings: Hashable, Sendable {
  /// Thousandths of a core.
  public var cpuMillis: UInt64
  public var memoryBytes: UInt64
  public var storageBytes: UInt64
  /// Storage classes that volumes may name besides `ephemeral`: `default`, `beta1` …
  public var storageClasses = ["default"]
  public var gpus: [GPUSetting] = []
}

extension InventorySettings: Decodable {
  public init(from decoder: any Decoder) throws {
    let known = ["cpu_millis", "memory", "storage", "storage_classes", "gpus"]
    let section = try SectionReader(decoder, known: known)
    cpuMillis = try section.required("cpu_millis")
    memoryBytes = try (section.required("memory") as ByteCount).value
    storageBytes = try (section.required("storage") as ByteCount).value
    try section.read("storage_classes", into: &storageClasses)
    try section.read("gpus", into: &gpus)
  }
}

/// Several GPUs of one model.
public struct GPUSetting: Decodable, Hashable, Sendable {
  public var vendor: String
  public var model: String
  /// The size of the memory, such as `80Gi`; empty when the settings do not state it.
  public var memory: String
  /// The interface, `sxm` or `pcie`; empty when the settings do not state it.
  public var interface: String
  public var count: UInt32
  /// Whether the GPUs are only stated here and no driver has detected them. Offers, bids and workloads say
  /// so.
  public var declared: Bool

  public init(
    vendor: String,
    model: String,
    memory: String,
    interface: String,
    count: UInt32,
    declared: Bool = true
  ) {
    self.vendor = vendor
    self.model = model
    self.memory = memory
    self.interface = interface
    self.count = count
    self.declared = declared
  }

  public init(from decoder: any Decoder) throws {
    let known = ["vendor", "model", "memory", "interface", "count", "declared"]
    let section = try SectionReader(decoder, known: known)
    vendor = try section.required("vendor")
    model = try section.required("model")
    memory = try section.value("memory", default: "")
    interface = try section.value("interface", default: "")
    count = try section.required("count")
    declared = try section.value("declared", default: true)
  }

  public var gpuModel: GPUModel {
    GPUModel(vendor: vendor, model: model, memory: memory, interface: interface)
  }
}
