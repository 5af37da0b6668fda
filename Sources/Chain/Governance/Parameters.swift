/// A parameter of the network, which governance may change. The raw value is its name in network definitions,
/// proposals and queries.
public enum ParameterKey: String, CaseIterable, Hashable, Sendable {
  // Time and blocks
  case tickMilliseconds = "chain.tick_milliseconds"
  case maximumBlockInterval = "chain.maximum_block_interval_milliseconds"
  case maximumBilledInterval = "chain.maximum_billed_interval_milliseconds"
  case maximumBlockBytes = "chain.maximum_block_bytes"
  // Market
  case orderMaximumBids = "market.order_maximum_bids"
  case orderMaximumLifetime = "market.order_maximum_lifetime_milliseconds"
  case maximumLiveOrders = "market.maximum_live_orders_per_account"
  case payoutInterval = "market.payout_interval_ticks"
  // Take (the network's share of payments)
  case defaultTake = "take.default_basis_points"
  case takeShareToStakers = "take.share_to_stakers_basis_points"
  // Staking and slashing
  case unbondingTime = "staking.unbonding_milliseconds"
  case maximumValidators = "staking.maximum_validators"
  case maximumUnbondingEntries = "staking.maximum_entries"
  case minimumCommission = "staking.minimum_commission_basis_points"
  case signedBlocksWindow = "slashing.signed_blocks_window"
  case minimumSignedPerWindow = "slashing.minimum_signed_basis_points"
  case downtimeJail = "slashing.downtime_jail_milliseconds"
  case slashDoubleSign = "slashing.double_sign_parts_per_million"
  case slashDowntime = "slashing.downtime_parts_per_million"
  case evidenceMaximumBlocks = "evidence.maximum_age_blocks"
  case evidenceMaximumAge = "evidence.maximum_age_milliseconds"
  // Governance
  case proposalMinimumDeposit = "gov.minimum_deposit_uakt"
  case proposalInitialDepositShare = "gov.minimum_initial_deposit_basis_points"
  case depositPeriod = "gov.deposit_period_milliseconds"
  case votingPeriod = "gov.voting_period_milliseconds"
  case quorum = "gov.quorum_parts_per_million"
  case threshold = "gov.threshold_parts_per_million"
  case vetoThreshold = "gov.veto_threshold_parts_per_million"
  case expeditedMinimumDeposit = "gov.expedited_minimum_deposit_uakt"
  case expeditedVotingPeriod = "gov.expedited_voting_period_milliseconds"
  case expeditedThreshold = "gov.expedited_threshold_parts_per_million"
}

extension ParameterKey {
  /// The meaning and the range of a parameter.
  public struct Definition: Hashable, Sendable {
    public let summary: String
    public let unit: String
    public let range: ClosedRange<UInt64>
    /// The default: the value on Akash's GPU mainnet, or our own value where Akash has no such parameter.
    public let defaultValue: UInt64
  }

