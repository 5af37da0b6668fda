public import Chain

/// Compares a group with the free capacity that a provider announced in its offer.
///
/// The announced numbers are not verified and may be minutes old. The result only explains to a user why
/// nobody bids; nothing depends on it.
public enum FreeCapacity {
  /// A resource of which too little is free. Amounts are for all replicas of the group together.
  public enum Shortage: Hashable, Sendable, CustomStringConvertible {
    case cpu(needed: UInt64, free: UInt64)
    case memory(needed: UInt64, free: UInt64)
    case storage(needed: UInt64, free: UInt64)
    case gpus(unit: UInt32, needed: UInt64, free: UInt64)

    public var description: String {
      switch self {
      case .cpu(let needed, let free): "\(needed) thousandths of a CPU are needed, \(free) are free"
      case .memory(let needed, let free): "\(needed) bytes of memory are needed, \(free) are free"
      case .storage(let needed, let free): "\(needed) bytes of storage are needed, \(free) are free"
      case .gpus(let unit, let needed, let free):
        "unit \(unit): \(needed) GPUs of the kind are needed, \(free) are free"
      }
    }
  }

  /// The first shortage; nil when everything seems to fit.
  public static func shortage(of spec: GroupSpec, in offer: Offer) -> Shortage? {
    func total(_ part: (Resources) -> UInt64) -> UInt64 {
      spec.units.reduce(0) { sum, unit in
        let (product, isLarge) = part(unit.resources).multipliedReportingOverflow(by: UInt64(unit.count))
        let (total, isLarger) = sum.addingReportingOverflow(product)
        return isLarge || isLarger ? .max : total
      }
    }
    let cpu = total(\.cpuMillis)
    guard cpu <= offer.cpuMillis.free else { return .cpu(needed: cpu, free: offer.cpuMillis.free) }
    let memory = total(\.memoryBytes)
    guard memory <= offer.memoryBytes.free else {
      return .memory(needed: memory, free: offer.memoryBytes.free)
    }
    let storage = total { $0.volumes.reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue } }
    guard storage <= offer.storageBytes.free else {
      return .storage(needed: storage, free: offer.storageBytes.free)
    }
    for unit in spec.units where unit.resources.gpus > 0 {
      let needed = unit.resources.gpus.multipliedReportingOverflow(by: UInt64(unit.count)).partialValue
      let free = offer.gpus.reduce(UInt64(0)) {
        $0 + ($1.serves(unit.resources.gpuAttributes) ? UInt64($1.free) : 0)
      }
      guard needed <= free else { return .gpus(unit: unit.resources.id, needed: needed, free: free) }
    }
    return nil
  }
}

extension Offer.GPU {
  /// Whether the GPU is one of the wanted ones. An empty list stands for any GPU.
  fileprivate func serves(_ wanted: [Attribute]) -> Bool {
    guard !wanted.isEmpty else { return true }
    var key = "vendor/\(vendor)/model/\(model)"
    if !memory.isEmpty { key += "/ram/\(memory)" }
    if !interface.isEmpty { key += "/interface/\(interface)" }
    let matchingKeys = GPUKey.generalisations(of: key)
    return wanted.contains { request in
      request.value == "true" && matchingKeys.contains { AttributePattern.matches(request.key, $0) }
    }
  }
}
