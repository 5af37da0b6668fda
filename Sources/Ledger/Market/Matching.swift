public import Chain

/// Whether a provider can serve a group: labels only, capacity is the provider's own business (Akash API
/// v0.0.27, `go/node/types/v1beta3/attribute.go` and `go/node/deployment/v1beta3/groupspec.go`).
///
/// What each party may state is bounded by `ChainLimits`, so the work is bounded too.
public enum Matching {
  /// What auditors have signed about a provider, by the auditor's text.
  public typealias SignedAttributes = (_ auditor: String) -> [Attribute]?

  /// Why the provider does not match.
  ///
  /// - Parameters:
  ///   - spec: What is wanted.
  ///   - attributes: What the provider states about itself.
  ///   - requiresAuditedGPUs: The auditors that the group names must vouch for its GPUs too.
  ///   - signed: What an auditor has signed about the provider; nil where it has signed nothing.
  /// - Returns: The first reason; nil when it matches.
  public static func whyNot(
    _ spec: GroupSpec,
    attributes: [Attribute],
    requiresAuditedGPUs: Bool = false,
    signed: SignedAttributes
  ) -> MismatchReason? {
    if let reason = placement(spec.requirements, attributes: attributes, signed: signed) {
      return reason
    }
    for unit in spec.units {
      if let reason = storage(unit.resources, attributes: attributes) { return reason }
      if let reason = gpu(unit.resources, attributes: attributes) { return reason }
      guard requiresAuditedGPUs else { continue }
      if let reason = auditedGPU(unit.resources, spec.requirements, signed: signed) {
        return reason
      }
    }
    return nil
  }

  /// Placement: the provider's own attributes decide only when nobody has to sign.
  static func placement(
    _ requirements: PlacementRequirements,
    attributes: [Attribute],
    signed: SignedAttributes
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

  /// Each volume with attributes needs one capability group that has them all.
  static func storage(_ resources: Resources, attributes: [Attribute]) -> MismatchReason? {
    for volume in resources.volumes where !volume.attributes.isEmpty {
      let groups = Capabilities.storageGroups(of: attributes)
      let fits = groups.contains { group in
        volume.attributes.allSatisfy { $0.isMet(byOneOf: group) }
      }
      guard fits else {
        return .storage(unit: resources.id, volume: volume.name, volume.attributes)
      }
    }
    return nil
  }

  /// Any one of the GPU keys suffices; none asked for, nothing is needed.
  static func gpu(_ resources: Resources, attributes: [Attribute]) -> MismatchReason? {
    guard resources.gpus > 0, !resources.gpuAttributes.isEmpty else { return nil }
    let stated = Capabilities.gpus(of: attributes)
    guard resources.gpuAttributes.contains(where: { $0.isMet(byOneOf: stated) }) else {
      return .gpu(unit: resources.id, keys: resources.gpuAttributes.map(\.key))
    }
    return nil
  }

  /// Every allOf auditor, and one of the anyOf ones, must have signed one of the GPU keys.
  static func auditedGPU(
    _ resources: Resources,
    _ requirements: PlacementRequirements,
    signed: SignedAttributes
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

/// What a provider's attributes say about its storage and GPUs.
enum Capabilities {
  static let gpuPrefix = "capabilities/gpu/"

  /// What follows `capabilities/gpu/` in keys of at least four parts.
  static func gpus(of attributes: [Attribute]) -> [Attribute] {
    attributes.compactMap { attribute in
      guard attribute.key.hasPrefix(gpuPrefix) else { return nil }
      let key = attribute.key.dropFirst(gpuPrefix.count)
      return key.contains("/") ? Attribute(key: String(key), value: attribute.value) : nil
    }
  }

  /// The attributes of keys of exactly the form `capabilities/storage/<index>/<key>`, by index.
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
