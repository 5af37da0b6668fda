import Cryptography
public import Primitives
import Wire

extension Order {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Order(complete: bytes, limit: WireLimits.objectBytes)
    self.init(
      deployment: try DeploymentID(wire.id, "id"),
      groups: try Group.list(wire.groups),
      manifestHash: try Field.digest(wire.manifestHash.array, "manifest_hash"),
      deposit: try Field.coin(wire.deposit, "deposit"),
      expiresAt: Timestamp(milliseconds: wire.expiresAt),
      isExisting: wire.existing,
      minimumReclamationWindow: wire.minimumReclamationWindow,
      requiresAuditedGPUs: wire.auditedGpus,
      depositor: try Field.optionalAddress(wire.depositor, "depositor")
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Order()
    wire.id = deployment.wire
    wire.groups = groups.map(\.wire)
    wire.manifestHash = .init(wire: manifestHash.bytes)
    wire.deposit = deposit.wire
    wire.expiresAt = expiresAt.milliseconds
    wire.existing = isExisting
    wire.minimumReclamationWindow = minimumReclamationWindow
    wire.auditedGpus = requiresAuditedGPUs
    wire.depositor = depositor?.text() ?? ""
    return wire.encoded
  }
}

extension Order.Group {
  fileprivate static func list(_ wire: [Supercloud_Market_V1_OrderGroup]) throws(DecodingError) -> [Self] {
    try Field.list(wire, "groups", limit: ChainLimits.groups, least: 1) { element throws(DecodingError) in
      Self(sequence: try Field.ordinal(element.gseq, "groups.gseq"), spec: try GroupSpec(element.spec))
    }
  }

  fileprivate var wire: Supercloud_Market_V1_OrderGroup {
    var wire = Supercloud_Market_V1_OrderGroup()
    wire.gseq = sequence
    wire.spec = spec.wire
    return wire
  }
}

extension DeploymentID {
  init(_ wire: Akash_DeploymentID, _ field: String) throws(DecodingError) {
    self.init(owner: try Field.address(wire.owner, field), sequence: try Field.ordinal(wire.dseq, field))
  }

  var wire: Akash_DeploymentID {
    var wire = Akash_DeploymentID()
    wire.owner = owner.text()
    wire.dseq = sequence
    return wire
  }
}

extension LeaseID {
  init(_ wire: Akash_LeaseID, _ field: String) throws(DecodingError) {
    self.init(
      deployment: DeploymentID(
        owner: try Field.address(wire.owner, field),
        sequence: try Field.ordinal(wire.dseq, field)
      ),
      group: try Field.ordinal(wire.gseq, field),
      order: try Field.ordinal(wire.oseq, field),
      provider: try Field.address(wire.provider, field)
    )
  }

  var wire: Akash_LeaseID {
    var wire = Akash_LeaseID()
    wire.owner = deployment.owner.text()
    wire.dseq = deployment.sequence
    wire.gseq = group
    wire.oseq = order
    wire.provider = provider.text()
    return wire
  }
}

extension Bid {
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Bid(complete: bytes, limit: WireLimits.objectBytes)
    self.init(
      order: try Field.digest(wire.order.array, "order"),
      provider: try Field.address(wire.provider, "provider"),
      groups: try Group.list(wire.groups),
      expiresAt: Timestamp(milliseconds: wire.expiresAt),
      reclamationWindow: wire.reclamationWindow
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Bid()
    wire.order = .init(wire: order.bytes)
    wire.provider = provider.text()
    wire.groups = groups.map(\.wire)
    wire.expiresAt = expiresAt.milliseconds
    wire.reclamationWindow = reclamationWindow
    return wire.encoded
  }
}

extension Bid.Group {
  fileprivate static func list(_ wire: [Supercloud_Market_V1_GroupBid]) throws(DecodingError) -> [Self] {
    try Field.list(wire, "groups", limit: ChainLimits.groups, least: 1) { element throws(DecodingError) in
      Self(
        sequence: try Field.ordinal(element.gseq, "groups.gseq"),
        price: try Field.decimalCoin(element.price, "groups.price"),
        offer: try Field.list(element.offer, "groups.offer", limit: ChainLimits.units, ResourceOffer.init)
      )
    }
  }

  fileprivate var wire: Supercloud_Market_V1_GroupBid {
    var wire = Supercloud_Market_V1_GroupBid()
    wire.gseq = sequence
    wire.price = price.wire
    wire.offer = offer.map(\.wire)
    return wire
  }
}

extension Withdrawal {
  /// - Throws: `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_Withdrawal(complete: bytes, limit: WireLimits.objectBytes)
    self.init(
      object: try Field.digest(wire.object.array, "object"),
      expiresAt: Timestamp(milliseconds: wire.expiresAt)
    )
  }

  public var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_Withdrawal()
    wire.object = .init(wire: object.bytes)
    wire.expiresAt = expiresAt.milliseconds
    return wire.encoded
  }
}
