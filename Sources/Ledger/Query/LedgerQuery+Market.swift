public import Chain
public import Cryptography
public import Primitives

/// A lease with its earnings up to the queried tick.
public struct LeaseStatus: Hashable, Sendable {
  public var id: LeaseID
  public var record: LeaseRecord
  /// The earnings since the lease opened, exact.
  public var earned: Decimal18
  /// The units paid out so far, including the network's share (the take).
  public var paid: Amount
  /// The part of `paid` that was the network's take.
  public var fee: Amount
}

extension LeaseStatus {
  /// Makes the status of a lease whose record has its present totals: one opened in this block, or an ended
  /// one.
  public init(_ id: LeaseID, settled record: LeaseRecord) {
    self.init(id: id, record: record, earned: record.earned, paid: record.paid, fee: record.fee)
  }
}

/// An escrow account settled up to the queried tick.
public struct EscrowStatus: Hashable, Sendable {
  public enum State: String, CaseIterable, Hashable, Sendable {
    case open = "open"
    case closed = "closed"
    case overdrawn = "overdrawn"
  }

  public var state: State
  public var denomination: Denomination
  /// The deposited money that no lease has earned yet.
  public var funds: Decimal18
  /// The sum of the deposits that are not used up or refunded, in their original amounts.
  public var deposited: Amount
  /// What all running leases earn per tick.
  public var rate: Decimal18
  /// How many more ticks the funds pay in full; nil when no lease runs.
  public var runway: UInt64?
  /// The tick of closing, or, when overdrawn, the last tick that was paid in full; nil while open.
  public var endedAt: Tick?
}

/// A deployment with its groups.
public struct DeploymentStatus: Sendable {
  public var id: DeploymentID
  public var record: DeploymentRecord
  public var groups: [(sequence: UInt32, record: GroupRecord)]
}

extension LedgerQuery {
  public func deployment(_ id: DeploymentID) -> DeploymentStatus? {
    guard let record = state.read(Tables.deployments, id) else { return nil }
    let groups = (1...max(1, record.groupCount)).compactMap { sequence in
      state.read(Tables.groups, GroupKey(id, sequence)).map { (sequence, $0) }
    }
    return DeploymentStatus(id: id, record: record, groups: groups)
  }

  /// Deployments by owner, state or both; all without a filter. A state has an index. Owner and state have one
  /// from protocol version 2 on. Without an index the main table is read, only the owner's part if there is an
  /// owner, and the state is filtered.
  public func deployments(
    of owner: Address? = nil,
    state wanted: DeploymentRecord.State? = nil,
    _ request: PageRequest
  ) throws(PageFault) -> Page<DeploymentStatus> {
    func found(_ id: DeploymentID) -> DeploymentStatus? {
      deployment(id).flatMap { wanted == nil || $0.record.state == wanted ? $0 : nil }
    }
    if let owner, let wanted, hasOwnerIndexes {
      let prefix = Tables.deploymentsByOwner.prefix(owner, wanted.rawValue)
      return try state.page(Tables.deploymentsByOwner, prefix: prefix, request) { key, _ in
        found(key.second.key)
      }
    }
    if let wanted, owner == nil {
      let prefix = Tables.deploymentsByState.prefix(wanted.rawValue)
      return try state.page(Tables.deploymentsByState, prefix: prefix, request) { key, _ in found(key.key) }
    }
    let prefix = owner.map { Tables.deployments.prefix($0) }
    return try state.page(Tables.deployments, prefix: prefix, request) { key, _ in found(key) }
  }

  public func deployments(of owner: Address? = nil, state wanted: DeploymentRecord.State? = nil)
    -> [DeploymentStatus]
  {
    (try? deployments(of: owner, state: wanted, .everything).items) ?? []
  }

  /// Whether the indexes by owner and record state exist. Protocol version 2 and later have them.
  private var hasOwnerIndexes: Bool { protocolVersion >= 2 }

  /// The account as it would be at `tick`. The state does not change.
  public func escrow(of id: DeploymentID, at tick: Tick) -> EscrowStatus? {
    guard let account = settled(id, at: tick) else { return nil }
    let state: EscrowStatus.State =
      switch account.state {
      case .open: .open
      case .closed: .closed
      case .overdrawn: .overdrawn
      }
    let deposited = account.deposits.reduce(UInt64(0)) {
      $0.addingReportingOverflow($1.amount.units).partialValue
    }
    return EscrowStatus(
      state: state,
      denomination: account.denomination,
      funds: (try? account.funds()) ?? .zero,
      deposited: Amount(deposited),
      rate: (try? account.rate()) ?? .zero,
      runway: try? account.affordableTicks(),
      endedAt: account.endedAt
    )
  }

