import Chain
import Ledger
import Primitives
import Simulator

/// The obvious ledger of a scenario: every account is settled at every tick, fractions are exact, nothing is clever.
/// Shares no code with what it is compared with but the types of input and result.
struct NaiveLedger {
  private struct Lease {
    var provider: String
    /// In 10⁻¹⁸.
    var rate: UInt128
    var openedAt: Tick
    var state = LeaseRecord.State.active
    var closedAt: Tick?
    var reason: LeaseCloseReason?
    var earned: UInt128 = 0
    /// Earnings × basis points.
    var take: UInt128 = 0
    var paid: UInt128 = 0
    var fee: UInt128 = 0
  }

  private struct Account {
    var tenant: String
    var denomination: Denomination
    var state = EscrowStatus.State.open
    var closedAt: Tick?
    /// What is left of each deposit, in 10⁻¹⁸.
    var deposits: [(from: String, left: UInt128)] = []
    var leases: [Lease] = []
    /// Everything held, in whole units.
    var held: UInt128 = 0

    var funds: UInt128 { deposits.reduce(0) { $0 + $1.left } }
  }

  private let scenario: LedgerScenario
  private var balances: [String: [Denomination: UInt128]] = [:]
  private var pool: [Denomination: UInt128] = [:]
  private var rates: [Denomination: UInt128] = [:]
  private var accounts: [String: Account] = [:]
  private var refused: [Int] = []
  private let one: UInt128 = 1_000_000_000_000_000_000

  init(_ scenario: LedgerScenario) {
    self.scenario = scenario
    for (name, coins) in scenario.accounts {
      for coin in coins {
        balances[name, default: [:]][coin.denomination, default: 0] += UInt128(coin.amount.units)
      }
    }
    for (denomination, rate) in scenario.takeRates { rates[denomination] = UInt128(rate) }
  }

  mutating func run() {
    for tick in 0...scenario.untilTick {
      if tick > 0 { for name in accounts.keys.sorted() { settle(name, before: tick) } }
      for name in accounts.keys.sorted() { payDue(name, at: tick) }
      for (index, step) in scenario.steps.enumerated() where step.tick == tick {
        if !perform(step.action, at: tick) { refused.append(index) }
      }
    }
  }

  /// The interval from `tick` − 1 to `tick`.
  private mutating func settle(_ name: String, before tick: Tick) {
    guard var account = accounts[name] else { return }
    let running = account.leases.indices.filter { account.leases[$0].state == .active }
    guard !running.isEmpty else { return }
    let rate = rates[account.denomination] ?? 2_000
    let total = running.reduce(UInt128(0)) { $0 + account.leases[$1].rate }
    if account.funds >= total {
      for index in running {
        account.leases[index].earned += account.leases[index].rate
        account.leases[index].take += account.leases[index].rate * rate
      }
      spend(total, &account)
      accounts[name] = account
      return
    }
    let rest = account.funds
    var shares: [(index: Int, share: UInt128, remainder: UInt128)] = []
    for index in running {
      let (share, remainder) = divide(rest, account.leases[index].rate, total)
      shares.append((index, share, remainder))
    }
    let left = rest - shares.reduce(UInt128(0)) { $0 + $1.share }
    let order = shares.indices.sorted { first, second in
      if shares[first].remainder != shares[second].remainder {
        return shares[first].remainder > shares[second].remainder
      }
      let (a, b) = (
        account.leases[shares[first].index].provider, account.leases[shares[second].index].provider
      )
      return a == b ? first < second : a < b
    }
    for place in order.prefix(Int(left)) { shares[place].share += 1 }
    for (index, share, _) in shares {
      account.leases[index].earned += share
      account.leases[index].take += share * rate
    }
    spend(rest, &account)
    account.state = .overdrawn
    account.closedAt = tick - 1
    for index in running {
      pay(index, &account)
      account.leases[index].state = .insufficientFunds
      account.leases[index].closedAt = tick - 1
      account.leases[index].reason = .insufficientFunds
    }
    accounts[name] = account
  }

