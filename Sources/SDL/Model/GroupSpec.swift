public import Primitives

/// Where a group may run: attributes of the provider, and the auditors that must vouch for them.
public struct PlacementRequirements: Hashable, Sendable {
  public var attributes: [Attribute]
  /// Each of these auditors must have signed all attributes; nil and empty mean the same but are written
  /// differently.
  public var allOf: [String]?
  /// At least one of these auditors must have.
  public var anyOf: [String]?

  public init(attributes: [Attribute] = [], allOf: [String]? = nil, anyOf: [String]? = nil) {
    self.attributes = attributes
    self.allOf = allOf
    self.anyOf = anyOf
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

/// What a tenant wants at one placement: the unit of ordering, bidding and leasing.
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
