import Chain
import Ledger
import Primitives

/// Encodes amounts as decimal strings, and the end of a lease or escrow that has not ended as `null`.
extension LedgerScenario.Result: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: ScenarioKey.self)
    var accounts = fields.nestedContainer(keyedBy: ScenarioKey.self, forKey: ScenarioKey("balances"))
    for (name, coins) in balances {
      var account = accounts.nestedContainer(keyedBy: ScenarioKey.self, forKey: ScenarioKey(name))
      try encode(coins, into: &account)
    }
    var pool = fields.nestedContainer(keyedBy: ScenarioKey.self, forKey: ScenarioKey("communityPool"))
    try encode(communityPool, into: &pool)
    var all = fields.nestedContainer(keyedBy: ScenarioKey.self, forKey: ScenarioKey("escrow"))
    for account in escrow { try all.encode(account, forKey: ScenarioKey(account.deployment)) }
    try fields.encode(leases, forKey: ScenarioKey("leases"))
    try fields.encode(refused, forKey: ScenarioKey("refused"))
    try fields.encode(isSupplyConserved, forKey: ScenarioKey("supplyConserved"))
  }

  /// Writes an amount for every denomination of the scenario, 0 where `coins` has none.
  private func encode(_ coins: [Coin], into fields: inout KeyedEncodingContainer<ScenarioKey>) throws {
    for denomination in denominations {
      let amount = coins.first { $0.denomination == denomination }?.amount ?? .zero
      try fields.encode(amount.description, forKey: ScenarioKey(denomination.name))
    }
  }
}

extension LedgerScenario.Result.Escrow: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: ScenarioKey.self)
    try fields.encode(state.rawValue, forKey: ScenarioKey("state"))
    try fields.encode(funds.description, forKey: ScenarioKey("funds"))
    try fields.encode(closedAtTick, forKey: ScenarioKey("closedAtTick"))
  }
}

extension LedgerScenario.Result.Lease: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: ScenarioKey.self)
    try fields.encode(deployment, forKey: ScenarioKey("deployment"))
    try fields.encode(provider, forKey: ScenarioKey("provider"))
    try fields.encode(state.name, forKey: ScenarioKey("state"))
    try fields.encode(closedAtTick, forKey: ScenarioKey("closedAtTick"))
    try fields.encode(reason?.name, forKey: ScenarioKey("reason"))
    try fields.encode(earned.description, forKey: ScenarioKey("earned"))
    try fields.encode(paid.description, forKey: ScenarioKey("paid"))
    try fields.encode(fee.description, forKey: ScenarioKey("fee"))
  }
}

extension LedgerScenario.Result.Refusal: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: ScenarioKey.self)
    try fields.encode(step, forKey: ScenarioKey("step"))
    try fields.encode(code.description, forKey: ScenarioKey("code"))
  }
}
