public import Chain
public import Ledger
public import Primitives

/// A story of deployments and their money without a network: what happens at which tick, played on the real ledger.
///
/// Fees, minimum and lease deposits are zero in it; accounts that are not named start empty. Accounts and deployments
/// go by names; ties that the ledger breaks by provider are broken by name.
public struct LedgerScenario: Hashable, Sendable {
  public struct Lease: Hashable, Sendable {
    public var provider: String
    /// Per tick.
    public var price: DecimalCoin
  }

  public enum Action: Hashable, Sendable {
    /// A new deployment with a group and a lease for each price.
    case open(deployment: String, tenant: String, deposit: Coin, leases: [Lease])
    case deposit(deployment: String, from: String, amount: Coin)
    /// Counts for ticks after this one.
    case setTake(Denomination, basisPoints: UInt64)
    case withdraw(deployment: String, provider: String)
    /// By the tenant or, with a reason, by the provider.
    case closeLease(deployment: String, provider: String, by: Closer, reason: LeaseCloseReason?)
    case closeDeployment(String)
  }

  public struct Step: Hashable, Sendable {
    public var tick: Tick
    public var action: Action
  }

  /// In basis points. A currency that is not listed takes the standard rate.
  public var takeRates: [Denomination: UInt64]
  /// In ticks.
  public var payoutInterval: UInt64
  public var accounts: [String: [Coin]]
  /// Steps of one tick happen in their order.
  public var steps: [Step]
  public var untilTick: Tick
}

extension LedgerScenario {
  /// Wider than what governance may set: one that no story reaches pays nothing by itself.
  static let payoutIntervals: ClosedRange<UInt64> = 1...UInt64(Int64.max)

  /// How the story ends.
  public struct Result: Sendable {
    public struct Escrow: Hashable, Sendable {
      public var deployment: String
      public var state: EscrowStatus.State
      /// Deposited and not earned by anybody.
      public var funds: Decimal18
      /// When it was closed, or the last tick that was paid in full.
      public var closedAtTick: Tick?
    }

    public struct Lease: Hashable, Sendable {
      public var deployment: String
      public var provider: String
      public var state: LeaseRecord.State
      /// The end, or the last tick that was paid in full.
      public var closedAtTick: Tick?
      public var reason: LeaseCloseReason?
      /// Exact, with what is not paid yet.
      public var earned: Decimal18
      /// Gross.
      public var paid: Amount
      /// Of `paid`.
      public var fee: Amount
    }

    /// A step that the ledger refused; it changed nothing.
    public struct Refusal: Hashable, Sendable {
      /// Counted from 0.
      public var step: Int
      public var code: Rejection.Code
      public var reason: String
    }

    /// In which the story has money or prices, sorted.
    public var denominations: [Denomination]
    /// Of every account that the story names, sorted by name; coins by denomination, zero ones left out.
    public var balances: [(name: String, coins: [Coin])]
    public var communityPool: [Coin]
    /// Sorted by name.
    public var escrow: [Escrow]
    /// Sorted by deployment, then in the order of their groups.
    public var leases: [Lease]
    public var refused: [Refusal]
    public var isSupplyConserved: Bool
  }

  /// Why a scenario cannot be played at all.
  public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
    case takeRate(Denomination)
    case payoutInterval(UInt64)
    /// The amounts of one currency exceed 64 bits.
    case supply

    public var description: String {
      switch self {
      case .takeRate(let denomination): "the take rate of \(denomination) is above 10000 basis points"
      case .payoutInterval(let ticks):
        "the payout interval is \(ticks) ticks, not in \(LedgerScenario.payoutIntervals)"
      case .supply: "the accounts of one denomination hold more than \(UInt64.max) together"
      }
    }
  }
}