  /// a × b ÷ c, bit by bit; b and c stay far below 2¹²⁷.
  private func divide(_ a: UInt128, _ b: UInt128, _ c: UInt128) -> (UInt128, UInt128) {
    var quotient: UInt128 = 0
    var remainder: UInt128 = 0
    for bit in (0..<128).reversed() {
      // (quotient, remainder) stands for the product of a's leading bits with b, divided by c.
      quotient <<= 1
      remainder <<= 1
      if a >> UInt128(bit) & 1 == 1 { remainder += b }
      quotient += remainder / c
      remainder %= c
    }
    return (quotient, remainder)
  }

  private func spend(_ amount: UInt128, _ account: inout Account) {
    var amount = amount
    while amount > 0 {
      let part = min(amount, account.deposits[0].left)
      account.deposits[0].left -= part
      amount -= part
      if account.deposits[0].left == 0 { account.deposits.removeFirst() }
    }
  }

  private mutating func payDue(_ name: String, at tick: Tick) {
    guard var account = accounts[name] else { return }
    for index in account.leases.indices where account.leases[index].state == .active {
      let age = tick - account.leases[index].openedAt
      if age > 0, age % scenario.payoutInterval == 0 { pay(index, &account) }
    }
    accounts[name] = account
  }

  private mutating func pay(_ index: Int, _ account: inout Account) {
    let gross = account.leases[index].earned / one - account.leases[index].paid
    let due = account.leases[index].take / 10_000 / one - account.leases[index].fee
    // Where the rate rose, a unit more can be due than is paid now: the provider has it from before.
    let reach = balances[account.leases[index].provider]?[account.denomination] ?? 0
    let fee = min(due, gross + reach)
    account.leases[index].paid += gross
    account.leases[index].fee += fee
    account.held -= gross
    balances[account.leases[index].provider, default: [:]][account.denomination, default: 0] += gross
    balances[account.leases[index].provider, default: [:]][account.denomination, default: 0] -= fee
    pool[account.denomination, default: 0] += fee
  }

  private mutating func take(_ units: UInt128, _ denomination: Denomination, from name: String) -> Bool {
    let available = balances[name]?[denomination] ?? 0
    guard available >= units else { return false }
    balances[name, default: [:]][denomination, default: 0] -= units
    return true
  }

  private mutating func perform(_ action: LedgerScenario.Action, at tick: Tick) -> Bool {
    switch action {
    case .open(let name, let tenant, let deposit, let leases):
      guard accounts[name] == nil,
        leases.allSatisfy({
          $0.provider != tenant && $0.price.amount.raw > 0 && $0.price.denomination == deposit.denomination
        }),
        take(UInt128(deposit.amount.units), deposit.denomination, from: tenant)
      else { return false }
      var account = Account(tenant: tenant, denomination: deposit.denomination)
      add(deposit, from: tenant, to: &account)
      account.leases = leases.map { Lease(provider: $0.provider, rate: $0.price.amount.raw, openedAt: tick) }
      accounts[name] = account
      return true
    case .deposit(let name, let source, let amount):
      guard var account = accounts[name], account.state != .closed,
        account.denomination == amount.denomination,
        amount.amount.units > 0, take(UInt128(amount.amount.units), amount.denomination, from: source)
      else { return false }
      add(amount, from: source, to: &account)
      accounts[name] = account
      return true
    case .setTake(let denomination, let basisPoints):
      guard basisPoints <= 10_000 else { return false }
      rates[denomination] = UInt128(basisPoints)
      return true
    case .withdraw(let name, let provider):
      guard var account = accounts[name], let indices = running(account, provider) else { return false }
      for index in indices { pay(index, &account) }
      accounts[name] = account
      return true
    case .closeLease(let name, let provider, let closer, let reason):
      guard var account = accounts[name], let indices = running(account, provider) else { return false }
      let why = closer == .provider ? reason ?? .unspecified : .owner
      for index in indices { end(index, why, at: tick, &account) }
      accounts[name] = account
      return true
    case .closeDeployment(let name):
      guard let account = accounts[name], account.state != .closed else { return false }
      close(name, account, at: tick)
      return true
    }
  }

