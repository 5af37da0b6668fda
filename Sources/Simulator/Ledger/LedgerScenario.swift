public import Chain
public import Ledger
public import Primitives

/// A scenario of deployments and their money, without a network: steps at given ticks, played on the real
/// ledger.
///
/// Fees, minimum deposits and lease deposits are zero. Accounts that have no coins in `accounts` start empty.
/// Accounts and deployments have names; ties that the ledger breaks by provider address are broken by name.
public struct LedgerScenario: Hashable, Sendable {
  public struct Lease: Hashable, Sendable {
    public var provider: String
    /// The price per tick.
    public var price: DecimalCoin
  }

  public enum Action: Hashable, Sendable {
    /// Opens a deployment, with one group and one lease for each element of `leases`.
    case open(deployment: String, tenant: String, deposit: Coin, leases: [Lease])
    case deposit(deployment: String, from: String, amount: Coin)
    /// Sets a take rate, which applies to the ticks after the step's own tick.
    case setTake(Denomination, basisPoints: UInt64)
    case withdraw(deployment: String, provider: String)
    /// Closes a lease. The tenant closes it, or the provider with a reason.
    case closeLease(deployment: String, provider: String, by: Closer, reason: LeaseCloseReason?)
    case closeDeployment(String)
  }

  public struct Step: Hashable, Sendable {
    public var tick: Tick
    public var action: Action
  }

  /// The take rate of each currency, in basis points. A currency that is not listed has the standard rate.
  public var takeRates: [Denomination: UInt64]
  /// The time between payouts to providers, in ticks.
  public var payoutInterval: UInt64
  public var accounts: [String: [Coin]]
  /// The steps. Those of the same tick are performed in the order of the array.
  public var steps: [Step]
  public var untilTick: Tick
}

extension LedgerScenario {
  /// The accepted payout intervals, in ticks: a wider range than governance may set. With an interval longer
  /// than the scenario, no payout happens by itself.
  static let payoutIntervals: ClosedRange<UInt64> = 1...UInt64(Int64.max)

  /// The state of the ledger at the end of the scenario.
  public struct Result: Sendable {
    public struct Escrow: Hashable, Sendable {
      public var deployment: String
      public var state: EscrowStatus.State
      /// The money that was deposited and that no provider has earned.
      public var funds: Decimal18
      /// When the escrow was closed; for an overdrawn one, the last tick that was paid in full.
      public var closedAtTick: Tick?
    }

    public struct Lease: Hashable, Sendable {
      public var deployment: String
      public var provider: String
      public var state: LeaseRecord.State
      /// When the lease ended; for an overdrawn one, the last tick that was paid in full.
      public var closedAtTick: Tick?
      public var reason: LeaseCloseReason?
      /// The exact earnings, including those not paid yet.
      public var earned: Decimal18
      /// The amount paid out, including the network's fee.
      public var paid: Amount
      /// The network's part of `paid`.
      public var fee: Amount
    }

    /// A step that the ledger refused. Such a step changes nothing.
    public struct Refusal: Hashable, Sendable {
      /// The index of the step in `steps`, counted from 0.
      public var step: Int
      public var code: Rejection.Code
      public var reason: String
    }

    /// The denominations of all amounts and prices in the scenario, sorted.
    public var denominations: [Denomination]
    /// The coins of every account in the scenario, sorted by name; coins by denomination, without zero
    /// amounts.
    public var balances: [(name: String, coins: [Coin])]
    public var communityPool: [Coin]
    /// The escrow of each deployment, sorted by the deployment's name.
    public var escrow: [Escrow]
    /// All leases, sorted by deployment, then by the order of their groups.
    public var leases: [Lease]
    public var refused: [Refusal]
    public var isSupplyConserved: Bool
  }

  /// Why a scenario cannot be played at all.
  public enum Fault: Error, Hashable, Sendable, CustomStringConvertible {
    case takeRate(Denomination)
    case payoutInterval(UInt64)
    /// The accounts hold more of one currency in total than fits into 64 bits.
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
