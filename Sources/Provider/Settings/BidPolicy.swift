import Chain
import Cryptography
import Primitives

/// Which tenants and orders the provider serves, and its time limits.
public struct BidPolicy: Hashable, Sendable {
  /// Addresses of tenants that get no bids.
  public var refusedTenants: [String] = []
  /// `key=value` attributes; an order that does not ask for all of them gets no bid.
  public var requiredAttributes: [String] = []
  /// The limit of leases and open bids together.
  public var maximumLeases: UInt32 = 64
  public var maximumLeasesPerTenant: UInt32 = 16
  /// How long the tenant may take to send the manifest after the lease was opened. After that the lease is
  /// resigned.
  public var manifestTimeoutSeconds: UInt64 = 300
  public var bidLifetimeSeconds: UInt64 = 300
  /// How long a workload may be degraded. After that its lease is resigned.
  public var unstableAfterSeconds: UInt64 = 1_800
  /// The notice before resources are reclaimed, as promised in bids; 0 for none.
  public var reclamationWindowSeconds: UInt64 = 0
  /// The path of a program that prices groups instead of the price sheet; empty for none.
  public var priceScript = ""
  public var priceScriptTimeoutSeconds: UInt64 = 10

  /// The refused tenants' addresses. Texts that are not addresses are left out; `validate` reports them.
  public var refused: Set<Address> {
    Set(refusedTenants.compactMap { try? Address(text: $0) })
  }

  public var required: [Attribute] { requiredAttributes.compactMap(Attribute.init(written:)) }
}

extension BidPolicy: Decodable {
  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "refused_tenants", "required_attributes", "maximum_leases", "maximum_leases_per_tenant",
        "manifest_timeout_seconds", "bid_lifetime_seconds", "unstable_after_seconds",
        "reclamation_window_seconds", "price_script", "price_script_timeout_seconds",
      ]
    )
    self.init()
    try section.read("refused_tenants", into: &refusedTenants)
    try section.read("required_attributes", into: &requiredAttributes)
    try section.read("maximum_leases", into: &maximumLeases)
    try section.read("maximum_leases_per_tenant", into: &maximumLeasesPerTenant)
    try section.read("manifest_timeout_seconds", into: &manifestTimeoutSeconds)
    try section.read("bid_lifetime_seconds", into: &bidLifetimeSeconds)
    try section.read("unstable_after_seconds", into: &unstableAfterSeconds)
    try section.read("reclamation_window_seconds", into: &reclamationWindowSeconds)
    try section.read("price_script", into: &priceScript)
    try section.read("price_script_timeout_seconds", into: &priceScriptTimeoutSeconds)
  }
}

extension Attribute {
  /// Parses `key=value`; nil without an equals sign or without a key.
  init?(written text: String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else { return nil }
    self.init(key: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
  }
}
