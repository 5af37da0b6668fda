import Chain

/// A value with its place.
struct Located<Value> {
  var value: Value
  var place: Place
  /// False when the written value cannot be used. An error was reported then.
  var isSound: Bool

  init(_ value: Value, _ place: Place, isSound: Bool = true) {
    self.value = value
    self.place = place
    self.isSound = isSound
  }
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

/// A mapping of plain values. A value that is not written is empty, 0 or false.
struct MappingSource {
  let place: Place
  var texts: [String: Located<String>] = [:]
  var numbers: [String: Located<UInt32>] = [:]
  var flags: [String: Located<Bool>] = [:]
  /// Whether something other than a mapping is written. All values are unsound then.
  var isBroken = false

  func text(_ key: String) -> Located<String> { texts[key] ?? missing("", key) }
  func number(_ key: String) -> Located<UInt32> { numbers[key] ?? missing(0, key) }
  func flag(_ key: String) -> Located<Bool> { flags[key] ?? missing(false, key) }

  private func missing<Value>(_ value: Value, _ key: String) -> Located<Value> {
    Located(value, place.key(key), isSound: !isBroken)
  }
}

/// A `deploy.yaml` as typed sections. Each value has been checked on its own; references are not resolved
/// yet.
struct SourceDocument {
  let root: Place
  var version = Deployment.Version.v2_0
  var services = NameMap<ServiceSource>()
  var computeProfiles = NameMap<ComputeSource>()
  var placements = NameMap<PlacementSource>()
  var deployments = NameMap<DeploymentSource>()
  /// The key is `kind`.
  var endpoints = NameMap<MappingSource>()
  /// The key is `min_window`.
  var reclamation: MappingSource?
  /// Sections that could not be read at all. References to their entries are not reported as errors.
  var brokenSections: Set<String> = []
}

struct ServiceSource {
  let place: Place
  var image: Located<String>
  var command: [Located<String>]?
  var arguments: [Located<String>]?
  var environment: [Located<String>]?
  var exposes: [ExposeSource] = []
  var parameters: ParametersSource?
  /// The login for a private image registry: `host`, `email`, `username` and `password`.
  var credentials: MappingSource?
  /// Whether one of the service's exposed ports is unusable, so that it is unknown whether the service is
  /// reachable.
  var hasUnsoundExposes = false

  init(_ place: Place) {
    self.place = place
    image = Located("", place.key("image"))
  }
}

struct ExposeSource {
  /// The keys are `port`, `as` and `proto`.
  var values: MappingSource
  var targets: [TargetSource] = []
  var hosts: [Located<String>]?
  /// The HTTP options that are numbers.
  var options: [String: Located<UInt32>] = [:]
  var nextCases: [Located<String>] = []
}

struct TargetSource {
  var service: String
  var isGlobal: Located<Bool>
  var ip: Located<String>
}

struct ParametersSource {
  var mounts = NameMap<MappingSource>()
  /// Nil when the file has no permissions for the service.
  var permissions: [String]?
  var tee: Located<String>
}

struct ComputeSource {
  let place: Place
  var resources: Slot<ResourcesSource> = .absent
}

struct ResourcesSource {
  let place: Place
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
  var units: Located<UInt64>
  /// Sorted by key.
  var attributes: [Attribute] = []
  /// Where the attributes are written.
  var attributesPlace: Place
  var hasSoundAttributes = true
  var models: [GPUModelSource] = []
  /// Vendors in the file other than `nvidia`; they are ignored.
  var otherVendors: [Located<String>] = []
  var namesNvidia = false
}

struct GPUModelSource {
  let path: Path
  var model: Located<String>
  /// The memory of one GPU, in GiB.
  var memory: Located<UInt64>?
  var interface: Located<String>?
}

struct VolumeSource {
  var name: Located<String>
  var bytes: Located<UInt64>
  /// Sorted by key.
  var attributes: [Attribute] = []

  func attribute(_ key: String) -> String? {
    attributes.first { $0.key == key }?.value
  }
}

struct PlacementSource {
  var attributes: [Attribute] = []
  var allOf: [String]?
  var anyOf: [String]?
  var prices = NameMap<PriceSource>()
  var hasUnsoundPrices = false
}

struct PriceSource {
  let place: Place
  /// The amount. Its value is nil for a null entry; it is not sound when the written amount cannot be used.
  var price: Located<PriceAmount?>
  var denomination: Located<String>
}

struct DeploymentSource {
  /// The deployment of one service at each placement; the keys are `profile` and `count`.
  var uses = NameMap<MappingSource>()
}
