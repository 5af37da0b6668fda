public import Chain
import Cryptography
import Primitives

/// A registered provider.
public struct ProviderEntry: Hashable, Sendable, StateValue {
  public var record: ProviderRecord
  public var registeredAt: Moment
  public var updatedAt: Moment

  init(record: ProviderRecord, at moment: Moment) {
    self.record = record
    registeredAt = moment
    updatedAt = moment
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(record.owner)
    writer.write(record.hostURI)
    writer.write(record.attributes)
    writer.write(record.email)
    writer.write(record.website)
    writer.write(registeredAt)
    writer.write(updatedAt)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    let owner = try reader.readAddress()
    let host = try reader.readText(limit: ChainLimits.hostBytes)
    let attributes = try reader.readAttributes()
    let email = try reader.readText(limit: ChainLimits.hostBytes)
    let website = try reader.readText(limit: ChainLimits.hostBytes)
    record = ProviderRecord(
      owner: owner,
      hostURI: host,
      attributes: attributes,
      email: email,
      website: website
    )
    registeredAt = try reader.readMoment()
    updatedAt = try reader.readMoment()
  }
}

/// The attributes that one auditor has signed about one provider, sorted by key.
struct AuditRecord: Hashable, Sendable, StateValue {
  var attributes: [Attribute]

  init(attributes: [Attribute]) { self.attributes = attributes }

  func encode(into writer: inout ByteWriter) { writer.write(attributes) }

  init(from reader: inout ByteReader) throws(DecodingError) { attributes = try reader.readAttributes() }
}

/// What running leases require of their provider's attributes. Leases with equal requirements share a record.
struct DemandRecord: Hashable, Sendable, StateValue {
  /// The number of running leases with these requirements.
  var count: UInt64
  /// One of these leases, for the message when an update would break them.
  var example: LeaseID
  var requiresAuditedGPUs: Bool
  var spec: GroupSpec

  init(count: UInt64, example: LeaseID, requiresAuditedGPUs: Bool, spec: GroupSpec) {
    self.count = count
    self.example = example
    self.requiresAuditedGPUs = requiresAuditedGPUs
    self.spec = spec
  }

  func encode(into writer: inout ByteWriter) {
    writer.write(count)
    writer.write(example)
    writer.write(requiresAuditedGPUs)
    writer.writeCounted(spec.encoded)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    count = try reader.read()
    example = try reader.readLease()
    requiresAuditedGPUs = try reader.readFlag()
    spec = try GroupSpec(decoding: try reader.readCounted())
  }
}
