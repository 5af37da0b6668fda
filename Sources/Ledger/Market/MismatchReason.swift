public import Chain

/// The first reason why a provider cannot serve a group.
public enum MismatchReason: Hashable, Sendable, CustomStringConvertible {
  /// An auditor that must vouch has signed nothing about this provider.
  case notAudited(auditor: String)
  /// An auditor that must vouch has not signed this.
  case auditorLacks(auditor: String, Attribute)
  /// None of the auditors of which one must vouch has signed everything.
  case noAuditor(of: [String])
  /// The provider does not state this.
  case attribute(Attribute)
  /// No storage capability of the provider has all of these.
  case storage(unit: UInt32, volume: String, [Attribute])
  /// The provider states none of these GPU keys.
  case gpu(unit: UInt32, keys: [String])
  /// The provider states them, but no auditor that counts has signed one.
  case gpuNotAudited(unit: UInt32, keys: [String])

  /// Whether resources, not placement, are what does not fit.
  public var isCapability: Bool {
    switch self {
    case .notAudited, .auditorLacks, .noAuditor, .attribute: false
    case .storage, .gpu, .gpuNotAudited: true
    }
  }

  /// A stable word for programs.
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
    case .attribute(let attribute):
      "the provider does not state \(attribute.key)=\(attribute.value)"
    case .storage(let unit, let volume, let attributes):
      "unit \(unit), volume \(volume): no storage of the provider has "
        + attributes.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    case .gpu(let unit, let keys):
      "unit \(unit): the provider has none of \(keys.joined(separator: ", "))"
    case .gpuNotAudited(let unit, let keys):
      "unit \(unit): no auditor that counts has signed \(keys.joined(separator: " or "))"
    }
  }
}