  private func settled(_ id: DeploymentID, at tick: Tick) -> EscrowAccount? {
    guard var account = state.read(Tables.escrow, id) else { return nil }
    guard account.state == .open,
      let take = state.read(Tables.currencies, account.denomination)?.take,
      (try? account.settle(to: tick, take: take)) != nil
    else { return account }
    return account
  }

  public func lease(_ id: LeaseID, at tick: Tick) -> LeaseStatus? {
    state.read(Tables.leases, id).map { status(id, $0, at: tick) }
  }

  private func status(_ id: LeaseID, _ record: LeaseRecord, at tick: Tick) -> LeaseStatus {
    guard record.state.isRunning, let account = settled(id.deployment, at: tick),
      let index = account.index(ofGroup: id.group, order: id.order, provider: id.provider)
    else { return LeaseStatus(id, settled: record) }
    let payment = account.payments[index]
    return LeaseStatus(
      id: id,
      record: record,
      earned: payment.earned,
      paid: payment.paid,
      fee: payment.collectedTake
    )
  }

  /// All leases of a deployment, including ended ones.
  public func leases(of id: DeploymentID, at tick: Tick) -> [LeaseStatus] {
    state.all(Tables.leases, prefix: Tables.leases.prefix(id)) { status($0, $1, at: tick) }
  }

  /// Leases by owner, provider and state, read through the best index; conditions that it does not cover are
  /// filtered.
  public func leases(
    owner: Address? = nil,
    provider: Address? = nil,
    state wanted: LeaseRecord.State? = nil,
    at tick: Tick,
    _ request: PageRequest
  ) throws(PageFault) -> Page<LeaseStatus> {
    func found(_ id: LeaseID) -> LeaseStatus? {
      guard owner == nil || id.deployment.owner == owner, provider == nil || id.provider == provider,
        let record = state.read(Tables.leases, id), wanted == nil || record.state == wanted
      else { return nil }
      return status(id, record, at: tick)
    }
    func prefix(_ table: Table<Pair<Address, StateIndexKey<LeaseID>>, Presence>, _ address: Address)
      -> [UInt8]
    {
      wanted.map { table.prefix(address, $0) } ?? table.prefix(address)
    }
    if let owner, wanted == nil || !hasOwnerIndexes {
      let prefix = Tables.leases.prefix(owner)
      return try state.page(Tables.leases, prefix: prefix, request) { key, _ in found(key) }
    }
    if let address = owner ?? provider {
      let table = owner == nil ? Tables.leasesByProvider : Tables.leasesByOwner
      return try state.page(table, prefix: prefix(table, address), request) { key, _ in
        found(key.second.key)
      }
    }
    if let wanted {
      let prefix = Tables.leasesByState.prefix(wanted.rawValue)
      return try state.page(Tables.leasesByState, prefix: prefix, request) { key, _ in found(key.key) }
    }
    return try state.page(Tables.leases, request) { key, _ in found(key) }
  }

  public func leases(
    owner: Address? = nil,
    provider: Address? = nil,
    state wanted: LeaseRecord.State? = nil,
    at tick: Tick
  ) -> [LeaseStatus] {
    (try? leases(owner: owner, provider: provider, state: wanted, at: tick, .everything).items) ?? []
  }

  /// The running leases of a provider. The time does not depend on the number of ended ones.
  public func runningLeases(of provider: Address, at tick: Tick) -> [LeaseStatus] {
    LeaseRecord.State.allCases.filter(\.isRunning).flatMap { leases(provider: provider, state: $0, at: tick) }
  }

  /// The number of running leases in the whole network.
  public var runningLeaseCount: Int {
    LeaseRecord.State.allCases.filter(\.isRunning).reduce(0) {
      $0 + Int(clamping: state.read(Tables.leaseCounts, UInt64($1.rawValue)) ?? 0)
    }
  }

  /// The number of running leases of a provider; each running state counts at most
  /// `PageRequest.maximumLimit`.
  public func runningLeaseCount(of provider: Address) -> Int {
    LeaseRecord.State.allCases.filter(\.isRunning).reduce(0) { count, wanted in
      let prefix = Tables.leasesByProvider.prefix(provider, wanted.rawValue)
      guard let end = KeyOrder.end(of: prefix) else { return count }
      return count + state.entries(from: prefix, to: end, limit: PageRequest.maximumLimit).count
    }
  }
}
