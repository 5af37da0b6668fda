import Chain
import Cryptography
import Ledger
import Primitives

/// Why the provider does not bid for a group.
public enum DeclineReason: Hashable, Sendable, CustomStringConvertible {
  /// The provider is stopping and accepts nothing new.
  case draining
  case notRegistered
  case ownOrder
  case expired
  case refusedTenant(Address)
  /// Leases and open bids of all tenants have reached this limit.
  case leaseLimit(UInt32)
  case tenantLimit(UInt32)
  /// The order wants a longer notice before resources are reclaimed. Both in milliseconds.
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

  /// A stable word for programs.
  public var code: String {
    switch self {
    case .draining: "draining"
    case .notRegistered: "not_registered"
    case .ownOrder: "own_order"
    case .expired: "expired"
    case .refusedTenant: "refused_tenant"
    case .leaseLimit: "lease_limit"
    case .tenantLimit: "tenant_limit"
    case .reclamationWindow: "reclamation_window"
    case .attribute: "attribute"
    case .requiredAttribute: "required_attribute"
    case .capability: "capability"
    case .tooManyVolumes: "too_many_volumes"
    case .auditor: "auditor"
    case .invalidGroup: "invalid_group"
    case .unsupported: "unsupported"
    case .capacity: "capacity"
    case .pricing: "pricing"
    case .script: "script"
    case .aboveMaximum: "above_maximum"
    case .offer: "offer"
    }
  }

  public var description: String {
    switch self {
    case .draining: "the provider is stopping and takes no new orders"
    case .notRegistered: "the provider is not registered on the chain yet"
    case .ownOrder: "a provider cannot lease to itself"
    case .expired: "the order has expired"
    case .refusedTenant(let tenant): "the provider does not serve \(tenant)"
    case .leaseLimit(let limit): "the provider has \(limit) leases and open bids, which is its limit"
    case .tenantLimit(let limit): "the tenant has \(limit) leases and open bids here, which is the limit"
    case .reclamationWindow(let wanted, let offered):
      "the order wants \(wanted) ms of notice, the provider gives \(offered) ms"
    case .attribute(let reason), .capability(let reason), .auditor(let reason): reason.description
    case .requiredAttribute(let attribute):
      "the provider serves only orders that ask for \(attribute.key)=\(attribute.value)"
    case .tooManyVolumes(let unit, let count): "unit \(unit) has \(count) volumes, at most 4 are served"
    case .invalidGroup(let fault): fault.description
    case .unsupported(let what): what
    case .capacity(let shortage): shortage.description
    case .pricing(let error): error.description
    case .script(let reason): "the pricing program declined: \(reason)"
    case .aboveMaximum(let price, let maximum, let denomination):
      "the provider asks \(price) \(denomination) per tick, the order's maximum is \(maximum)"
    case .offer(let fault): "the ledger would reject the offer: \(fault)"
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
