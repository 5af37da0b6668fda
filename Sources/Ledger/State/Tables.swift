import Chain
import Cryptography
import Primitives

/// The tables of the state. The byte of a table is part of the protocol: all keys in the authenticated tree
/// begin with it.
enum Tables {
  // The chain
  static var chain: Table<SingleKey, ChainRecord> { Table(0x01) }
  static var parameters: Table<SingleKey, ParametersRecord> { Table(0x02) }
  static var currencies: Table<Denomination, CurrencyRecord> { Table(0x03) }
  /// The aliases of currencies. The key is the alias, the value the canonical name.
  static var aliases: Table<Denomination, CanonicalName> { Table(0x04) }
  static var clock: Table<SingleKey, BillingClock> { Table(0x05) }

  // Bank
  static var accounts: Table<Address, AccountRecord> { Table(0x10) }
  static var balances: Table<Pair<Address, Denomination>, Amount> { Table(0x11) }
  static var supply: Table<Denomination, Amount> { Table(0x12) }
  static var grants: Table<GrantKey, GrantRecord> { Table(0x13) }
  /// An index of `grants`: the same keys with the grantee first.
  static var grantsByGrantee: Table<GrantKey, Presence> { Table(0x14) }
  static var expiries: Table<ExpiryKey, Presence> { Table(0x15) }

  // Providers and auditors
  static var providers: Table<Address, ProviderEntry> { Table(0x20) }
  /// The key is the provider, then the auditor.
  static var signedAttributes: Table<Pair<Address, Address>, SignedAttributesRecord> { Table(0x21) }
  /// The key is the auditor, then the provider.
  static var signedByAuditor: Table<Pair<Address, Address>, Presence> { Table(0x23) }
  /// What the running leases of a provider require of its attributes. The key is the provider, then a digest
  /// of the requirements.
  static var demands: Table<Pair<Address, Digest>, DemandRecord> { Table(0x22) }

  // Market
  static var deployments: Table<DeploymentID, DeploymentRecord> { Table(0x30) }
  static var deploymentsByState: Table<StateIndexKey<DeploymentID>, Presence> { Table(0x31) }
  static var groups: Table<GroupKey, GroupRecord> { Table(0x32) }
  static var leases: Table<LeaseID, LeaseRecord> { Table(0x33) }
  static var leasesByProvider: Table<Pair<Address, StateIndexKey<LeaseID>>, Presence> { Table(0x34) }
  static var leasesByState: Table<StateIndexKey<LeaseID>, Presence> { Table(0x35) }
  /// The number of leases in each state, by the state's raw value.
  static var leaseCounts: Table<UInt64, UInt64> { Table(0x37) }
  /// The key is the owner, then state and deployment. Written from protocol version 2 on.
  static var deploymentsByOwner: Table<Pair<Address, StateIndexKey<DeploymentID>>, Presence> { Table(0x38) }
  /// The key is the owner, then state and lease. Written from protocol version 2 on.
  static var leasesByOwner: Table<Pair<Address, StateIndexKey<LeaseID>>, Presence> { Table(0x39) }
  /// Agreed orders for existing deployments, until they expire. They prevent that an order is agreed twice.
  static var agreedOrders: Table<Digest, Presence> { Table(0x36) }

  // Escrow
  static var escrow: Table<DeploymentID, EscrowAccount> { Table(0x40) }
  /// The escrow accounts with due work. The key is the due tick, then the deployment.
  static var due: Table<Pair<UInt64, DeploymentID>, Presence> { Table(0x41) }
  /// The smallest tick that `due` may contain.
  static var dueFloor: Table<SingleKey, UInt64> { Table(0x43) }
  /// The take (the network's share of payments) that was collected. The key is the day since the Unix epoch,
  /// then the currency.
  static var takeIncome: Table<Pair<UInt64, Denomination>, Amount> { Table(0x42) }
}
