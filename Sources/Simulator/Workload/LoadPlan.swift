/// How many users a run has and how often they act.
public struct LoadPlan: Codable, Hashable, Sendable {
  /// The number of accounts that send money and post orders; at least one is created.
  public var tenants = 6
  /// The number of accounts that register as providers and bid.
  public var providers = 2
  /// Mean number of transfers per minute of virtual time, all tenants together.
  public var transfersPerMinute: UInt64 = 90
  /// Mean number of orders per minute of virtual time, all tenants together.
  public var ordersPerMinute: UInt64 = 12

  public init() {}

  /// A plan without users' actions and without providers.
  public static var quiet: LoadPlan {
    var plan = LoadPlan()
    plan.transfersPerMinute = 0
    plan.ordersPerMinute = 0
    plan.providers = 0
    return plan
  }
}
