import Chain
import Cryptography
import Primitives

extension Execution {
  func registerProvider(_ record: ProviderRecord) throws(Rejection) {
    try validate(record)
    guard !overlay.contains(Tables.providers, record.owner) else {
      throw .provider(.providerExists(record.owner))
    }
    overlay.write(Tables.providers, record.owner, ProviderEntry(record: record, at: moment))
    emit(.providerRegistered(provider: record.owner))
  }

  /// Replaces the whole record. The update is rejected when it removes an attribute that a running lease
  /// needs.
  func updateProvider(_ record: ProviderRecord) throws(Rejection) {
    try validate(record)
    guard var entry = overlay.read(Tables.providers, record.owner) else {
      throw .provider(.providerNotFound(record.owner))
    }
    if let lease = firstIncompatibleLease(byNew: record.attributes, old: entry.record) {
      throw .provider(.incompatibleAttributes(lease: lease))
    }
    entry.record = record
    entry.updatedAt = moment
    overlay.write(Tables.providers, record.owner, entry)
    emit(.providerUpdated(provider: record.owner))
  }

  func leaveProvider(_ owner: Address) throws(Rejection) {
    guard overlay.contains(Tables.providers, owner) else { throw .provider(.providerNotFound(owner)) }
    let demands = Tables.demands.prefix(owner)
    guard overlay.scan(Tables.demands, prefix: demands, limit: 1).isEmpty else {
      throw .provider(.providerHasLeases(owner))
    }
    overlay.remove(Tables.providers, owner)
    emit(.providerLeft(provider: owner))
  }

  private func validate(_ record: ProviderRecord) throws(Rejection) {
    if let fault = HostURI.rejection(record.hostURI) { throw .provider(fault) }
    guard HostURI.isWebsite(record.website) else { throw .provider(.invalidWebsite) }
    guard record.attributes.count <= ChainLimits.attributes else {
      throw .provider(.tooManyAttributes(limit: ChainLimits.attributes))
    }
    if let illegal = record.attributes.first(where: { !AttributePattern.isProviderKey($0.key) }) {
      throw .provider(.illegalAttributeKey(key: illegal.key))
    }
    if let key = AttributePattern.duplicate(in: record.attributes) {
      throw .provider(.duplicateAttribute(key: key))
    }
  }

  /// A lease whose demand the old attributes satisfy and the new ones do not; nil when there is none. Leases with
  /// equal demands share one record, which is checked once and names the first of them; that lease may have ended
  /// while another one runs.
  private func firstIncompatibleLease(byNew attributes: [Attribute], old: ProviderRecord) -> LeaseID? {
    var broken: LeaseID?
    let signed = signedAttributes(of: old.owner)
    overlay.forEach(Tables.demands, prefix: Tables.demands.prefix(old.owner)) {
      _,
      demand in
      func matches(_ attributes: [Attribute]) -> Bool {
        Matching.mismatch(
          demand.spec,
          attributes: attributes,
          requiresAuditedGPUs: demand.requiresAuditedGPUs,
          signed: signed
        ) == nil
      }
      if broken == nil, matches(old.attributes), !matches(attributes) { broken = demand.example }
    }
    return broken
  }

  /// Records what a running lease requires of its provider.
  func addDemand(of lease: LeaseID, spec: GroupSpec, requiresAuditedGPUs: Bool) {
    let key = Pair(lease.provider, Self.demandDigest(spec, requiresAuditedGPUs))
    var record =
      overlay.read(Tables.demands, key)
      ?? DemandRecord(count: 0, example: lease, requiresAuditedGPUs: requiresAuditedGPUs, spec: spec)
    record.count += 1
    overlay.write(Tables.demands, key, record)
  }

  func removeDemand(of lease: LeaseID, spec: GroupSpec, requiresAuditedGPUs: Bool) {
    let key = Pair(lease.provider, Self.demandDigest(spec, requiresAuditedGPUs))
    guard var record = overlay.read(Tables.demands, key) else { return }
    record.count -= min(record.count, 1)
    if record.count == 0 {
      overlay.remove(Tables.demands, key)
    } else {
      overlay.write(Tables.demands, key, record)
    }
  }

  /// The digest of exactly those parts of a group that `Matching` looks at.
  private static func demandDigest(_ spec: GroupSpec, _ requiresAuditedGPUs: Bool) -> Digest {
    var writer = ByteWriter(capacity: 256)
    writer.write(requiresAuditedGPUs)
    writer.write(spec.requirements.attributes)
    for auditors in [spec.requirements.allOf, spec.requirements.anyOf] {
      writer.write(UInt16(truncatingIfNeeded: auditors.count))
      for auditor in auditors { writer.write(auditor) }
    }
    for unit in spec.units {
      writer.write(unit.resources.gpus > 0)
      writer.write(unit.resources.gpuAttributes)
      writer.write(UInt16(truncatingIfNeeded: unit.resources.volumes.count))
      for volume in unit.resources.volumes { writer.write(volume.attributes) }
    }
    return Digest.blake2b(writer.bytes)
  }
}

// The handlers of the auditors' actions.
extension Execution {
  /// Adds signed attributes; a key that exists gets the new value. Neither the provider's registration nor
  /// the keys are checked: tenants decide which auditors they trust.
  func signAttributes(provider: Address, auditor: Address, attributes: [Attribute]) throws(Rejection) {
    let key = Pair(provider, auditor)
    var merged = overlay.read(Tables.signedAttributes, key)?.attributes ?? []
    for attribute in attributes {
      merged.removeAll { $0.key == attribute.key }
      merged.append(attribute)
    }
    guard merged.count <= ChainLimits.attributes else {
      throw .provider(.tooManyAttributes(limit: ChainLimits.attributes))
    }
    guard !merged.isEmpty else { throw .invalidRequest("there is nothing to sign") }
    overlay.write(Tables.signedAttributes, key, SignedAttributesRecord(attributes: merged.sorted()))
    overlay.write(Tables.signedByAuditor, Pair(auditor, provider), Presence())
    emit(.attributesSigned(provider: provider, auditor: auditor))
  }

  /// Removes signed attributes by key, or all of them when `keys` is empty.
  func withdrawAttributes(provider: Address, auditor: Address, keys: [String]) throws(Rejection) {
    let key = Pair(provider, auditor)
    guard var record = overlay.read(Tables.signedAttributes, key) else {
      throw .provider(.signedRecordNotFound)
    }
    for name in keys {
      guard let index = record.attributes.firstIndex(where: { $0.key == name }) else {
        throw .provider(.signedAttributeNotFound(key: name))
      }
      record.attributes.remove(at: index)
    }
    if keys.isEmpty || record.attributes.isEmpty {
      overlay.remove(Tables.signedAttributes, key)
      overlay.remove(Tables.signedByAuditor, Pair(auditor, provider))
    } else {
      overlay.write(Tables.signedAttributes, key, record)
    }
    emit(.attributesWithdrawn(provider: provider, auditor: auditor))
  }

  /// Returns a function from an auditor's address, as text in an SDL, to the attributes that the auditor has
  /// signed about `provider`. The function returns nil for a text that is not an address.
  func signedAttributes(of provider: Address) -> Matching.SignedAttributeLookup {
    { auditor in
      guard let address = try? Address(text: auditor) else { return nil }
      return self.overlay.read(Tables.signedAttributes, Pair(provider, address))?.attributes
    }
  }
}