  private func add(_ coin: Coin, from name: String, to account: inout Account) {
    guard coin.amount.units > 0 else { return }
    account.deposits.append((name, UInt128(coin.amount.units) * one))
    account.held += UInt128(coin.amount.units)
  }

  private func running(_ account: Account, _ provider: String) -> [Int]? {
    let indices = account.leases.indices.filter {
      account.leases[$0].provider == provider && account.leases[$0].state == .active
    }
    return indices.isEmpty ? nil : indices
  }

  private mutating func end(_ index: Int, _ reason: LeaseCloseReason, at tick: Tick, _ account: inout Account)
  {
    pay(index, &account)
    account.leases[index].state = .closed
    account.leases[index].closedAt = tick
    account.leases[index].reason = reason
  }

  private mutating func close(_ name: String, _ open: Account, at tick: Tick) {
    var account = open
    for index in account.leases.indices where account.leases[index].state == .active {
      end(index, .deploymentClosed, at: tick, &account)
    }
    for deposit in account.deposits {
      balances[deposit.from, default: [:]][account.denomination, default: 0] += deposit.left / one
      account.held -= deposit.left / one
    }
    account.deposits = []
    pool[account.denomination, default: 0] += account.held
    account.held = 0
    account.state = .closed
    account.closedAt = tick
    accounts[name] = account
  }
}

extension NaiveLedger {
  /// What must be equal, as one text a line.
  func lines(names: [String]) -> [String] {
    func coins(_ amounts: [Denomination: UInt128]) -> String {
      amounts.sorted { $0.key < $1.key }.filter { $0.value > 0 }.map { "\($0.value)\($0.key)" }.joined(
        separator: ","
      )
    }
    var lines = names.map { "balance \($0) \(coins(balances[$0] ?? [:]))" }
    lines.append("pool \(coins(pool))")
    for (name, account) in accounts.sorted(by: { $0.key < $1.key }) {
      lines.append(
        "escrow \(name) \(account.state) \(Decimal18(raw: account.funds)) \(Self.text(account.closedAt))"
      )
      for lease in account.leases {
        lines.append(
          "lease \(name) \(lease.provider) \(lease.state.name) \(Self.text(lease.closedAt)) \(lease.reason?.name ?? "-")"
            + " \(Decimal18(raw: lease.earned)) \(lease.paid) \(lease.fee)"
        )
      }
    }
    lines.append("refused \(refused.sorted())")
    return lines
  }

  static func text(_ tick: Tick?) -> String { tick.map(String.init) ?? "-" }
}

extension LedgerScenario.Result {
  /// As `NaiveLedger.lines`.
  var lines: [String] {
    func text(_ coins: [Coin]) -> String {
      coins.map { "\($0.amount)\($0.denomination)" }.joined(separator: ",")
    }
    var lines = balances.map { "balance \($0.name) \(text($0.coins))" }
    lines.append("pool \(text(communityPool))")
    for account in escrow {
      lines.append(
        "escrow \(account.deployment) \(account.state) \(account.funds) \(NaiveLedger.text(account.closedAtTick))"
      )
      for lease in leases where lease.deployment == account.deployment {
        lines.append(
          "lease \(lease.deployment) \(lease.provider) \(lease.state.name) \(NaiveLedger.text(lease.closedAtTick))"
            + " \(lease.reason?.name ?? "-") \(lease.earned) \(lease.paid) \(lease.fee)"
        )
      }
    }
    lines.append("refused \(refused.map(\.step))")
    return lines
  }
}
