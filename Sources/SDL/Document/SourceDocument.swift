import Chain

/// A value with the place where it is written; if it is missing, the place where it belongs.
struct Located<Value> {
  var value: Value
  /// The value's node, or the node that should contain it.
  var node: Int
  /// False when the written value cannot be used. An error was reported then.
  var isSound = true
}

/// A part of a document: missing, unusable (an error was reported), or present.
enum Slot<Value> {
  case absent
  case broken
  case present(Value)

  var value: Value? {
    if case .present(let value) = self { value } else { nil }
  }

  var isBroken: Bool {
    if case .broken = self { true } else { false }
  }
}

/// A `deploy.yaml` as typed sections. Each value has been checked on its own; references are not resolved
/// yet.
struct SourceDocument {
  enum Version {
    case v2_0
    case v2_1
  }

  var root: Int
  var version = Version.v2_0
  var services = NameMap<ServiceSource>()
  var computeProfiles = NameMap<ComputeSource>()
  var placements = NameMap<PlacementSource>()
  var deployments = NameMap<DeploymentSource>()
  var endpoints = NameMap<EndpointSource>()
  var reclamation: ReclamationSource?
  /// Sections that could not be read at all. References to their entries are not reported as errors.
  var brokenSections: Set<String> = []
}

struct ServiceSource {
  var node: Int
  var path: Path
  var image: Located<String>
  var command: [Located<String>]?
  var arguments: [Located<String>]?
  var environment: [Located<String>]?
  var exposes: [ExposeSource] = []
  var parameters: ParametersSource?
  var credentials: CredentialsSource?
  /// True when one of its exposed ports is unusable, so that it is unknown whether the service is reachable.
  var hasUnsoundExposes = false
}

struct ExposeSource {
  var node: Int
  var path: Path
  var port: Located<UInt32>
  var external: Located<UInt32>
  var proto: Located<String>
  var targets: [TargetSource] = []
  var hosts: [Located<String>]?
  var options: HTTPOptionsSource
}

struct TargetSource {
  var node: Int
  var path: Path
  var service: Located<String>
  var isGlobal: Located<Bool>
  var ip: Located<String>
}

struct HTTPOptionsSource {
  var path: Path
  var maxBodySize: Located<UInt32>
  var proxyBufferSize: Located<UInt32>
  var readTimeout: Located<UInt32>
  var sendTimeout: Located<UInt32>
  var nextTries: Located<UInt32>
  var nextTimeout: Located<UInt32>
  var nextCases: [Located<String>] = []
}

struct ParametersSource {
  var path: Path
  var mounts = NameMap<MountSource>()
  /// Nil when the file has no permissions for the service.
  var permissions: [String]?
  var tee: Located<String>
}

struct MountSource {
  var path: Path
  var mount: Located<String>
  var isReadOnly: Located<Bool>
}

/// The login for a private image registry.
struct CredentialsSource {
  var node: Int
  var path: Path
  var host: Located<String>
  var email: Located<String>
  var username: Located<String>
  var password: Located<String>
}

struct ComputeSource {
  var node: Int
  var path: Path
  var resources: Slot<ResourcesSource> = .absent
}

struct ResourcesSource {
  var node: Int
  var path: Path
  var cpu: Slot<CPUSource> = .absent
  var gpu: Slot<GPUSource> = .absent
  var memory: Slot<Located<UInt64>> = .absent
  var storage: Slot<[VolumeSource]> = .absent
}

struct CPUSource {
  var units: Located<UInt64>
  var attributes: [Located<Attribute>] = []
}

struct GPUSource {
  var node: Int
  var units: Located<UInt64>
  /// Sorted by key.
  var attributes: [Attribute] = []
  /// The node in which the attributes are written.
  var attributesNode: Int
  var hasSoundAttributes = true
  var models: [GPUModelSource] = []
  /// Vendors in the file other than `nvidia`; they are ignored.
  var otherVendors: [Located<String>] = []
  var namesNvidia = false
}

struct GPUModelSource {
  var path: Path
  var model: Located<String>
  /// In GiB.
  var memory: Located<UInt64>?
  var interface: Located<String>?
}

struct VolumeSource {
  var node: Int
  var path: Path
  var name: Located<String>
  var bytes: Located<UInt64>
  /// Sorted by key.
  var attributes: [Attribute] = []

  func attribute(_ key: String) -> String? {
    attributes.first { $0.key == key }?.value
  }
}

struct PlacementSource {
  var node: Int
  var path: Path
  var attributes: [Attribute] = []
  var allOf: [String]?
  var anyOf: [String]?
  var prices = NameMap<PriceSource>()
  var hasUnsoundPrices = false
}

struct PriceSource {
  var node: Int
  var path: Path
  /// Nil for an entry that is null; not sound when the amount cannot be used.
  var price: Located<PriceAmount?>
  var denomination: Located<String>
}

struct DeploymentSource {
  var node: Int
  var path: Path
  var uses = NameMap<UseSource>()
}

/// The deployment of one service at one placement.
struct UseSource {
  var node: Int
  var path: Path
  var profile: Located<String>
  var count: Located<UInt32>
}

struct EndpointSource {
  var node: Int
  var path: Path
  var kind: Located<String>
}

struct ReclamationSource {
  var path: Path
  var window: Located<String>
}
