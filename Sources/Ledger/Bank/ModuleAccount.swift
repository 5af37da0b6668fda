public import Cryptography

/// Accounts that belong to the ledger itself. They have no key, and `send` and `mint` reject them as
/// recipients.
public enum ModuleAccount: String, CaseIterable, Sendable {
  /// Deposits of deployments that are neither paid out to providers nor refunded yet.
  case escrow = "escrow"
  /// Deposits that providers lock for their leases.
  case leaseDeposits = "lease_deposits"
  /// Transaction fees, and the stakers' share of the take, until the end of the block.
  case feeCollector = "fee_collector"
  /// Rewards of delegators and commissions of validators that were not withdrawn yet.
  case rewards = "distribution"
  case communityPool = "community_pool"
  case bondedStake = "bonded_tokens_pool"
  case unbondingStake = "not_bonded_tokens_pool"
  /// Deposits on proposals.
  case governance = "gov"

  public var address: Address { Self.addresses[self] ?? Address.module(rawValue) }

  /// Whether `address` is the address of a module account.
  public static func contains(_ address: Address) -> Bool { allAddresses.contains(address) }

  private static let addresses: [ModuleAccount: Address] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, Address.module($0.rawValue)) }
  )
  private static let allAddresses = Set(addresses.values)
}
