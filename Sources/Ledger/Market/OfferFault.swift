/// Why the resources that a bid offers do not fit the group.
public enum OfferFault: Hashable, Sendable, CustomStringConvertible {
  /// Group and offer have different numbers of units.
  case unitCount(wanted: Int, offered: Int)
  /// A unit of the group has no offer.
  case unitMissing(UInt32)
  case replicas(unit: UInt32)
  case cpu(unit: UInt32)
  case memory(unit: UInt32)
  case storage(unit: UInt32)
  case gpuCount(unit: UInt32)
  /// The offer does not name its GPUs, or names them with wildcards.
  case gpuNotConcrete(unit: UInt32)
  /// The named GPU is none of those that the group accepts.
  case gpuOther(unit: UInt32, key: String)
  /// The provider's record does not state the GPU.
  case gpuNotStated(unit: UInt32, key: String)
  /// The order requires audited GPUs, and the required auditors have not signed this one.
  case gpuNotAudited(unit: UInt32, key: String)

  public var description: String {
    switch self {
    case .unitCount(let wanted, let offered): "the group has \(wanted) units, the offer \(offered)"
    case .unitMissing(let unit): "the offer lacks unit \(unit)"
    case .replicas(let unit): "unit \(unit): the offer has another number of replicas"
    case .cpu(let unit): "unit \(unit): the offer has too little CPU"
    case .memory(let unit): "unit \(unit): the offer has too little memory"
    case .storage(let unit): "unit \(unit): the offer's volumes do not fit"
    case .gpuCount(let unit): "unit \(unit): the offer has another number of GPUs"
    case .gpuNotConcrete(let unit): "unit \(unit): the offer does not name its GPUs"
    case .gpuOther(let unit, let key): "unit \(unit): \(key) is not among the accepted GPUs"
    case .gpuNotStated(let unit, let key): "unit \(unit): the provider's record does not state \(key)"
    case .gpuNotAudited(let unit, let key): "unit \(unit): no auditor that counts has signed \(key)"
    }
  }
}
