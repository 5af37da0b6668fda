public import Primitives
import Wire

// Group specs have Akash's wire form (deployment v1beta4), so that its clients can read them.

extension GroupSpec {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try GroupSpec(Akash_GroupSpec(complete: bytes, limit: WireLimits.objectBytes))
  }

  public var encoded: [UInt8] { wire.encoded }

  init(_ wire: Akash_GroupSpec) throws(DecodingError) {
    name = try Field.text(wire.name, "name", limit: ChainLimits.nameBytes)
    requirements = try PlacementRequirements(wire.requirements)
    units = try Field.list(wire.resources, "resources", limit: ChainLimits.units, least: 1, ResourceUnit.init)
  }

  var wire: Akash_GroupSpec {
    var wire = Akash_GroupSpec()
    wire.name = name
    wire.requirements = requirements.wire
    wire.resources = units.map(\.wire)
    return wire
  }
}

extension PlacementRequirements {
  init(_ wire: Akash_PlacementRequirements) throws(DecodingError) {
    func auditors(_ list: [String], _ field: String) throws(DecodingError) -> [String] {
      try Field.texts(list, field, limit: ChainLimits.auditors, bytes: ChainLimits.nameBytes)
    }
    self.init(
      attributes: try Attribute.list(wire.attributes, "requirements.attributes"),
      allOf: try auditors(wire.signedBy.allOf, "requirements.all_of"),
      anyOf: try auditors(wire.signedBy.anyOf, "requirements.any_of")
    )
  }

  var wire: Akash_PlacementRequirements {
    var wire = Akash_PlacementRequirements()
    wire.signedBy.allOf = allOf
    wire.signedBy.anyOf = anyOf
    wire.attributes = attributes.map(\.wire)
    return wire
  }
}

extension ResourceUnit {
  init(_ wire: Akash_ResourceUnit) throws(DecodingError) {
    self.init(
      resources: try Resources(wire.resource),
      count: wire.count,
      price: try Field.decimalCoin(wire.price, "price")
    )
  }

  var wire: Akash_ResourceUnit {
    var wire = Akash_ResourceUnit()
    wire.resource = resources.wire
    wire.count = count
    wire.price = price.wire
    return wire
  }
}

extension ResourceOffer {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try ResourceOffer(Akash_ResourceOffer(complete: bytes, limit: WireLimits.objectBytes))
  }

  public var encoded: [UInt8] { wire.encoded }

  init(_ wire: Akash_ResourceOffer) throws(DecodingError) {
    self.init(resources: try Resources(wire.resources), count: wire.count)
  }

  var wire: Akash_ResourceOffer {
    var wire = Akash_ResourceOffer()
    wire.resources = resources.wire
    wire.count = count
    return wire
  }
}
