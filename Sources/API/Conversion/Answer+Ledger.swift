public import Chain
public import Cryptography
public import Ledger
public import Primitives

extension Answer.Coin {
  public init(_ coin: Coin) {
    self.init(denomination: coin.denomination.name, amount: coin.amount.description)
  }
}

extension Answer.Event {
  public init(_ event: Event) {
    self.init(name: event.name, attributes: event.attributes.map { Attribute(key: $0.key, value: $0.value) })
  }
}

extension Answer.Block {
  public init(_ block: Block, _ certificate: Certificate) {
    let header = block.header
    self.init(
      height: header.height,
      identifier: block.identifier.description,
      time: header.time.text,
      proposer: header.proposer.text(),
      parent: header.parent.description,
      stateRoot: header.stateRoot.description,
      transactions: block.transactionHashes.map { $0.description.uppercased() },
      round: certificate.round,
      signers: certificate.signatures.count
    )
  }
}

extension Answer.LightBlock {
  public init(_ block: LightBlock) {
    self.init(
      height: block.height,
      hash: block.identifier.description,
      time: block.header.time.text,
      block: Hex.encode(block.encoded)
    )
  }
}

extension Answer.BatchResult {
  /// The result of an empty batch.
  public init() { self.init(accepted: 0, busy: [], refused: []) }
}

extension Answer.TransactionResult {
  /// The result of a transaction that is in no block yet.
  public init(pending hash: Digest, log: String = "") {
    self.init(hash: hash.description, height: 0, code: 0, codespace: "", log: log, events: [])
  }

  public init(hash: Digest, height: Height, receipt: Receipt) {
    self.init(
      hash: hash.description,
      height: height,
      code: receipt.code,
      codespace: receipt.codespace,
      log: receipt.log,
      events: receipt.events.map { Answer.Event($0) }
    )
  }
}

extension Answer.Lease {
  public init(_ lease: LeaseStatus) {
    let record = lease.record
    self.init(
      identifier: lease.id.description,
      owner: lease.id.deployment.owner.text(),
      dseq: lease.id.deployment.sequence,
      group: lease.id.group,
      order: lease.id.order,
      provider: lease.id.provider.text(),
      state: record.state.name,
      price: record.price.amount.description,
      denomination: record.price.denomination.name,
      openedAtTick: record.openedAt.tick,
      closedAtTick: record.closing?.moment.tick,
      closedBy: record.closing.map { $0.closer.name },
      reason: record.closing.map { $0.reason.name },
      earned: lease.earned.description,
      paid: lease.paid.description,
      fee: lease.fee.description
    )
  }
}

extension Answer.Deployment {
  public init(_ deployment: DeploymentStatus, escrow: EscrowStatus, leases: [LeaseStatus]) {
    self.init(
      owner: deployment.id.owner.text(),
      dseq: deployment.id.sequence,
      state: deployment.record.state.name,
      manifestHash: deployment.record.manifestHash.description,
      denomination: escrow.denomination.name,
      groups: deployment.groups.map { sequence, record in
        Group(
          sequence: sequence,
          name: record.spec.name,
          state: record.state.name,
          encoded: Hex.encode(record.spec.encoded)
        )
      },
      escrow: Answer.Escrow(
        state: escrow.state.rawValue,
        funds: escrow.funds.description,
        deposited: escrow.deposited.description,
        rate: escrow.rate.description,
        runwayTicks: escrow.runway
      ),
      leases: leases.map { Answer.Lease($0) }
    )
  }
}

extension Answer.AuditLine {
  public init(_ report: ConservationReport) {
    self.init(
      denomination: report.denomination.name,
      accounts: "\(report.accounts)",
      escrow: report.escrow.description,
      leaseDeposits: report.leaseDeposits.description,
      stake: "\(report.stake)",
      pools: "\(report.pools)",
      supply: report.supply.description,
      conserved: report.isConserved
    )
  }
}

extension Answer.Order {
  public init(_ order: Order, identifier: Digest, bids: Int) {
    self.init(
      identifier: identifier.description,
      owner: order.deployment.owner.text(),
      dseq: order.deployment.sequence,
      groups: order.groups.map { Group($0) },
      deposit: Answer.Coin(order.deposit),
      manifestHash: order.manifestHash.description,
      expiresAt: order.expiresAt.text,
      bids: bids
    )
  }
}

extension Answer.Order.Group {
  init(_ group: Order.Group) {
    func sum(_ part: (Resources) -> UInt64) -> UInt64 {
      group.spec.units.reduce(UInt64(0)) { total, unit in
        let (product, _) = part(unit.resources).multipliedReportingOverflow(by: UInt64(unit.count))
        return total.addingReportingOverflow(product).partialValue
      }
    }
    self.init(
      sequence: group.sequence,
      name: group.spec.name,
      maximumPrice: (try? group.spec.maximumPrice())?.description ?? "",
      denomination: group.spec.units.first?.price.denomination.name ?? "",
      cpuMillis: sum(\.cpuMillis),
      memoryBytes: sum(\.memoryBytes),
      gpus: sum(\.gpus),
      gpuAttributes: group.spec.units.flatMap { $0.resources.gpuAttributes.map(\.key) }
    )
  }
}

