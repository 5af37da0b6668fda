public import Chain

/// Why a provider rejects a manifest.
public enum ManifestError: Error, Hashable, Sendable {
  /// The bytes are not JSON or not a manifest; `path` is the place of the error.
  case malformed(path: String, reason: String)
  /// The manifest exceeds a limit of bytes, values or levels.
  case tooLarge
  /// The manifest breaks a rule, independently of the order.
  case invalid(path: String, reason: String)
  /// The manifest does not match the ordered groups.
  case mismatch(group: String, reason: String)
}

extension ManifestError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let path, let reason), .invalid(let path, let reason): "\(path): \(reason)"
    case .tooLarge: "the manifest is larger than \(Manifest.byteLimit) bytes or nested too deep"
    case .mismatch(let group, let reason): "group \(quoted(group)): \(reason)"
    }
  }
}

extension Manifest {
  /// Whether the name is a DNS label that begins with a letter. Its length is not limited, as in Akash's
  /// parser.
  static func isServiceName(_ name: String) -> Bool {
    guard let first = name.utf8.first, let last = name.utf8.last else { return false }
    let isLower = UInt8(ascii: "a")...UInt8(ascii: "z")
    return isLower.contains(first) && (isLower.contains(last) || NumberSyntax.isDigit(last))
      && name.utf8.allSatisfy { isLower.contains($0) || NumberSyntax.isDigit($0) || $0 == UInt8(ascii: "-") }
  }

  /// Whether the entry is `NAME` or `NAME=value`, with a name of letters, digits and `_ . -` that does not
  /// begin with a digit and is neither `.` nor begins with `..`.
  static func isEnvironmentEntry(_ entry: String) -> Bool {
    let name = entry.utf8.prefix { $0 != UInt8(ascii: "=") }
    guard let first = name.first, !NumberSyntax.isDigit(first) else { return false }
    guard !name.elementsEqual(".".utf8), !name.starts(with: "..".utf8) else { return false }
    return name.allSatisfy { $0.isAlphanumeric(or: "-._") }
  }

  /// Makes all checks that do not need the order: control characters, names, images, variables, ports, hosts,
  /// the order of services and ports, and that a service is reachable.
  ///
  /// - Throws: `invalid` with the first rule that is broken.
  public func validate() throws(ManifestError) {
    guard !groups.isEmpty else { throw .invalid(path: "manifest", reason: "there is no group") }
    try checkTexts()
    var hosts: Set<Name> = []
    var names: Set<Name> = []
    var isReachable = false
    for (index, group) in groups.enumerated() {
      let path = "[\(index)]"
      guard !group.services.isEmpty else { throw .invalid(path: path, reason: "there is no service") }
      for (position, service) in group.services.enumerated() {
        let at = "\(path).services[\(position)]"
        if position > 0, Name(service.name) < Name(group.services[position - 1].name) {
          throw .invalid(path: at, reason: "services are not in order of their names")
        }
        try service.validate(at, hosts: &hosts, isReachable: &isReachable)
      }
      guard names.insert(Name(group.name)).inserted else {
        throw .invalid(path: path, reason: "the group \(quoted(group.name)) appears twice")
      }
    }
    guard isReachable else { throw .invalid(path: "manifest", reason: "nothing can be reached from outside") }
  }

  /// Makes the checks of `validate`, and checks that the manifest uses exactly the resources of the ordered
  /// groups.
  ///
  /// - Throws: `invalid` or `mismatch` with the first difference.
  public func check(against specs: [GroupSpec]) throws(ManifestError) {
    try validate()
    guard groups.count == specs.count else {
      let reason = "the manifest has \(groups.count) groups, and \(specs.count) were ordered"
      throw .mismatch(group: "", reason: reason)
    }
    var ordered: [Name: GroupSpec] = [:]
    for spec in specs { ordered[Name(spec.name)] = spec }
    for group in groups {
      guard let spec = ordered[Name(group.name)] else {
        throw .mismatch(group: group.name, reason: "no such group was ordered")
      }
      var budget = try GroupBudget(spec)
      for service in group.services { try budget.spend(service) }
      try budget.finish()
    }
  }
}

extension ManifestService {
  fileprivate func validate(
    _ path: String,
    hosts: inout Set<Name>,
    isReachable: inout Bool
  ) throws(ManifestError) {
    guard Manifest.isServiceName(name) else {
      throw .invalid(path: path, reason: "\(quoted(name)) cannot be the name of a service")
    }
    guard !image.isEmpty else { throw .invalid(path: path, reason: "there is no image") }
    guard resources.id > 0 else { throw .invalid(path: path, reason: "the resources have no id") }
    for entry in environment ?? [] where !Manifest.isEnvironmentEntry(entry) {
      throw .invalid(path: "\(path).env", reason: "\(quoted(entry)) is not a variable")
    }
    for (index, expose) in exposes.enumerated() {
      let path = "\(path).expose[\(index)]"
      if index > 0, ServiceExpose.comesBefore(expose, exposes[index - 1]) {
        throw .invalid(path: path, reason: "ports are not in order")
      }
      guard (1...65_535).contains(expose.port) else {
        throw .invalid(path: path, reason: "\(expose.port) is not a port")
      }
      isReachable = isReachable || expose.isGlobal
      for host in expose.hosts ?? [] {
        guard HostSyntax.isDNSName(host) else {
          throw .invalid(path: path, reason: "\(quoted(host)) is not a DNS name")
        }
        guard hosts.insert(Name(host)).inserted else {
          throw .invalid(path: path, reason: "the host \(quoted(host)) appears twice")
        }
      }
    }
  }
}

