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

  func encode(into writer: inout ByteWriter) { writer.write(record, registeredAt, updatedAt) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (record, registeredAt, updatedAt) = try reader.readAll()
  }
}

extension ProviderRecord: StateValue {
  func encode(into writer: inout ByteWriter) {
    writer.write(owner)
    writer.write(hostURI)
    writer.write(attributes)
    writer.write(email)
    writer.write(website)
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    self.init(
      owner: try reader.readAddress(),
      hostURI: try reader.readText(limit: ChainLimits.hostBytes),
      attributes: try reader.readAll(),
      email: try reader.readText(limit: ChainLimits.hostBytes),
      website: try reader.readText(limit: ChainLimits.hostBytes)
    )
  }
}

/// The attributes that one auditor has signed about one provider, sorted by key.
struct SignedAttributesRecord: Hashable, Sendable {
  var attributes: [Attribute]
}

extension SignedAttributesRecord: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(attributes) }

  init(from reader: inout ByteReader) throws(DecodingError) { attributes = try reader.readAll() }
}

/// What running leases require of their provider's attributes. Leases with equal requirements share a record.
struct DemandRecord: Hashable, Sendable {
  /// The number of running leases with these requirements.
  var count: UInt64
  /// One of the leases with these requirements, named in the error when an update of the provider would break
  /// them.
  var example: LeaseID
  var requiresAuditedGPUs: Bool
  var spec: GroupSpec
}

extension DemandRecord: StateValue {
  func encode(into writer: inout ByteWriter) { writer.write(count, example, requiresAuditedGPUs, spec) }

  init(from reader: inout ByteReader) throws(DecodingError) {
    (count, example, requiresAuditedGPUs, spec) = try reader.readAll()
  }
}
