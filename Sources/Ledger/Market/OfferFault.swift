/// Why a bid's resource offer is not what the group asks for.
public enum OfferFault: Hashable, Sendable, CustomStringConvertible {
  /// The units of group and offer differ in number.
  case unitCount(wanted: Int, offered: Int)
  /// A unit of the group has no offer.
  case unitMissing(UInt32)
  case replicas(unit: UInt32)
  case cpu(unit: UInt32)
  case memory(unit: UInt32)
  case storage(unit: UInt32)
  case gpuCount(unit: UInt32)
  /// An offer of GPUs must name them without wildcards.
  case gpuNotConcrete(unit: UInt32)
  /// The named GPU is none of those that the group accepts.
  case gpuOther(unit: UInt32, key: String)
  /// The provider's record does not state the GPU.
  case gpuNotStated(unit: UInt32, key: String)
  /// The order wants audited GPUs, and no auditor that counts has signed this one.
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
    case .gpuNotStated(let unit, let key):
      "unit \(unit): the provider's record does not state \(key)"
    case .gpuNotAudited(let unit, let key): "unit \(unit): no auditor that counts has signed \(key)"
    }
  }
}
