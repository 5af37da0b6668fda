public import Primitives

/// A key with a value, in placement requirements, resources and provider records.
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
  /// Each of these auditors must have signed all attributes. The texts are those of the SDL; they need not be
  /// valid addresses.
  public var allOf: [String]
  /// At least one of these auditors must have signed all attributes; empty for no such requirement.
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

/// An endpoint at which a service is reached from outside.
public struct ServiceEndpoint: Hashable, Sendable {
  public enum Kind: UInt32, Hashable, Sendable {
    /// HTTP on external port 80, which services share: requests are routed by host name.
    case sharedHTTP = 0
    /// An external port that the provider chooses.
    case randomPort = 1
    /// An IP address leased for this deployment.
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

/// The resources of one replica. In a provider's offer the GPU attributes name the concrete model.
public struct Resources: Hashable, Sendable {
  /// A number that is unique in its group; above 0.
  public var id: UInt32
  /// Thousandths of a CPU core.
  public var cpuMillis: UInt64
  public var cpuAttributes: [Attribute]
  public var memoryBytes: UInt64
  public var memoryAttributes: [Attribute]
  public var volumes: [Volume]
  public var gpus: UInt64
  /// Keys like `vendor/nvidia/model/h100[/ram/80Gi][/interface/sxm]` with the value `true`. If there are
  /// several keys, a GPU must match one of them.
  public var gpuAttributes: [Attribute]
  public var endpoints: [ServiceEndpoint]

  public init(
    id: UInt32,
    cpuMillis: UInt64,
    cpuAttributes: [Attribute] = [],
    memoryBytes: UInt64,
    memoryAttributes: [Attribute] = [],
    volumes: [Volume],
    gpus: UInt64 = 0,
    gpuAttributes: [Attribute] = [],
    endpoints: [ServiceEndpoint] = []
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

/// A number of equal replicas and the highest price of each.
public struct ResourceUnit: Hashable, Sendable {
  public var resources: Resources
  /// The number of replicas.
  public var count: UInt32
  /// The highest price per replica and tick.
  public var price: DecimalCoin

  public init(resources: Resources, count: UInt32, price: DecimalCoin) {
    self.resources = resources
    self.count = count
    self.price = price
  }
}

/// A group of resources that are leased together from one provider, exactly as the SDL gives it.
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
  /// - Throws: `overflow` when the sum exceeds the range of `Decimal18`.
  public func maximumPrice() throws(ArithmeticError) -> Decimal18 {
    var total = Decimal18.zero
    for unit in units { total = try total.adding(unit.price.amount.multiplied(by: UInt64(unit.count))) }
    return total
  }
}

/// The concrete resources that a provider offers for one unit of a group.
public struct ResourceOffer: Hashable, Sendable {
  public var resources: Resources
  public var count: UInt32

  public init(resources: Resources, count: UInt32) {
    self.resources = resources
    self.count = count
  }
}
