import Cryptography
public import Primitives
import Wire

extension Order {
  /// Decodes an order's body.
  ///
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
    var groups: [Self] = []
    for group in try Field.list(wire, "groups", limit: ChainLimits.groups, least: 1) {
      groups.append(
        Self(sequence: try Field.ordinal(group.gseq, "groups.gseq"), spec: try GroupSpec(group.spec))
      )
    }
    return groups
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