extension Answer.Provider {
  /// `endpoint`: of its lease streams, if it has a live offer.
  public init(_ record: ProviderRecord, endpoint: String?, activeLeases: Int) {
    self.init(
      owner: record.owner.text(),
      hostUri: record.hostURI,
      attributes: record.attributes.map { .init($0) },
      email: record.email,
      website: record.website,
      endpoint: endpoint,
      activeLeases: activeLeases
    )
  }
}

extension Answer.MatchResult {
  /// `code` and `reason` say why the group does not match; both are nil when it does.
  public init(_ provider: Address, hostUri: String, group: UInt32, code: String?, reason: String?) {
    self.init(
      provider: provider.text(),
      hostUri: hostUri,
      group: group,
      matches: code == nil,
      code: code,
      reason: reason
    )
  }
}

extension Answer.Bid {
  public init(_ bid: Bid, object: SignedObject) {
    self.init(
      identifier: object.identifier.description,
      order: bid.order.description,
      provider: bid.provider.text(),
      groups: bid.groups.map { Group($0) },
      expiresAt: bid.expiresAt.text,
      encoded: Hex.encode(object.encoded)
    )
  }
}

extension Answer.Bid.Group {
  init(_ group: Bid.Group) {
    let gpus = group.offer.filter { $0.resources.gpus > 0 }.map { offer in
      // A client converts bids that no ledger has checked, so the product may overflow.
      let (product, overflow) = offer.resources.gpus.multipliedReportingOverflow(by: UInt64(offer.count))
      let count = overflow ? UInt64.max : product
      let names = offer.resources.gpuAttributes.map { GPUName.readable($0.key) }
      return "\(count) × \(names.joined(separator: " or "))"
    }
    self.init(
      sequence: group.sequence,
      price: group.price.amount.description,
      denomination: group.price.denomination.name,
      gpus: gpus
    )
  }
}

/// Makes GPU attribute keys readable.
enum GPUName {
  /// Turns `vendor/nvidia/model/h100/ram/80Gi/interface/sxm` into `h100 80Gi sxm`.
  static func readable(_ key: String) -> String {
    let parts = key.split(separator: "/").map(String.init)
    var words: [String] = []
    for (label, value) in zip(parts, parts.dropFirst()) where ["model", "ram", "interface"].contains(label) {
      words.append(value)
    }
    return words.isEmpty ? key : words.joined(separator: " ")
  }
}

extension Answer.Coin {
  /// A coin whose amount may have a fraction, without rounding.
  public init(_ coin: DecimalCoin) {
    self.init(denomination: coin.denomination.name, amount: coin.amount.description)
  }
}

extension Answer.Event.Attribute {
  public init(_ attribute: Attribute) {
    self.init(key: attribute.key, value: attribute.value)
  }
}

extension Answer.Validator {
  /// `power`: the voting power in the current validator set; 0 when the validator is not in it.
  public init(_ address: Address, _ record: ValidatorRecord, power: Int64) {
    self.init(
      operatorAddress: address.text(),
      consensusKey: Hex.encode(record.consensusKey.bytes),
      moniker: record.moniker,
      identity: record.description.identity,
      website: record.description.website,
      securityContact: record.description.securityContact,
      details: record.description.details,
      power: power,
      status: record.status.name,
      jailed: record.isJailed,
      jailedUntil: record.isJailed ? record.jailedUntil.text : nil,
      tombstoned: record.isTombstoned,
      missedBlocks: record.missedBlocks,
      tokens: record.tokens.description,
      minimumSelfDelegation: record.minimumSelfDelegation.description,
      commission: record.commission.description,
      maximumCommission: record.maximumCommission.description,
      maximumCommissionChange: record.maximumCommissionChange.description
    )
  }
}

extension Answer.Delegation {
  public init<State: StateReading>(_ delegation: LedgerQuery<State>.DelegationStatus) {
    self.init(
      delegator: delegation.delegator.text(),
      validator: delegation.validator.text(),
      shares: delegation.shares.description,
      stake: delegation.stake.description,
      rewards: delegation.rewards.map { Answer.Coin($0) }
    )
  }
}

extension Answer.StakeMove {
  public init(_ record: UnbondingRecord) {
    self.init(
      from: record.validator.text(),
      to: nil,
      initial: record.initial.description,
      amount: record.amount.description,
      completesAt: record.completion.text
    )
  }

  public init(_ record: RedelegationRecord) {
    self.init(
      from: record.source.text(),
      to: record.destination.text(),
      initial: record.initial.description,
      amount: record.initial.description,
      completesAt: record.completion.text
    )
  }
}

extension Answer.Stake {
  public init<State: StateReading>(of address: Address, in query: LedgerQuery<State>) {
    self.init(
      address: address.text(),
      delegations: query.delegations(of: address).map { Answer.Delegation($0) },
      unbondings: query.unbondings(of: address).map { Answer.StakeMove($0) },
      redelegations: query.redelegations(of: address).map { Answer.StakeMove($0) },
      commission: query.commission(of: address).map { Answer.Coin($0) }
    )
  }
}
