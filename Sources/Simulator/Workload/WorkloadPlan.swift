/// What users do in a run.
public struct WorkloadPlan: Codable, Hashable, Sendable {
  /// Accounts that send money and post orders.
  public var tenants = 6
  /// Accounts that register and bid.
  public var providers = 2
  /// A tenant sends about so often, all tenants together.
  public var transfersPerMinute: UInt64 = 90
  /// A tenant posts an order about so often.
  public var ordersPerMinute: UInt64 = 12

  public init() {}

  public static var quiet: WorkloadPlan {
    var plan = WorkloadPlan()
    plan.transfersPerMinute = 0
    plan.ordersPerMinute = 0
    plan.providers = 0
    return plan
  }
}
