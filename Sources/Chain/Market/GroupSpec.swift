public import Primitives

/// A key with its value, as placement requirements, resources and providers carry them.
public struct Attribute: Hashable, Comparable, Sendable {
  public var key: String
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  public static func < (left: Attribute, right: Attribute) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8)
      ? left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
      : left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
  }
}

/// Where a group may run: attributes of the provider, and the auditors that must vouch for them.
public struct PlacementRequirements: Hashable, Sendable {
  public var attributes: [Attribute]
  /// Each of these auditors must have signed all attributes. Texts as the SDL gives them, unchecked.
  public var allOf: [String]
  /// At least one of these auditors must have.
  public var anyOf: [String]

  public init(attributes: [Attribute] = [], allOf: [String] = [], anyOf: [String] = []) {
    self.attributes = attributes
    self.allOf = allOf
    self.anyOf = anyOf
  }
}

/// A volume of one replica.
public struct Volume: Hashable, Sendable {
  public var name: String
  public var bytes: UInt64
  public var attributes: [Attribute]

  public init(name: String, bytes: UInt64, attributes: [Attribute] = []) {
    self.name = name
    self.bytes = bytes
    self.attributes = attributes
  }
}

/// How a service is reached from outside.
public struct Endpoint: Hashable, Sendable {
  public enum Kind: UInt32, Hashable, Sendable {
    /// TCP behind external port 80, shared by name.
    case sharedHTTP = 0
    /// A port of the provider's choice.
    case randomPort = 1
    /// An address leased for this deployment.
    case leasedIP = 2
  }

  public var kind: Kind
  /// The number of a leased address, else 0.
  public var sequence: UInt32

  public init(kind: Kind, sequence: UInt32 = 0) {
    self.kind = kind
    self.sequence = sequence
  }
}

/// What one replica needs. In an offer the GPU attributes name the concrete model.
public struct Resources: Hashable, Sendable {
  /// Unique in its group, above 0.
  public var id: UInt32
  /// Thousandths of a core.
  public var cpuMillis: UInt64
  public var cpuAttributes: [Attribute]
  public var memoryBytes: UInt64
  public var memoryAttributes: [Attribute]
  public var volumes: [Volume]
  public var gpus: UInt64
  /// `vendor/nvidia/model/h100[/ram/80Gi][/interface/sxm]` = `true`; several are alternatives.
  public var gpuAttributes: [Attribute]
  public var endpoints: [Endpoint]

  public init(
    id: UInt32,
    cpuMillis: UInt64,
    cpuAttributes: [Attribute] = [],
    memoryBytes: UInt64,
    memoryAttributes: [Attribute] = [],
    volumes: [Volume],
    gpus: UInt64 = 0,
    gpuAttributes: [Attribute] = [],
    endpoints: [Endpoint] = []
  ) {
    self.id = id
    self.cpuMillis = cpuMillis
    self.cpuAttributes = cpuAttributes
    self.memoryBytes = memoryBytes
    self.memoryAttributes = memoryAttributes
    self.volumes = volumes
    self.gpus = gpus
    self.gpuAttributes = gpuAttributes
    self.endpoints = endpoints
  }
}

/// Replicas of one shape and the most that each may cost.
public struct ResourceUnit: Hashable, Sendable {
  public var resources: Resources
  /// Replicas.
  public var count: UInt32
  /// The maximum per replica and tick.
  public var price: DecimalCoin

  public init(resources: Resources, count: UInt32, price: DecimalCoin) {
    self.resources = resources
    self.count = count
    self.price = price
  }
}

/// What a tenant wants at one place: the unit of bidding and leasing, exactly as the SDL yields it.
public struct GroupSpec: Hashable, Sendable {
  public var name: String
  public var requirements: PlacementRequirements
  public var units: [ResourceUnit]

  public init(name: String, requirements: PlacementRequirements, units: [ResourceUnit]) {
    self.name = name
    self.requirements = requirements
    self.units = units
  }

  /// The most that the group may cost per tick: the sum of price × count.
  ///
  /// - Throws: `overflow` when the sum leaves its range.
  public func maximumPrice() throws(ArithmeticError) -> Decimal18 {
    var total = Decimal18.zero
    for unit in units {
      total = try total.adding(unit.price.amount.multiplied(by: UInt64(unit.count)))
    }
    return total
  }
}

/// What a provider offers for one unit of a group: its resources made concrete.
public struct ResourceOffer: Hashable, Sendable {
  public var resources: Resources
  public var count: UInt32

  public init(resources: Resources, count: UInt32) {
    self.resources = resources
    self.count = count
  }
}
