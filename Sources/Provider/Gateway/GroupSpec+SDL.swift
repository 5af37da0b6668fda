import Chain
import SDL

// A deploy.yaml's groups and the chain's are one thing with two owners: the SDL's shape keeps what its JSON
// must (absent lists), the chain's what its bytes must.

extension Chain.GroupSpec {
  /// The group as orders carry it.
  public init(_ spec: SDL.GroupSpec) {
    self.init(
      name: spec.name,
      requirements: Chain.PlacementRequirements(
        attributes: spec.requirements.attributes.map { Chain.Attribute($0) },
        allOf: spec.requirements.allOf ?? [],
        anyOf: spec.requirements.anyOf ?? []
      ),
      units: spec.units.map { unit in
        Chain.ResourceUnit(
          resources: Chain.Resources(unit.resources),
          count: unit.count,
          price: unit.price
        )
      }
    )
  }
}

extension Chain.Attribute {
  public init(_ attribute: SDL.Attribute) {
    self.init(key: attribute.key, value: attribute.value)
  }
}

extension Chain.Resources {
  public init(_ resources: SDL.Resources) {
    self.init(
      id: resources.id,
      cpuMillis: resources.cpuMillis,
      cpuAttributes: resources.cpuAttributes.map { Chain.Attribute($0) },
      memoryBytes: resources.memoryBytes,
      memoryAttributes: resources.memoryAttributes.map { Chain.Attribute($0) },
      volumes: resources.volumes.map { volume in
        Chain.Volume(
          name: volume.name,
          bytes: volume.bytes,
          attributes: volume.attributes.map { Chain.Attribute($0) }
        )
      },
      gpus: resources.gpus,
      gpuAttributes: resources.gpuAttributes.map { Chain.Attribute($0) },
      endpoints: resources.endpoints.map { Chain.Endpoint(kind: .init($0.kind), sequence: $0.sequence) }
    )
  }
}

extension Chain.Endpoint.Kind {
  init(_ kind: SDL.Endpoint.Kind) {
    switch kind {
    case .sharedHTTP: self = .sharedHTTP
    case .randomPort: self = .randomPort
    case .leasedIP: self = .leasedIP
    }
  }
}

extension SDL.GroupSpec {
  /// The group as manifests are checked against. Lists of auditors that were absent come back absent.
  public init(_ spec: Chain.GroupSpec) {
    self.init(
      name: spec.name,
      requirements: SDL.PlacementRequirements(
        attributes: spec.requirements.attributes.map { SDL.Attribute($0) },
        allOf: spec.requirements.allOf.isEmpty ? nil : spec.requirements.allOf,
        anyOf: spec.requirements.anyOf.isEmpty ? nil : spec.requirements.anyOf
      ),
      units: spec.units.map { unit in
        SDL.ResourceUnit(
          resources: SDL.Resources(unit.resources),
          count: unit.count,
          price: unit.price
        )
      }
    )
  }
}

extension SDL.Attribute {
  public init(_ attribute: Chain.Attribute) {
    self.init(key: attribute.key, value: attribute.value)
  }
}

extension SDL.Resources {
  public init(_ resources: Chain.Resources) {
    self.init(
      id: resources.id,
      cpuMillis: resources.cpuMillis,
      cpuAttributes: resources.cpuAttributes.map { SDL.Attribute($0) },
      memoryBytes: resources.memoryBytes,
      memoryAttributes: resources.memoryAttributes.map { SDL.Attribute($0) },
      volumes: resources.volumes.map { volume in
        SDL.Volume(
          name: volume.name,
          bytes: volume.bytes,
          attributes: volume.attributes.map { SDL.Attribute($0) }
        )
      },
      gpus: resources.gpus,
      gpuAttributes: resources.gpuAttributes.map { SDL.Attribute($0) },
      endpoints: resources.endpoints.map { SDL.Endpoint(kind: .init($0.kind), sequence: $0.sequence) }
    )
  }
}

extension SDL.Endpoint.Kind {
  init(_ kind: Chain.Endpoint.Kind) {
    switch kind {
    case .sharedHTTP: self = .sharedHTTP
    case .randomPort: self = .randomPort
    case .leasedIP: self = .leasedIP
    }
  }
}
