public import Chain
public import Cryptography
public import Primitives

/// A lease with its money at the present.
public struct LeaseStatus: Hashable, Sendable {
  public var id: LeaseID
  public var record: LeaseRecord
  /// Since it opened, exact.
  public var earned: Decimal18
  /// Gross.
  public var paid: Amount
  /// Of `paid`.
  public var fee: Amount
}

/// An escrow account at the present.
public struct EscrowStatus: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    case open
    case closed
    case overdrawn
  }

  public var state: State
  public var denomination: Denomination
  /// Deposited and not earned by anybody.
  public var funds: Decimal18
  /// What the deposits amounted to that are not used up or returned.
  public var deposited: Amount
  /// Of all leases, per tick.
  public var rate: Decimal18
  /// Full ticks that the funds cover; nil while nothing is charged.
  public var runway: UInt64?
}

/// A deployment with its groups.
public struct DeploymentStatus: Hashable, Sendable {
  public var id: DeploymentID
  public var record: DeploymentRecord
  public var groups: [(sequence: UInt32, record: GroupRecord)]

  public static func == (left: DeploymentStatus, right: DeploymentStatus) -> Bool {
    left.id == right.id && left.record == right.record
      && left.groups.map(\.record) == right.groups.map(\.record)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(id)
  }
}

extension LedgerQuery {
  public func deployment(_ id: DeploymentID) -> DeploymentStatus? {
    guard let record = state.read(Tables.deployments, id) else { return nil }
    let groups = (1...max(1, record.groupCount)).compactMap { sequence in
      state.read(Tables.groups, GroupKey(id, sequence)).map { (sequence, $0) }
    }
    return DeploymentStatus(id: id, record: record, groups: groups)
  }

  public func deployments(of owner: Address? = nil, state wanted: DeploymentRecord.State? = nil)
    -> [DeploymentStatus]
  {
    let ids: [DeploymentID]
    if let owner {
      let prefix = Tables.deployments.prefix { $0.write(owner) }
      ids = state.scan(Tables.deployments, prefix: prefix, limit: Self.pageLimit).map(\.key)
    } else if let wanted {
      let prefix = Tables.deploymentsByState.prefix { $0.write(wanted.rawValue) }
      ids = state.scan(Tables.deploymentsByState, prefix: prefix, limit: Self.pageLimit).map(
        \.key.key
      )
    } else {
      ids = state.scan(Tables.deployments, limit: Self.pageLimit).map(\.key)
    }
    return ids.compactMap { deployment($0) }.filter { wanted == nil || $0.record.state == wanted }
  }

  /// The account brought to `tick`, without changing the state.
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
      runway: try? account.affordableTicks()
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
    else {
      return LeaseStatus(
        id: id,
        record: record,
        earned: record.earned,
        paid: record.paid,
        fee: record.fee
      )
    }
    let payment = account.payments[index]
    return LeaseStatus(
      id: id,
      record: record,
      earned: payment.earned,
      paid: payment.paid,
      fee: payment.takeTaken
    )
  }

  /// All leases of a deployment, ended ones too.
  public func leases(of id: DeploymentID, at tick: Tick) -> [LeaseStatus] {
    let prefix = Tables.leases.prefix { $0.write(id) }
    return state.scan(Tables.leases, prefix: prefix, limit: Self.pageLimit)
      .map { status($0.key, $0.value, at: tick) }
  }

  /// Leases by owner, provider or state, through the index that fits.
  public func leases(
    owner: Address? = nil,
    provider: Address? = nil,
    state wanted: LeaseRecord.State? = nil,
    at tick: Tick
  ) -> [LeaseStatus] {
    leaseIDs(owner: owner, provider: provider, state: wanted).compactMap { id in
      guard provider == nil || id.provider == provider, let record = state.read(Tables.leases, id),
        wanted == nil || record.state == wanted
      else { return nil }
      return status(id, record, at: tick)
    }
  }

  /// Running leases of the whole network.
  public var runningLeaseCount: Int {
    LeaseRecord.State.allCases.filter(\.isRunning).reduce(0) {
      $0 + Int(clamping: state.read(Tables.leaseCounts, UInt64($1.rawValue)) ?? 0)
    }
  }

  /// Running leases of a provider, at most a page of them.
  public func runningLeaseCount(of provider: Address) -> Int {
    LeaseRecord.State.allCases.filter(\.isRunning).reduce(0) { count, wanted in
      let prefix = Tables.leasesByProvider.prefix { writer in
        writer.write(provider)
        writer.write(wanted.rawValue)
      }
      guard let end = KeyOrder.end(of: prefix) else { return count }
      return count + state.entries(from: prefix, to: end, limit: Self.pageLimit).count
    }
  }

  private func leaseIDs(owner: Address?, provider: Address?, state wanted: LeaseRecord.State?)
    -> [LeaseID]
  {
    if let owner {
      let prefix = Tables.leases.prefix { $0.write(owner) }
      return state.scan(Tables.leases, prefix: prefix, limit: Self.pageLimit).map(\.key)
    }
    if let provider {
      let prefix = Tables.leasesByProvider.prefix { writer in
        writer.write(provider)
        if let wanted { writer.write(wanted.rawValue) }
      }
      return state.scan(Tables.leasesByProvider, prefix: prefix, limit: Self.pageLimit).map(
        \.key.second.key
      )
    }
    if let wanted {
      let prefix = Tables.leasesByState.prefix { $0.write(wanted.rawValue) }
      return state.scan(Tables.leasesByState, prefix: prefix, limit: Self.pageLimit).map(\.key.key)
    }
    return state.scan(Tables.leases, limit: Self.pageLimit).map(\.key)
  }
}
