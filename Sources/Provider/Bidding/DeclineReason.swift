import Chain
import Cryptography
import Ledger
import Primitives

/// Why the provider does not bid for a group.
public enum DeclineReason: Error, Hashable, Sendable, CustomStringConvertible {
  /// The provider may not bid on this chain, for this reason.
  case chain(String)
  /// The provider is stopping and accepts nothing new.
  case draining
  case notRegistered
  case ownOrder
  case expired
  case refusedTenant(Address)
  /// Leases and open bids of all tenants have reached this limit.
  case leaseLimit(UInt32)
  case tenantLimit(UInt32)
  /// The order requires a longer notice before resources are reclaimed than the provider gives. Both are in
  /// milliseconds.
  case reclamationWindow(wanted: UInt64, offered: UInt64)
  /// The provider's record lacks an attribute that the placement requires.
  case attribute(MismatchReason)
  /// The provider serves only orders that ask for this attribute.
  case requiredAttribute(Attribute)
  /// The provider's record lacks the storage class or the GPU model.
  case capability(MismatchReason)
  case tooManyVolumes(unit: UInt32, count: Int)
  /// The auditors named by the order have not signed what it requires.
  case auditor(MismatchReason)
  case invalidGroup(GroupFault)
  /// The workload driver does not support something in the group.
  case unsupported(String)
  case capacity(CapacityShortage)
  case pricing(PricingError)
  case script(String)
  case aboveMaximum(price: Decimal18, maximum: Decimal18, Denomination)
  /// The ledger would reject the offered resources.
  case offer(OfferFault)

  /// A word that programs can compare; it does not change between versions.
  public var code: String { words.code }
  public var description: String { words.text }

  private var words: (code: String, text: String) {
    switch self {
    case .chain(let reason): ("chain", "the provider \(reason)")
    case .draining: ("draining", "the provider is stopping and takes no new orders")
    case .notRegistered: ("not_registered", "the provider is not registered on the chain yet")
    case .ownOrder: ("own_order", "a provider cannot lease to itself")
    case .expired: ("expired", "the order has expired")
    case .refusedTenant(let tenant): ("refused_tenant", "the provider does not serve \(tenant)")
    case .leaseLimit(let limit):
      ("lease_limit", "the provider has \(limit) leases and open bids, which is its limit")
    case .tenantLimit(let limit):
      ("tenant_limit", "the tenant has \(limit) leases and open bids here, which is the limit")
    case .reclamationWindow(let wanted, let offered):
      ("reclamation_window", "the order wants \(wanted) ms of notice, the provider gives \(offered) ms")
    case .attribute(let reason): ("attribute", reason.description)
    case .requiredAttribute(let attribute):
      (
        "required_attribute",
        "the provider serves only orders that ask for \(attribute.key)=\(attribute.value)"
      )
    case .capability(let reason): ("capability", reason.description)
    case .tooManyVolumes(let unit, let count):
      ("too_many_volumes", "unit \(unit) has \(count) volumes, at most 4 are served")
    case .auditor(let reason): ("auditor", reason.description)
    case .invalidGroup(let fault): ("invalid_group", fault.description)
    case .unsupported(let what): ("unsupported", what)
    case .capacity(let shortage): ("capacity", shortage.description)
    case .pricing(let error): ("pricing", error.description)
    case .script(let reason): ("script", "the pricing program declined: \(reason)")
    case .aboveMaximum(let price, let maximum, let denomination):
      (
        "above_maximum",
        "the provider asks \(price) \(denomination) per tick, the order's maximum is \(maximum)"
      )
    case .offer(let fault): ("offer", "the ledger would reject the offer: \(fault)")
    }
  }

  /// Whether a release of capacity can make this reason disappear.
  var dependsOnCapacity: Bool {
    switch self {
    case .capacity, .leaseLimit, .tenantLimit: true
    default: false
    }
  }
}
