public import Chain
public import Primitives

/// Limits of what a group may ask for (Akash API v0.0.27, `go/node/deployment/v1beta3/validation_config.go`).
public enum ResourceLimits {
  /// Thousandths of a CPU core.
  public static let cpuMillis: ClosedRange<UInt64> = 10...256_000
  public static let gpus: ClosedRange<UInt64> = 0...100
  /// 1 MiB to 512 GiB per replica.
  public static let memoryBytes: ClosedRange<UInt64> = 1 << 20...512 << 30
  /// 5 MiB to 32 TiB per volume.
  public static let volumeBytes: ClosedRange<UInt64> = 5 << 20...32 << 40
  public static let replicas: ClosedRange<UInt32> = 1...50
  /// The highest price per replica and tick, in smallest units.
  public static let price = Decimal18(10_000_000)
  public static let units = 20
  public static let groupCPUMillis: UInt64 = 512_000
  public static let groupGPUs: UInt64 = 512
  public static let groupMemoryBytes: UInt64 = 1_024 << 30
}

/// Checks the limits of a group.
public enum GroupValidation {
  /// The first fault, in the order of the reference chain's checks: units, totals, prices. Nil when there is
  /// none.
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
    guard ResourceLimits.replicas.contains(unit.count) else { return .unitCount(unit: id) }
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

  /// The sums cannot overflow: 20 units of 50 replicas at the largest sizes are far below 64 bits.
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
