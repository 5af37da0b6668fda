import Chain
import Cryptography
import Primitives

/// Which tenants and orders the provider serves, and its time limits.
public struct BidPolicy: Decodable, Hashable, Sendable {
  /// Addresses of tenants that get no bids.
  public var refusedTenants: [String]
  /// `key=value` attributes; an order that does not ask for all of them gets no bid.
  public var requiredAttributes: [String]
  /// The limit of leases and open bids together.
  public var maximumLeases: UInt32
  public var maximumLeasesPerTenant: UInt32
  /// Time from the opening of a lease to its manifest; after it the lease is resigned.
  public var manifestTimeoutSeconds: UInt64
  public var bidLifetimeSeconds: UInt64
  /// A lease whose workload was degraded for so long is resigned.
  public var unstableAfterSeconds: UInt64
  /// The notice before resources are reclaimed, as promised in bids; 0 for none.
  public var reclamationWindowSeconds: UInt64
  /// The path of a program that prices groups instead of the price sheet; empty for none.
  public var priceScript: String
  public var priceScriptTimeoutSeconds: UInt64

  public init(
    refusedTenants: [String] = [],
    requiredAttributes: [String] = [],
    maximumLeases: UInt32 = 64,
    maximumLeasesPerTenant: UInt32 = 16,
    manifestTimeoutSeconds: UInt64 = 300,
    bidLifetimeSeconds: UInt64 = 300,
    unstableAfterSeconds: UInt64 = 1_800,
    reclamationWindowSeconds: UInt64 = 0,
    priceScript: String = "",
    priceScriptTimeoutSeconds: UInt64 = 10
  ) {
    self.refusedTenants = refusedTenants
    self.requiredAttributes = requiredAttributes
    self.maximumLeases = maximumLeases
    self.maximumLeasesPerTenant = maximumLeasesPerTenant
    self.manifestTimeoutSeconds = manifestTimeoutSeconds
    self.bidLifetimeSeconds = bidLifetimeSeconds
    self.unstableAfterSeconds = unstableAfterSeconds
    self.reclamationWindowSeconds = reclamationWindowSeconds
    self.priceScript = priceScript
    self.priceScriptTimeoutSeconds = priceScriptTimeoutSeconds
  }

  public init(from decoder: any Decoder) throws {
    let section = try SectionReader(
      decoder,
      known: [
        "refused_tenants", "required_attributes", "maximum_leases", "maximum_leases_per_tenant",
        "manifest_timeout_seconds", "bid_lifetime_seconds", "unstable_after_seconds",
        "reclamation_window_seconds",
        "price_script", "price_script_timeout_seconds",
      ]
    )
    let standard = BidPolicy()
    self.init(
      refusedTenants: try section.value("refused_tenants", default: []),
      requiredAttributes: try section.value("required_attributes", default: []),
      maximumLeases: try section.value("maximum_leases", default: standard.maximumLeases),
      maximumLeasesPerTenant: try section.value(
        "maximum_leases_per_tenant",
        default: standard.maximumLeasesPerTenant
      ),
      manifestTimeoutSeconds: try section.value(
        "manifest_timeout_seconds",
        default: standard.manifestTimeoutSeconds
      ),
      bidLifetimeSeconds: try section.value("bid_lifetime_seconds", default: standard.bidLifetimeSeconds),
      unstableAfterSeconds: try section.value(
        "unstable_after_seconds",
        default: standard.unstableAfterSeconds
      ),
      reclamationWindowSeconds: try section.value("reclamation_window_seconds", default: 0),
      priceScript: try section.value("price_script", default: ""),
      priceScriptTimeoutSeconds: try section.value(
        "price_script_timeout_seconds",
        default: standard.priceScriptTimeoutSeconds
      )
    )
  }

  /// The refused tenants' addresses. Texts that are not addresses are left out; `validate` reports them.
  public var refused: Set<Address> {
    Set(refusedTenants.compactMap { try? Address(text: $0) })
  }

  public var required: [Attribute] { requiredAttributes.compactMap(Attribute.init(written:)) }
}

extension Attribute {
  /// `key=value`; nil without an equals sign or a key.
  init?(written text: String) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else { return nil }
    self.init(key: String(text[..<sign]), value: String(text[text.index(after: sign)...]))
  }
}
