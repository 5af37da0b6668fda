import Chain
import Cryptography
import Ledger
import Primitives

extension LedgerScenario {
  /// Plays the scenario. Throws when its beginning is not possible.
  public func run() throws(Fault) -> Result {
    var play = try LedgerPlay(self)
    var refused: [Result.Refusal] = []
    let order = steps.indices.sorted {
      steps[$0].tick == steps[$1].tick ? $0 < $1 : steps[$0].tick < steps[$1].tick
    }
    for index in order where steps[index].tick <= untilTick {
      play.move(to: steps[index].tick)
      if let rejection = play.play(steps[index].action) {
        refused.append(.init(step: index, code: rejection.code, reason: rejection.description))
      }
    }
    play.move(to: untilTick)
    return play.result(refused: refused.sorted { $0.step < $1.step }, denominations: denominations)
  }

  /// The names of all accounts in the scenario, sorted by their bytes.
  fileprivate var names: [String] {
    var names = Set(accounts.keys)
    for step in steps {
      switch step.action {
      case .open(_, let tenant, _, let leases):
        names.insert(tenant)
        names.formUnion(leases.map(\.provider))
      case .deposit(_, let source, _): names.insert(source)
      case .withdraw(_, let provider), .closeLease(_, let provider, _, _): names.insert(provider)
      case .setTake, .closeDeployment: break
      }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The denominations of all amounts and prices in the scenario, sorted.
  fileprivate var denominations: [Denomination] {
    var found = Set<Denomination>()
    for coins in accounts.values { found.formUnion(coins.map(\.denomination)) }
    for step in steps {
      switch step.action {
      case .open(_, _, let deposit, let leases):
        found.insert(deposit.denomination)
        found.formUnion(leases.map(\.price.denomination))
      case .deposit(_, _, let amount): found.insert(amount.denomination)
      case .setTake, .withdraw, .closeLease, .closeDeployment: break
      }
    }
    return found.sorted()
  }
}

/// The ledger on which a scenario is played, with the addresses and deployments that its names stand for.
private struct LedgerPlay {
  private var state = MemoryState()
  private var tick: Tick = 0
  private let names: [String]
  private var addresses: [String: Address] = [:]
  private var deployments: [String: DeploymentID] = [:]

  init(_ scenario: LedgerScenario) throws(LedgerScenario.Fault) {
    names = scenario.names
    for (index, name) in names.enumerated() {
      // Addresses sort in the same order as the names, so ties that the ledger breaks by address go by name.
      var writer = ByteWriter(capacity: 20)
      writer.write(UInt64(0))
      writer.write(UInt32(0))
      writer.write(UInt64(index) + 1)
      addresses[name] = Address(writer.bytes)
    }
    guard LedgerScenario.payoutIntervals.contains(scenario.payoutInterval) else {
      throw .payoutInterval(scenario.payoutInterval)
    }
    var parameters = Parameters()
    parameters[.payoutInterval] = scenario.payoutInterval
    parameters[.tickMilliseconds] = 1
    var currencies: [Currency] = []
    let registered = Set(scenario.denominations).union(scenario.takeRates.keys).sorted()
    for (index, denomination) in registered.enumerated() {
      let take = scenario.takeRates[denomination] ?? parameters[.defaultTake]
      guard take <= 10_000 else { throw .takeRate(denomination) }
      currencies.append(Self.currency(denomination, symbol: "C\(index)", take: UInt32(take)))
    }
    let genesis = Genesis(
      chain: Self.chain,
      time: .zero,
      currencies: currencies,
      parameters: parameters,
      accounts: names.compactMap { name in
        addresses[name].map { Genesis.Account(address: $0, coins: scenario.accounts[name] ?? []) }
      },
      validators: []
    )
    do {
      state.apply(try Executor.begin(genesis).changes)
    } catch {
      // Names, currencies and take rates have been checked above, so the only possible error is too much
      // money.
      throw .supply
    }
  }

  private static var chain: ChainID {
    guard let chain = ChainID("scenario") else { preconditionFailure("the name is legal") }
    return chain
  }

  private static func currency(_ denomination: Denomination, symbol: String, take: UInt32) -> Currency {
    Currency(
      denomination: denomination,
      symbol: symbol,
      exponent: 6,
      minimumDeposit: .zero,
      leaseDeposit: .zero,
      minimumFee: .zero,
      takeBasisPoints: take
    )
  }

  private var moment: Moment { Moment(height: tick, time: Timestamp(milliseconds: tick), tick: tick) }

  /// Moves the ledger to a tick and settles everything that is due by then.
  mutating func move(to tick: Tick) {
    self.tick = max(self.tick, tick)
    let execution = Execution(on: state, at: moment)
    execution.processDue()
    state.apply(execution.changes)
  }

  /// Performs a step. Returns the ledger's reason when it refuses the step; nil when it accepts.
  mutating func play(_ action: LedgerScenario.Action) -> Rejection? {
    let execution = Execution(on: state, at: moment)
    do { try execution.atomically { () throws(Rejection) in try perform(action, execution) } } catch {
      return error
    }
    state.apply(execution.changes)
    if case .open(let name, let tenant, _, _) = action, let owner = addresses[tenant] {
      deployments[name] = nextDeployment(of: owner)
    }
    return nil
  }

  private func nextDeployment(of owner: Address) -> DeploymentID {
    DeploymentID(owner: owner, sequence: UInt64(deployments.count) + 1)
  }

  private func perform(_ action: LedgerScenario.Action, _ execution: Execution) throws(Rejection) {
    switch action {
    case .open(let name, let tenant, let deposit, let leases):
      try open(name, tenant, deposit, leases, execution)
    case .deposit(let name, let source, let amount):
      try execution.execute(
        .depositDeployment(try deployment(name), amount: amount, depositor: try address(source))
      )
    case .setTake(let denomination, let basisPoints):
      let key = "currency.\(denomination).take_basis_points"
      let change = ParameterChange(key: key, value: String(basisPoints))
      try execution.execute(.parameters([change]), proposal: 0)
    case .withdraw(let name, let provider):
      for lease in try leases(name, of: provider) { try execution.execute(.withdrawLease(lease)) }
    case .closeLease(let name, let provider, let closer, let reason):
      for lease in try leases(name, of: provider) {
        if closer == .provider {
          try execution.execute(.resignLease(lease, reason: reason ?? .unspecified))
        } else {
          try execution.execute(.closeLease(lease))
        }
      }
    case .closeDeployment(let name): try execution.execute(.closeDeployment(try deployment(name)))
    }
  }

  private func open(
    _ name: String,
    _ tenant: String,
    _ deposit: Coin,
    _ leases: [LedgerScenario.Lease],
    _ execution: Execution
  ) throws(Rejection) {
    if let id = deployments[name] { throw .lease(.deploymentExists(id)) }
    let owner = try address(tenant)
    let id = nextDeployment(of: owner)
    var openings: [Execution.LeaseOpening] = []
    for (index, lease) in leases.enumerated() {
      let provider = try address(lease.provider)
      guard provider != owner else { throw .order(.sameAccount) }
      guard !lease.price.amount.isZero else { throw .order(.zeroPrice) }
      guard lease.price.denomination == deposit.denomination else {
        throw .order(.priceDenomination(deposit.denomination))
      }
      let opening = Execution.LeaseOpening(
        group: UInt32(index) + 1,
        spec: Self.group(index, lease.price),
        provider: provider,
        price: lease.price,
        offer: [],
        reclamationWindow: 0,
        requiresAuditedGPUs: false
      )
      openings.append(opening)
    }
    guard openings.count <= ChainLimits.groups else {
      throw .order(.invalidGroups("an order has at most \(ChainLimits.groups) groups"))
    }
    try execution.createDeployment(
      id,
      groups: openings.map(\.spec),
      manifestHash: .zero,
      order: Digest.blake2b("\(tick) \(name)".utf8),
      denomination: deposit.denomination
    )
    try execution.deposit(deposit.amount, from: owner, isGranted: false, to: id)
    try execution.openLeases(openings, of: id)
  }

  private static func group(_ index: Int, _ price: DecimalCoin) -> GroupSpec {
    let volume = Volume(name: "default", bytes: ResourceLimits.volumeBytes.lowerBound)
    let resources = Resources(
      id: 1,
      cpuMillis: ResourceLimits.cpuMillis.lowerBound,
      memoryBytes: ResourceLimits.memoryBytes.lowerBound,
      volumes: [volume]
    )
    return GroupSpec(
      name: "group-\(index + 1)",
      requirements: PlacementRequirements(),
      units: [ResourceUnit(resources: resources, count: 1, price: price)]
    )
  }

  private func address(_ name: String) throws(Rejection) -> Address {
    guard let address = addresses[name] else { throw .invalidRequest("nobody is called \(name)") }
    return address
  }

  private func deployment(_ name: String) throws(Rejection) -> DeploymentID {
    guard let id = deployments[name] else { throw .invalidRequest("no deployment is called \(name)") }
    return id
  }

  /// The running leases that a provider has in a deployment. When none is running, the last ended one, so
  /// that the ledger's refusal names it.
  private func leases(_ name: String, of provider: String) throws(Rejection) -> [LeaseID] {
    let id = try deployment(name)
    let address = try address(provider)
    let all = allLeases(of: id).filter { $0.id.provider == address }
    let running = all.filter(\.record.state.isRunning)
    guard let last = all.last else {
      throw .lease(.leaseNotFound(LeaseID(deployment: id, group: 1, order: 1, provider: address)))
    }
    return running.isEmpty ? [last.id] : running.map(\.id)
  }

  private func allLeases(of id: DeploymentID) -> [LeaseStatus] {
    LedgerQuery(state: state).leases(of: id, at: tick)
  }
}

extension LedgerPlay {
  func result(
    refused: [LedgerScenario.Result.Refusal],
    denominations: [Denomination]
  ) -> LedgerScenario.Result {
    let query = LedgerQuery(state: state)
    var escrow: [LedgerScenario.Result.Escrow] = []
    var leases: [LedgerScenario.Result.Lease] = []
    let sorted = deployments.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    let namesOf = Dictionary(uniqueKeysWithValues: addresses.map { ($1, $0) })
    for (name, id) in sorted {
      guard let status = query.escrow(of: id, at: tick) else { continue }
      escrow.append(
        .init(deployment: name, state: status.state, funds: status.funds, closedAtTick: status.endedAt)
      )
      for lease in allLeases(of: id) {
        leases.append(
          .init(
            deployment: name,
            provider: namesOf[lease.id.provider] ?? lease.id.provider.description,
            state: lease.record.state,
            closedAtTick: lease.record.closing?.moment.tick,
            reason: lease.record.closing?.reason,
            earned: lease.earned,
            paid: lease.paid,
            fee: lease.fee
          )
        )
      }
    }
    return LedgerScenario.Result(
      denominations: denominations,
      balances: names.map { name in (name, addresses[name].map { query.balances(of: $0) } ?? []) },
      communityPool: query.balances(of: ModuleAccount.communityPool.address),
      escrow: escrow,
      leases: leases,
      refused: refused,
      isSupplyConserved: query.conservationReports().allSatisfy(\.isConserved)
    )
  }
}
