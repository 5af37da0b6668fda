public import Chain

/// Decides whether a provider can serve a group by its attributes. Capacity is not compared: only the
/// provider knows it. (Akash API v0.0.27, `go/node/types/v1beta3/attribute.go` and
/// `go/node/deployment/v1beta3/groupspec.go`.)
///
/// `ChainLimits` bounds the number of attributes of each party, and so the work.
public enum Matching {
  /// Returns the attributes that an auditor, given by its address as text, has signed about the provider; nil
  /// when it has signed none.
  public typealias SignedAttributeLookup = (_ auditor: String) -> [Attribute]?

  /// Why the provider does not match.
  ///
  /// - Parameters:
  ///   - spec: The group.
  ///   - attributes: The attributes that the provider states about itself.
  ///   - requiresAuditedGPUs: Whether the auditors that the group names must have signed its GPUs too.
  ///   - signed: The attributes that an auditor has signed about the provider.
  /// - Returns: The first reason; nil when it matches.
  public static func mismatch(
    _ spec: GroupSpec,
    attributes: [Attribute],
    requiresAuditedGPUs: Bool = false,
    signed: SignedAttributeLookup
  ) -> MismatchReason? {
    if let reason = placement(spec.requirements, attributes: attributes, signed: signed) { return reason }
    for unit in spec.units {
      if let reason = storage(unit.resources, attributes: attributes) { return reason }
      if let reason = gpu(unit.resources, attributes: attributes) { return reason }
      guard requiresAuditedGPUs else { continue }
      if let reason = auditedGPU(unit.resources, spec.requirements, signed: signed) { return reason }
    }
    return nil
  }

  /// Checks the placement requirements. The provider's own attributes decide only when no auditor is named.
  static func placement(
    _ requirements: PlacementRequirements,
    attributes: [Attribute],
    signed: SignedAttributeLookup
  ) -> MismatchReason? {
    let wanted = requirements.attributes
    guard !requirements.allOf.isEmpty || !requirements.anyOf.isEmpty else {
      return wanted.first { !$0.isMet(byOneOf: attributes) }.map { .attribute($0) }
    }
    for auditor in requirements.allOf {
      guard let record = signed(auditor) else { return .notAudited(auditor: auditor) }
      if let missing = wanted.first(where: { !$0.isMet(byOneOf: record) }) {
        return .auditorLacks(auditor: auditor, missing)
      }
    }
    guard !requirements.anyOf.isEmpty else { return nil }
    let vouches = requirements.anyOf.contains { auditor in
      guard let record = signed(auditor) else { return false }
      return wanted.allSatisfy { $0.isMet(byOneOf: record) }
    }
    return vouches ? nil : .noAuditor(of: requirements.anyOf)
  }

  /// Checks the volumes. For each volume that has attributes, one storage group of the provider must have all
  /// of those attributes.
  static func storage(_ resources: Resources, attributes: [Attribute]) -> MismatchReason? {
    for volume in resources.volumes where !volume.attributes.isEmpty {
      let groups = Capabilities.storageGroups(of: attributes)
      let fits = groups.contains { group in
        volume.attributes.allSatisfy { $0.isMet(byOneOf: group) }
      }
      guard fits else { return .storage(unit: resources.id, volume: volume.name, volume.attributes) }
    }
    return nil
  }

  /// Checks the GPU keys: the provider must state one of them. When the unit names none, any GPU will do.
  static func gpu(_ resources: Resources, attributes: [Attribute]) -> MismatchReason? {
    guard resources.gpus > 0, !resources.gpuAttributes.isEmpty else { return nil }
    let stated = Capabilities.gpus(of: attributes)
    guard resources.gpuAttributes.contains(where: { $0.isMet(byOneOf: stated) }) else {
      return .gpu(unit: resources.id, keys: resources.gpuAttributes.map(\.key))
    }
    return nil
  }

