public import Chain

/// Checks whether the resources that a bid offers fit the group.
public enum OfferCheck {
  /// The first fault; nil when the offer fits.
  ///
  /// The offer must have each unit of the group once, with the same numbers of replicas and GPUs and at least
  /// its CPU, memory and volumes. It must name its GPUs without wildcards, by keys that the provider's record
  /// states (and auditors have signed, where the order requires that), and the group must accept one of them.
  public static func fault(
    _ offer: [ResourceOffer],
    for spec: GroupSpec,
    attributes: [Attribute],
    requiresAuditedGPUs: Bool = false,
    signed: Matching.SignedAttributeLookup
  ) -> OfferFault? {
    guard offer.count == spec.units.count else {
      return .unitCount(wanted: spec.units.count, offered: offer.count)
    }
    for unit in spec.units {
      let id = unit.resources.id
      guard let offered = offer.first(where: { $0.resources.id == id }) else { return .unitMissing(id) }
      guard offered.count == unit.count else { return .replicas(unit: id) }
      if let fault = amounts(offered.resources, unit.resources) { return fault }
      if let fault = gpus(offered.resources, unit.resources, attributes: attributes) { return fault }
      guard requiresAuditedGPUs else { continue }
      if let fault = audit(offered.resources, spec.requirements, signed: signed) { return fault }
    }
    return nil
  }

  private static func amounts(_ offered: Resources, _ wanted: Resources) -> OfferFault? {
    guard offered.cpuMillis >= wanted.cpuMillis else { return .cpu(unit: wanted.id) }
    guard offered.memoryBytes >= wanted.memoryBytes else { return .memory(unit: wanted.id) }
    guard offered.volumes.count == wanted.volumes.count else { return .storage(unit: wanted.id) }
    for (volume, least) in zip(offered.volumes, wanted.volumes) {
      let fits =
        volume.bytes >= least.bytes && least.attributes.allSatisfy { $0.isMet(byOneOf: volume.attributes) }
      guard fits else { return .storage(unit: wanted.id) }
    }
    guard offered.gpus == wanted.gpus else { return .gpuCount(unit: wanted.id) }
    return nil
  }

  private static func gpus(
    _ offered: Resources,
    _ wanted: Resources,
    attributes: [Attribute]
  ) -> OfferFault? {
    guard wanted.gpus > 0 else { return offered.gpuAttributes.isEmpty ? nil : .gpuCount(unit: wanted.id) }
    guard let first = offered.gpuAttributes.first,
      !offered.gpuAttributes.contains(where: { $0.key.contains("*") || $0.value != "true" })
    else { return .gpuNotConcrete(unit: wanted.id) }
    let stated = Capabilities.gpus(of: attributes)
    if let missing = offered.gpuAttributes.first(where: { !stated.contains($0) }) {
      return .gpuNotStated(unit: wanted.id, key: missing.key)
    }
    guard !wanted.gpuAttributes.isEmpty else { return nil }
    let matchingKeys = offered.gpuAttributes.flatMap { GPUKey.generalisations(of: $0.key) }
    let accepted = wanted.gpuAttributes.contains { request in
      matchingKeys.contains { request.value == "true" && AttributePattern.matches(request.key, $0) }
    }
    return accepted ? nil : .gpuOther(unit: wanted.id, key: first.key)
  }

  private static func audit(
    _ offered: Resources,
    _ requirements: PlacementRequirements,
    signed: Matching.SignedAttributeLookup
  ) -> OfferFault? {
    for attribute in offered.gpuAttributes {
      func vouches(_ auditor: String) -> Bool {
        signed(auditor).map { Capabilities.gpus(of: $0).contains(attribute) } ?? false
      }
      let any = requirements.anyOf.isEmpty || requirements.anyOf.contains(where: vouches)
      guard requirements.allOf.allSatisfy(vouches), any else {
        return .gpuNotAudited(unit: offered.id, key: attribute.key)
      }
    }
    return nil
  }
}

/// GPU keys, `vendor/<vendor>/model/<model>[/ram/<size>][/interface/<kind>]`.
public enum GPUKey {
  /// The key itself and all less specific keys for the same device: without the interface, without the
  /// memory, without both. A provider states all of them, since a request matches only a key with the same
  /// number of parts.
  public static func generalisations(of key: String) -> [String] {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0] == "vendor", parts[2] == "model" else { return [key] }
    let model = parts[0..<4].joined(separator: "/")
    var memory = ""
    var interface = ""
    var index = 4
    while index + 1 < parts.count {
      switch parts[index] {
      case "ram": memory = "/ram/" + parts[index + 1]
      case "interface": interface = "/interface/" + parts[index + 1]
      default: return [key]
      }
      index += 2
    }
    guard index == parts.count else { return [key] }
    var keys = [key]
    for candidate in [model + memory + interface, model + memory, model + interface, model]
    where !keys.contains(candidate) { keys.append(candidate) }
    return keys
  }
}

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
  /// The group does not accept the GPU that the offer names.
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