  public var definition: Definition {
    switch self {
    case .tickMilliseconds:
      define(6_000, 100...3_600_000, "ms", "Length of a tick, the unit of time of prices")
    case .maximumBlockInterval: define(6_000, 100...600_000, "ms", "A block is made at least this often")
    case .maximumBilledInterval:
      define(12_000, 100...365 * day, "ms", "Time between two blocks that leases pay for at most")
    case .maximumBlockBytes: define(1_048_576, 65_536...3_000_000, "bytes", "Size of a block's transactions")
    case .orderMaximumBids: define(20, 1...500, "bids", "Live bids kept per order, the cheapest")
    case .orderMaximumLifetime: define(3_600_000, 10_000...day, "ms", "How far ahead an order may expire")
    case .maximumLiveOrders: define(32, 1...10_000, "orders", "Live orders of one account")
    case .payoutInterval: define(600, 1...1_000_000, "ticks", "Time between automatic payouts of a lease")
    case .defaultTake: define(2_000, 0...10_000, "0.01 %", "Take of a currency without its own rate")
    case .takeShareToStakers: define(0, 0...10_000, "0.01 %", "Share of the take that goes to stakers")
    case .unbondingTime:
      define(21 * day, 1_000...365 * day, "ms", "Time until undelegated stake can be spent")
    case .maximumValidators: define(64, 1...1_000, "validators", "Size of the validator set")
    case .maximumUnbondingEntries: define(7, 1...100, "entries", "Unbondings at once per delegation")
    case .minimumCommission: define(500, 0...10_000, "0.01 %", "Lowest commission of a validator")
    case .signedBlocksWindow: define(10_000, 10...1_000_000, "blocks", "Length of the signing window")
    case .minimumSignedPerWindow:
      define(500, 0...10_000, "0.01 %", "Share of the signing window that must be signed")
    case .downtimeJail: define(600_000, 1_000...365 * day, "ms", "Time in jail for missed blocks")
    case .slashDoubleSign: define(50_000, 0...1_000_000, "ppm", "Stake slashed for double signing")
    case .slashDowntime: define(100, 0...1_000_000, "ppm", "Stake slashed for missed blocks")
    case .evidenceMaximumBlocks: define(279_138, 10...10_000_000, "blocks", "Age of evidence in blocks")
    case .evidenceMaximumAge: define(21 * day, 1_000...365 * day, "ms", "Age of evidence in time")
    case .proposalMinimumDeposit:
      define(1_000_000_000, 1...1_000_000_000_000_000, "uakt", "Deposit that opens the vote")
    case .proposalInitialDepositShare:
      define(4_000, 0...10_000, "0.01 %", "Share of that deposit due at submission")
    case .depositPeriod: define(14 * day, 1_000...365 * day, "ms", "Time to gather the deposit")
    case .votingPeriod: define(7 * day, 1_000...365 * day, "ms", "Time to vote")
    case .quorum: define(334_000, 0...1_000_000, "ppm", "Share of stake that must vote")
    case .threshold: define(500_000, 1...1_000_000, "ppm", "Share of yes that passes")
    case .vetoThreshold:
      define(334_000, 1...1_000_000, "ppm", "Share of veto that rejects and burns the deposit")
    case .expeditedMinimumDeposit:
      define(2_000_000_000, 1...1_000_000_000_000_000, "uakt", "Deposit of an expedited proposal")
    case .expeditedVotingPeriod: define(day, 1_000...365 * day, "ms", "Time to vote on an expedited proposal")
    case .expeditedThreshold:
      define(667_000, 1...1_000_000, "ppm", "Share of yes that passes an expedited proposal")
    }
  }

  private func define(
    _ defaultValue: UInt64,
    _ range: ClosedRange<UInt64>,
    _ unit: String,
    _ summary: String
  ) -> Definition { Definition(summary: summary, unit: unit, range: range, defaultValue: defaultValue) }

  private var day: UInt64 { 86_400_000 }
}

/// The values of all parameters.
public struct Parameters: Hashable, Sendable {
  /// The values in the order of `ParameterKey.allCases`.
  private var values: [UInt64]

  /// All parameters with their default values.
  public init() { values = ParameterKey.allCases.map(\.definition.defaultValue) }

  public subscript(key: ParameterKey) -> UInt64 {
    get { values[key.index] }
    set { values[key.index] = newValue }
  }
}

extension Parameters {
  /// The most milliseconds that the billing clock advances in one block. It is never less than the longest
  /// interval between blocks of a chain that runs as it should, so that a vote on that interval alone makes no
  /// lease cheaper.
  public var billedIntervalLimit: UInt64 { max(self[.maximumBilledInterval], self[.maximumBlockInterval]) }
}

extension ParameterKey {
  /// The position in `allCases`.
  public var index: Int { Self.positions[self] ?? 0 }

  private static let positions: [ParameterKey: Int] = Dictionary(
    uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) }
  )
}