  /// Checks that every auditor in `allOf`, and one of those in `anyOf`, has signed one of the GPU keys.
  static func auditedGPU(
    _ resources: Resources,
    _ requirements: PlacementRequirements,
    signed: SignedAttributeLookup
  ) -> MismatchReason? {
    guard resources.gpus > 0, !resources.gpuAttributes.isEmpty else { return nil }
    func vouches(_ auditor: String) -> Bool {
      guard let record = signed(auditor) else { return false }
      return gpu(resources, attributes: record) == nil
    }
    let named = !requirements.allOf.isEmpty || !requirements.anyOf.isEmpty
    let any = requirements.anyOf.isEmpty || requirements.anyOf.contains(where: vouches)
    guard named, requirements.allOf.allSatisfy(vouches), any else {
      return .gpuNotAudited(unit: resources.id, keys: resources.gpuAttributes.map(\.key))
    }
    return nil
  }
}

/// Reads the storage and GPU capabilities from a provider's attributes.
enum Capabilities {
  static let gpuPrefix = "capabilities/gpu/"

  /// Returns the provider's GPU attributes with `capabilities/gpu/` removed from their keys. A key whose rest
  /// contains no slash is left out.
  static func gpus(of attributes: [Attribute]) -> [Attribute] {
    attributes.compactMap { attribute in
      guard attribute.key.hasPrefix(gpuPrefix) else { return nil }
      let key = attribute.key.dropFirst(gpuPrefix.count)
      return key.contains("/") ? Attribute(key: String(key), value: attribute.value) : nil
    }
  }

  /// The attributes with keys of exactly the form `capabilities/storage/<index>/<key>`, grouped by index. Only
  /// `<key>` is left of their keys.
  static func storageGroups(of attributes: [Attribute]) -> [[Attribute]] {
    var indices: [String] = []
    var groups: [[Attribute]] = []
    for attribute in attributes {
      let parts = attribute.key.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 4, parts[0] == "capabilities", parts[1] == "storage" else { continue }
      let stated = Attribute(key: String(parts[3]), value: attribute.value)
      if let position = indices.firstIndex(of: String(parts[2])) {
        groups[position].append(stated)
      } else {
        indices.append(String(parts[2]))
        groups.append([stated])
      }
    }
    return groups
  }
}

/// The first reason why a provider cannot serve a group.
public enum MismatchReason: Hashable, Sendable, CustomStringConvertible {
  /// An auditor of `allOf` has signed nothing about this provider.
  case notAudited(auditor: String)
  /// An auditor of `allOf` has not signed this attribute.
  case auditorLacks(auditor: String, Attribute)
  /// No auditor of `anyOf` has signed all required attributes.
  case noAuditor(of: [String])
  /// The provider does not state this attribute.
  case attribute(Attribute)
  /// No storage group of the provider has all of these attributes.
  case storage(unit: UInt32, volume: String, [Attribute])
  /// The provider states none of these GPU keys.
  case gpu(unit: UInt32, keys: [String])
  /// The provider states one of these GPU keys, but the required auditors have not signed any.
  case gpuNotAudited(unit: UInt32, keys: [String])

  /// Whether the mismatch is about resources, not about placement.
  public var isCapability: Bool {
    switch self {
    case .notAudited, .auditorLacks, .noAuditor, .attribute: false
    case .storage, .gpu, .gpuNotAudited: true
    }
  }

  /// A fixed name for programs.
  public var code: String {
    switch self {
    case .notAudited: "not_audited"
    case .auditorLacks: "auditor_lacks"
    case .noAuditor: "no_auditor"
    case .attribute: "attribute"
    case .storage: "storage"
    case .gpu: "gpu"
    case .gpuNotAudited: "gpu_not_audited"
    }
  }

  public var description: String {
    switch self {
    case .notAudited(let auditor): "auditor \(auditor) has signed nothing about the provider"
    case .auditorLacks(let auditor, let attribute):
      "auditor \(auditor) has not signed \(attribute.key)=\(attribute.value)"
    case .noAuditor(let auditors):
      "none of the auditors \(auditors.joined(separator: ", ")) has signed it all"
    case .attribute(let attribute): "the provider does not state \(attribute.key)=\(attribute.value)"
    case .storage(let unit, let volume, let attributes):
      "unit \(unit), volume \(volume): no storage of the provider has "
        + attributes.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    case .gpu(let unit, let keys): "unit \(unit): the provider has none of \(keys.joined(separator: ", "))"
    case .gpuNotAudited(let unit, let keys):
      "unit \(unit): no auditor that counts has signed \(keys.joined(separator: " or "))"
    }
  }
}
