public import Chain
public import Primitives

/// Limits of what a group may ask for (Akash API v0.0.27, `go/node/deployment/v1beta3/validation_config.go`).
public enum ResourceLimits {
  /// CPU per replica, in thousandths of a core.
  public static let cpuMillis: ClosedRange<UInt64> = 10...256_000
  public static let gpus: ClosedRange<UInt64> = 0...100
  /// 1 MiB to 512 GiB per replica.
  public static let memoryBytes: ClosedRange<UInt64> = 1 << 20...512 << 30
  /// 5 MiB to 32 TiB per volume.
  public static let volumeBytes: ClosedRange<UInt64> = 5 << 20...32 << 40
  public static let replicas: ClosedRange<UInt32> = 1...50
  /// The highest price of one replica for one `Tick` (6 s), in smallest units.
  public static let price = Decimal18(10_000_000)
  public static let units = 20
  public static let groupCPUMillis: UInt64 = 512_000
  public static let groupGPUs: UInt64 = 512
  public static let groupMemoryBytes: UInt64 = 1_024 << 30
}

/// Checks the limits of a group.
public enum GroupValidation {
  /// Returns the first fault in the order of Akash's checks (units, totals, prices); nil when there is none.
  public static func fault(_ spec: GroupSpec) -> GroupFault? {
    guard !spec.name.isEmpty else { return .emptyName }
    guard spec.units.count <= ResourceLimits.units else { return .tooManyUnits(spec.units.count) }
    var ids: Set<UInt32> = []
    for unit in spec.units {
      if let fault = fault(unit) { return fault }
      guard ids.insert(unit.resources.id).inserted else { return .duplicateResourceID(unit.resources.id) }
    }
    if let fault = totals(spec) { return fault }
    for unit in spec.units {
      guard unit.price.amount <= ResourceLimits.price else { return .price(unit: unit.resources.id) }
      guard unit.price.denomination == spec.units[0].price.denomination else { return .mixedDenominations }
    }
    return nil
  }

  private static func fault(_ unit: ResourceUnit) -> GroupFault? {
    let resources = unit.resources
    let id = resources.id
    guard ResourceLimits.replicas.contains(unit.count) else { return .replicaCount(unit: id) }
    guard id > 0 else { return .resourceID }
    guard ResourceLimits.cpuMillis.contains(resources.cpuMillis) else { return .cpu(unit: id) }
    guard ResourceLimits.gpus.contains(resources.gpus) else { return .gpu(unit: id) }
    guard resources.gpus > 0 || resources.gpuAttributes.isEmpty else {
      return .gpuAttributesWithoutGPUs(unit: id)
    }
    guard ResourceLimits.memoryBytes.contains(resources.memoryBytes) else { return .memory(unit: id) }
    guard !resources.volumes.isEmpty else { return .noStorage(unit: id) }
    for volume in resources.volumes {
      guard ResourceLimits.volumeBytes.contains(volume.bytes) else { return .storage(unit: id) }
    }
    let lists =
      [resources.cpuAttributes, resources.gpuAttributes, resources.memoryAttributes]
      + resources.volumes.map(\.attributes)
    for list in lists {
      if let illegal = list.first(where: { !AttributePattern.isResourceKey($0.key) }) {
        return .attributeKey(unit: id, key: illegal.key)
      }
      if let key = AttributePattern.duplicate(in: list) { return .duplicateAttribute(unit: id, key: key) }
    }
    return nil
  }

  /// Checks the totals over all units. The sums cannot overflow: 20 units of 50 replicas at the largest sizes
  /// are far below 64 bits.
  private static func totals(_ spec: GroupSpec) -> GroupFault? {
    func total(_ value: (Resources) -> UInt64) -> UInt64 {
      spec.units.reduce(0) { $0 + value($1.resources) * UInt64($1.count) }
    }
    guard (1...ResourceLimits.groupCPUMillis).contains(total(\.cpuMillis)) else { return .totalCPU }
    guard total(\.gpus) <= ResourceLimits.groupGPUs else { return .totalGPU }
    guard (1...ResourceLimits.groupMemoryBytes).contains(total(\.memoryBytes)) else { return .totalMemory }
    return nil
  }
}

/// What is wrong with a group of an order.
public enum GroupFault: Hashable, Sendable, CustomStringConvertible {
  case emptyName
  case tooManyUnits(Int)
  case replicaCount(unit: UInt32)
  case resourceID
  case duplicateResourceID(UInt32)
  case cpu(unit: UInt32)
  case gpu(unit: UInt32)
  case gpuAttributesWithoutGPUs(unit: UInt32)
  case memory(unit: UInt32)
  case noStorage(unit: UInt32)
  case storage(unit: UInt32)
  case attributeKey(unit: UInt32, key: String)
  case duplicateAttribute(unit: UInt32, key: String)
  case totalCPU
  case totalGPU
  case totalMemory
  case price(unit: UInt32)
  case mixedDenominations
  /// The order requires audited GPUs, but the group names no auditor.
  case noAuditorForGPUs

  public var description: String {
    switch self {
    case .emptyName: "a group has no name"
    case .tooManyUnits(let count): "a group has \(count) units, at most 20 are allowed"
    case .replicaCount(let unit): "unit \(unit): the count must be 1 to 50"
    case .resourceID: "a unit's id is 0"
    case .duplicateResourceID(let id): "two units have the id \(id)"
    case .cpu(let unit): "unit \(unit): the CPU must be 10 to 256,000 thousandths of a core"
    case .gpu(let unit): "unit \(unit): at most 100 GPUs are allowed"
    case .gpuAttributesWithoutGPUs(let unit): "unit \(unit) has GPU attributes but no GPU"
    case .memory(let unit): "unit \(unit): the memory must be 1 MiB to 512 GiB"
    case .noStorage(let unit): "unit \(unit) has no volume"
    case .storage(let unit): "unit \(unit): a volume must have 5 MiB to 32 TiB"
    case .attributeKey(let unit, let key): "unit \(unit): attribute key \(key) is not legal"
    case .duplicateAttribute(let unit, let key): "unit \(unit): attribute \(key) is listed twice"
    case .totalCPU: "the group's CPU must be at most 512,000 thousandths of a core in all"
    case .totalGPU: "the group may have 512 GPUs in all"
    case .totalMemory: "the group's memory must be at most 1,024 GiB in all"
    case .price(let unit): "unit \(unit): the price may be at most 10,000,000"
    case .mixedDenominations: "the group's prices are in different currencies"
    case .noAuditorForGPUs: "the order wants audited GPUs but a group with GPUs names no auditor"
    }
  }
}
