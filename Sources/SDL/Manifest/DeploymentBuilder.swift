import Chain
import Primitives

/// Builds the groups and the manifest of a document that has no errors.
struct DeploymentBuilder {
  private let document: SourceDocument
  private let uses: [DocumentChecker.Use]
  private let addressNumbers: [Name: UInt32]

  private struct Group {
    var spec: GroupSpec
    var manifest: ManifestGroup
    var emptyAuditorLists: Set<String> = []
    /// The position of each compute profile's unit; used in version 2.1, where services share units.
    var units: [Name: Int] = [:]
    /// The positions of the units that more than one service uses.
    var shared: Set<Int> = []
    var isConfidential = false
  }

  /// - Precondition: `checker` has found no error.
  init(_ checker: DocumentChecker) {
    document = checker.document
    uses = checker.uses
    // Services that `deployment` names without any placement count too.
    let named = checker.document.deployments.sorted.compactMap { checker.document.services[$0.name] }
    addressNumbers = Self.numberAddresses(named)
  }

  /// Builds the deployment; nil only when a part is missing that `DocumentChecker` requires.
  func build() -> Deployment? {
    var groups: [Name: Group] = [:]
    for use in uses {
      let name = Name(use.placementName)
      guard let placement = use.placement else { return nil }
      if groups[name] == nil {
        let requirements = PlacementRequirements(
          attributes: placement.attributes,
          allOf: placement.allOf ?? [],
          anyOf: placement.anyOf ?? []
        )
        let lists = [("all_of", placement.allOf), ("any_of", placement.anyOf)]
        groups[name] = Group(
          spec: GroupSpec(name: use.placementName, requirements: requirements, units: []),
          manifest: ManifestGroup(name: use.placementName, services: []),
          emptyAuditorLists: Set(lists.filter { $0.1?.isEmpty == true }.map(\.0))
        )
      }
      guard let (unit, service) = parts(of: use) else { return nil }
      add(unit, service, profile: Name(use.profile.value), to: &groups[name])
    }
    let sorted = groups.sorted { $0.key < $1.key }.map(\.value)
    let window = document.reclamation.flatMap { Durations.nanoseconds($0.text("min_window").value) }
    return Deployment(
      version: document.version,
      groups: sorted.map(Self.finished),
      emptyAuditorLists: sorted.map(\.emptyAuditorLists),
      manifest: Manifest(groups: sorted.map(\.manifest)),
      reclamationWindow: window.flatMap { UInt64(exactly: $0) }.map(Interval.init(nanoseconds:))
    )
  }

  /// Adds a service and its unit to a group. In version 2.1, services with the same profile at the same
  /// placement share a unit; in 2.0 each has its own.
  private func add(_ unit: ResourceUnit, _ service: ManifestService, profile: Name, to slot: inout Group?) {
    guard var group = slot.take() else { return }
    var service = service
    if document.version == .v2_1, let index = group.units[profile] {
      let id = group.spec.units[index].resources.id
      let (count, overflow) = group.spec.units[index].count.addingReportingOverflow(unit.count)
      group.spec.units[index].count = overflow ? .max : count
      group.spec.units[index].resources.endpoints += unit.resources.endpoints
      group.shared.insert(index)
      service.resources.id = id
    } else {
      var unit = unit
      unit.resources.id = UInt32(group.spec.units.count + 1)
      service.resources.id = unit.resources.id
      group.units[profile] = group.spec.units.count
      group.spec.units.append(unit)
    }
    if let type = service.parameters?.confidentialComputing?.type, !group.isConfidential {
      Self.require(type, of: &group.spec)
      group.isConfidential = true
    }
    group.manifest.services.append(service)
    slot = group
  }

  /// Adds an attribute that only providers with confidential computing (a trusted execution environment)
  /// have.
  private static func require(_ type: String, of spec: inout GroupSpec) {
    let attribute = Attribute(key: "tee/type", value: type)
    // The attribute goes after those with the same key, as with a stable sort.
    let index = spec.requirements.attributes.firstIndex { Name(attribute.key) < Name($0.key) }
    spec.requirements.attributes.insert(attribute, at: index ?? spec.requirements.attributes.endIndex)
  }

  /// Sorts a shared unit's endpoints by number; those with equal numbers keep their order.
  private static func finished(_ group: Group) -> GroupSpec {
    var spec = group.spec
    for index in group.shared.sorted() {
      let endpoints = spec.units[index].resources.endpoints.enumerated()
      spec.units[index].resources.endpoints =
        endpoints
        .sorted { ($0.element.sequence, $0.offset) < ($1.element.sequence, $1.offset) }
        .map(\.element)
    }
    return spec
  }

  /// Numbers the leased addresses. An address's number is its last position, from 1, in the sorted list of
  /// the `ip` names of all targets. Global targets without a name are left out. Internal targets have an
  /// empty name; they are in the list and so shift the numbers.
  private static func numberAddresses(_ services: [ServiceSource]) -> [Name: UInt32] {
    let names = services.flatMap(\.exposes).flatMap(\.targets)
      .filter { !($0.isGlobal.value && $0.ip.value.isEmpty) }
      .map { Name($0.ip.value) }
      .sorted()
    var numbers: [Name: UInt32] = [:]
    for (index, name) in names.enumerated() { numbers[name] = UInt32(index + 1) }
    return numbers
  }
}

