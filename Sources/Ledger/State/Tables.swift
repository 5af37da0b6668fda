import Chain
import Cryptography
import Primitives

/// The tables of the state. A table's byte is part of the protocol: it is in every key of the authenticated tree.
enum Tables {
  // The chain
  static var chain: Table<SingleKey, ChainRecord> { Table(0x01) }
  static var parameters: Table<SingleKey, ParametersRecord> { Table(0x02) }
  static var currencies: Table<Denomination, CurrencyRecord> { Table(0x03) }
  /// Another name of a currency to its own.
  static var aliases: Table<Denomination, Denomination> { Table(0x04) }

  // Bank
  static var accounts: Table<Address, AccountRecord> { Table(0x10) }
  static var balances: Table<Pair<Address, Denomination>, Amount> { Table(0x11) }
  static var supply: Table<Denomination, Amount> { Table(0x12) }
  static var grants: Table<GrantKey, GrantRecord> { Table(0x13) }
  /// The same keys with the grantee first.
  static var grantsByGrantee: Table<GrantKey, Presence> { Table(0x14) }
  static var expiries: Table<ExpiryKey, Presence> { Table(0x15) }

  // Providers and auditors
  static var providers: Table<Address, ProviderEntry> { Table(0x20) }
  /// By provider, then auditor.
  static var signedAttributes: Table<Pair<Address, Address>, SignedRecord> { Table(0x21) }
  /// By auditor, then provider.
  static var signedByAuditor: Table<Pair<Address, Address>, Presence> { Table(0x23) }
  /// What a provider's running leases need of it, each different demand once.
  static var demands: Table<Pair<Address, Digest>, DemandRecord> { Table(0x22) }

  // Market
  static var deployments: Table<DeploymentID, DeploymentRecord> { Table(0x30) }
  static var deploymentsByState: Table<StateIndexKey<DeploymentID>, Presence> { Table(0x31) }
  static var groups: Table<GroupKey, GroupRecord> { Table(0x32) }
  static var leases: Table<LeaseID, LeaseRecord> { Table(0x33) }
  static var leasesByProvider: Table<Pair<Address, StateIndexKey<LeaseID>>, Presence> {
    Table(0x34)
  }
  static var leasesByState: Table<StateIndexKey<LeaseID>, Presence> { Table(0x35) }
  /// How many leases are in a state.
  static var leaseCounts: Table<UInt64, UInt64> { Table(0x37) }
  /// By owner and state: from version 2 on.
  static var deploymentsByOwner: Table<Pair<Address, StateIndexKey<DeploymentID>>, Presence> {
    Table(0x38)
  }
  /// By owner and state: from version 2 on.
  static var leasesByOwner: Table<Pair<Address, StateIndexKey<LeaseID>>, Presence> { Table(0x39) }
  /// Orders for existing deployments that were agreed, until they expire.
  static var agreedOrders: Table<Digest, Presence> { Table(0x36) }

  // Escrow
  static var escrow: Table<DeploymentID, EscrowAccount> { Table(0x40) }
  /// The tick at which an account must be looked at, then the account.
  static var due: Table<Pair<UInt64, DeploymentID>, Presence> { Table(0x41) }
  /// No account is due before this tick.
  static var dueFloor: Table<SingleKey, UInt64> { Table(0x43) }
  /// The take by day, then currency.
  static var takeIncome: Table<Pair<UInt64, Denomination>, Amount> { Table(0x42) }
}
