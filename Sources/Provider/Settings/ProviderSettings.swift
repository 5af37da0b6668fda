import Chain
import Cryptography
import Primitives

/// The content of `provider.toml`: what a provider sells, for how much, to whom, and how it runs workloads.
///
/// Missing keys have the defaults given here; unknown keys are errors.
public struct ProviderSettings: Decodable, Hashable, Sendable {
  public var inventory: InventorySettings
  public var prices: [PriceEntry]
  public var policy: BidPolicy
  public var workloads: WorkloadSettings
  /// Attributes of the provider's record besides its hardware: `key=value`, such as `region=eu-west`.
  public var attributes: [String]

  public init(
    inventory: InventorySettings,
    prices: [PriceEntry],
    policy: BidPolicy = BidPolicy(),
    workloads: WorkloadSettings = WorkloadSettings(),
    attributes: [String] = []
  ) {
    self.inventory = inventory
    self.prices = prices
    self.policy = policy
    self.workloads = workloads
    self.attributes = attributes
  }

  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: ["inventory", "prices", "policy", "workloads", "attributes"]
    )
    inventory = try section.required("inventory")
    prices = try section.required("prices")
    policy = try section.value("policy", default: BidPolicy())
    workloads = try section.value("workloads", default: WorkloadSettings())
    attributes = try section.value("attributes", default: [])
  }
}

/// The capacity for leases.
public struct InventorySettings: Decodable, Hashable, Sendable {
  /// Thousandths of a core.
  public var cpuMillis: UInt64
  public var memoryBytes: UInt64
  public var storageBytes: UInt64
  /// Storage classes that volumes may name besides `ephemeral`: `default`, `beta1` …
  public var storageClasses: [String]
  public var gpus: [GPUSetting]

  public init(
    cpuMillis: UInt64,
    memoryBytes: UInt64,
    storageBytes: UInt64,
    storageClasses: [String] = ["default"],
    gpus: [GPUSetting] = []
  ) {
    self.cpuMillis = cpuMillis
    self.memoryBytes = memoryBytes
    self.storageBytes = storageBytes
    self.storageClasses = storageClasses
    self.gpus = gpus
  }

  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: ["cpu_millis", "memory", "storage", "storage_classes", "gpus"]
    )
    cpuMillis = try section.required("cpu_millis")
    memoryBytes = try (section.required("memory") as ByteCount).value
    storageBytes = try (section.required("storage") as ByteCount).value
    storageClasses = try section.value("storage_classes", default: ["default"])
    gpus = try section.value("gpus", default: [])
  }
}

/// Several GPUs of one model.
public struct GPUSetting: Decodable, Hashable, Sendable {
  public var vendor: String
  public var model: String
  /// Such as `80Gi`; empty when it is not published.
  public var memory: String
  /// `sxm` or `pcie`; empty when it is not published.
  public var interface: String
  public var count: UInt32
  /// Stated in the settings and not detected by a driver. Offers, bids and workloads say so.
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
    let section = try SectionReader(
      decoder,
      known: ["vendor", "model", "memory", "interface", "count", "declared"]
    )
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
