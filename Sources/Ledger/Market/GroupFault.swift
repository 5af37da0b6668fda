import Primitives

/// What is wrong with a group of an order.
public enum GroupFault: Hashable, Sendable, CustomStringConvertible {
  case emptyName
  case tooManyUnits(Int)
  case unitCount(unit: UInt32)
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
    case .unitCount(let unit): "unit \(unit): the count must be 1 to 50"
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
