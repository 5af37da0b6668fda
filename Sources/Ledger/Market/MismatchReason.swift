public import Chain

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
