public import Cryptography

/// Accounts of the ledger itself. No key opens them and nobody can send to them.
public enum ModuleAccount: String, CaseIterable, Sendable {
  /// Deposits of deployments, until they are earned and paid or return.
  case escrow = "escrow"
  /// What providers lock for their leases.
  case leaseDeposits = "lease_deposits"
  /// Fees of transactions, until the block's end.
  case feeCollector = "fee_collector"
  /// Rewards of stakers and commissions that were not withdrawn yet.
  case rewards = "distribution"
  case communityPool = "community_pool"
  case bondedStake = "bonded_tokens_pool"
  case unbondingStake = "not_bonded_tokens_pool"
  /// Deposits on proposals.
  case governance = "gov"

  public var address: Address { Self.addresses[self] ?? Address.module(rawValue) }

  /// Whether `address` is one of them.
  public static func contains(_ address: Address) -> Bool { allAddresses.contains(address) }

  private static let addresses: [ModuleAccount: Address] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, Address.module($0.rawValue)) }
  )
  private static let allAddresses = Set(addresses.values)
}