extension DeploymentBuilder {
  private func parts(of use: DocumentChecker.Use) -> (unit: ResourceUnit, service: ManifestService)? {
    guard let source = use.service, let price = use.price,
      case .exact(let amount)? = price.price.value, let denomination = Denomination(price.denomination.value),
      var resources = resources(of: use)
    else { return nil }
    let exposes = exposes(of: source)
    resources.endpoints = exposes.flatMap(\.endpoints)
    let unit = ResourceUnit(
      resources: resources,
      count: use.count.value,
      price: DecimalCoin(amount, denomination)
    )
    let service = ManifestService(
      name: use.serviceName,
      image: source.image.value,
      command: source.command?.map(\.value),
      arguments: source.arguments?.map(\.value),
      environment: source.environment?.map(\.value),
      resources: resources,
      count: use.count.value,
      exposes: exposes,
      parameters: source.parameters.map(parameters),
      credentials: source.credentials.map(credentials)
    )
    return (unit, service)
  }

  private func resources(of use: DocumentChecker.Use) -> Resources? {
    guard let source = use.resources, let cpu = source.cpu.value, let memory = source.memory.value,
      let volumes = source.storage.value
    else { return nil }
    return Resources(
      id: 0,
      cpuMillis: cpu.units.value,
      cpuAttributes: cpu.attributes.map(\.value),
      memoryBytes: memory.value,
      volumes: volumes.map { Volume(name: $0.name.value, bytes: $0.bytes.value, attributes: $0.attributes) },
      gpus: source.gpu.value?.units.value ?? 0,
      gpuAttributes: source.gpu.value?.attributes ?? []
    )
  }

  /// Returns one record for each target of each port. A port without targets gets one record that is not
  /// global.
  private func exposes(of service: ServiceSource) -> [ServiceExpose] {
    var exposes: [ServiceExpose] = []
    for source in service.exposes {
      var expose = ServiceExpose(
        port: source.values.number("port").value,
        externalPort: source.values.number("as").value,
        proto: TransportProtocol(text: source.values.text("proto").value) ?? .tcp,
        hosts: source.hosts?.map(\.value),
        options: options(source)
      )
      if source.targets.isEmpty { exposes.append(expose) }
      for target in source.targets {
        expose.service = target.service
        expose.isGlobal = target.isGlobal.value
        expose.ip = target.ip.value
        let isLeased = expose.isGlobal && !expose.ip.isEmpty
        expose.endpointSequence = isLeased ? addressNumbers[Name(expose.ip)] ?? 0 : 0
        exposes.append(expose)
      }
    }
    return exposes.enumerated()
      .sorted { left, right in
        ServiceExpose.comesBefore(left.element, right.element)
          || !ServiceExpose.comesBefore(right.element, left.element) && left.offset < right.offset
      }
      .map(\.element)
  }

  /// The options of a port. A zero or missing value is replaced by its default.
  private func options(_ source: ExposeSource) -> HTTPOptions {
    var options = HTTPOptions()
    let keys: [(String, WritableKeyPath<HTTPOptions, UInt32>)] = [
      ("max_body_size", \.maxBodySize), ("read_timeout", \.readTimeout), ("send_timeout", \.sendTimeout),
      ("next_tries", \.nextTries), ("next_timeout", \.nextTimeout), ("proxy_buffer_size", \.proxyBufferSize),
    ]
    for (key, path) in keys {
      if let value = source.options[key]?.value, value != 0 { options[keyPath: path] = value }
    }
    if !source.nextCases.isEmpty { options.nextCases = source.nextCases.map(\.value) }
    return options
  }

  private func parameters(_ source: ParametersSource) -> ServiceParameters {
    let mounts = source.mounts.sorted.map { name, source in
      let isReadOnly = source.flag("readOnly").value
      return VolumeMount(name: name.text, mount: source.text("mount").value, isReadOnly: isReadOnly)
    }
    return ServiceParameters(
      mounts: mounts.isEmpty ? nil : mounts,
      permissions: source.permissions.map(ServicePermissions.init(read:)),
      confidentialComputing: source.tee.value.isEmpty ? nil : ConfidentialComputing(type: source.tee.value)
    )
  }

  /// The login for the image registry. In version 2.0 the email is omitted; 2.1 includes it and removes
  /// blanks at the ends of all values.
  private func credentials(_ source: MappingSource) -> ImageCredentials {
    let isNew = document.version == .v2_1
    func text(_ key: String) -> String {
      let text = source.text(key).value
      return isNew ? text.trimmed : text
    }
    return ImageCredentials(
      host: text("host"),
      email: isNew ? text("email") : "",
      username: text("username"),
      password: text("password")
    )
  }
}