/// The part of an ordered group's resources that its services have not used yet. Each service is subtracted.
private struct GroupBudget {
  private struct Unit {
    var resources: Resources
    var count: UInt32
    var endpoints: [ServiceEndpoint.Kind: Int]
  }

  private let name: String
  private var units: [UInt32: Unit] = [:]

  init(_ spec: GroupSpec) throws(ManifestError) {
    name = spec.name
    for unit in spec.units {
      guard units[unit.resources.id] == nil else {
        throw .mismatch(group: spec.name, reason: "the id \(unit.resources.id) appears twice")
      }
      let endpoints = Dictionary(grouping: unit.resources.endpoints, by: \.kind).mapValues(\.count)
      units[unit.resources.id] = Unit(resources: unit.resources, count: unit.count, endpoints: endpoints)
    }
  }

  mutating func spend(_ service: ManifestService) throws(ManifestError) {
    let id = service.resources.id
    let mismatch = { [name] (reason: String) in
      let place = "service \(quoted(service.name)), resources \(id)"
      return ManifestError.mismatch(group: name, reason: "\(place): \(reason)")
    }
    guard let unit = units[id] else { throw mismatch("not ordered") }
    guard service.count <= unit.count else {
      throw mismatch("\(service.count) replicas are more than the \(unit.count) left of those ordered")
    }
    let (mine, ordered) = (service.resources, unit.resources)
    guard mine.cpuMillis == ordered.cpuMillis, Self.isSame(mine.cpuAttributes, as: ordered.cpuAttributes)
    else {
      throw mismatch("the cpu differs")
    }
    guard mine.gpus == ordered.gpus, Self.isSame(mine.gpuAttributes, as: ordered.gpuAttributes) else {
      throw mismatch("the gpu differs")
    }
    guard mine.memoryBytes == ordered.memoryBytes,
      Self.isSame(mine.memoryAttributes, as: ordered.memoryAttributes)
    else { throw mismatch("the memory differs") }
    guard Self.isSame(mine.volumes, as: ordered.volumes) else { throw mismatch("the storage differs") }
    for expose in service.exposes where expose.isGlobal {
      try spend(expose.isIngress ? .sharedHTTP : .randomPort, of: id, mismatch)
      if !expose.ip.isEmpty { try spend(.leasedIP, of: id, mismatch) }
    }
    units[id]?.count -= service.count
  }

  private mutating func spend(
    _ kind: ServiceEndpoint.Kind,
    of id: UInt32,
    _ mismatch: (String) -> ManifestError
  ) throws(ManifestError) {
    guard let left = units[id]?.endpoints[kind], left > 0 else {
      throw mismatch("more \(kind.words) are used than ordered")
    }
    units[id]?.endpoints[kind] = left - 1
  }

  /// Checks that the services have used all ordered resources.
  func finish() throws(ManifestError) {
    for (id, unit) in units.sorted(by: { $0.key < $1.key }) {
      for kind in [ServiceEndpoint.Kind.sharedHTTP, .randomPort, .leasedIP] {
        guard let left = unit.endpoints[kind], left > 0 else { continue }
        let reason = "resources \(id): \(left) \(kind.words) are ordered and not used"
        throw .mismatch(group: name, reason: reason)
      }
      guard unit.count == 0 else {
        let reason = "resources \(id): \(unit.count) replicas are ordered and not used"
        throw .mismatch(group: name, reason: reason)
      }
    }
  }

  private static func isSame(_ left: [Attribute], as right: [Attribute]) -> Bool {
    left.elementsEqual(right) { Name($0.key) == Name($1.key) && Name($0.value) == Name($1.value) }
  }

  private static func isSame(_ left: [Volume], as right: [Volume]) -> Bool {
    left.elementsEqual(right) {
      Name($0.name) == Name($1.name) && $0.bytes == $1.bytes && isSame($0.attributes, as: $1.attributes)
    }
  }
}

extension ServiceEndpoint.Kind {
  fileprivate var words: String {
    switch self {
    case .sharedHTTP: "HTTP endpoints"
    case .randomPort: "port endpoints"
    case .leasedIP: "address endpoints"
    }
  }
}
