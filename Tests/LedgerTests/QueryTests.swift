import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct QueryTests {
  @Test func `every parameter has type, unit, range, standard and the proposal that set it`() throws {
    let chain = try TestChain.market()
    let all = chain.query.parameterStatuses
    #expect(all.count == ParameterKey.allCases.count + 2 * 5)
    #expect(Set(all.map(\.key)).count == all.count)
    for status in all {
      #expect(ParameterName(status.key) != nil, "\(status.key) cannot be proposed")
      #expect(!status.summary.isEmpty && !status.unit.isEmpty && status.proposal == 0, "\(status.key)")
      if let value = UInt64(status.value) {
        #expect(status.range.contains(value), "\(status.key)")
      } else {
        #expect(status.value == "default" && status.type == "integer_or_default", "\(status.key)")
      }
    }
    try chain.perform { execution throws(Rejection) in
      let change = ParameterChange(key: "currency.uusdc.take_basis_points", value: "1500")
      try execution.execute(.parameters([change]), proposal: 7)
    }
    let changed = chain.query.parameterStatuses.filter { $0.proposal == 7 }
    #expect(changed.map(\.key) == ["currency.uusdc.take_basis_points"])
    #expect(changed.map(\.value) == ["1500"])
  }

  @Test func `a currency that a proposal added names it in all its parameters`() throws {
    let chain = try TestChain.market()
    let denomination = Denomination("ueurc")!
    let currency = Currency(
      denomination: denomination,
      symbol: "EURC",
      exponent: 6,
      aliases: [Denomination("ibc/EURC")!],
      minimumDeposit: Amount(1),
      leaseDeposit: Amount(2),
      minimumFee: Amount(3),
      takeBasisPoints: nil
    )
    try chain.perform { execution throws(Rejection) in
      try execution.execute(.addCurrency(currency), proposal: 3)
    }
    let added = chain.query.parameterStatuses.filter { $0.key.hasPrefix("currency.ueurc.") }
    #expect(added.map(\.value) == ["default", "1", "2", "3", "0"])
    #expect(added.allSatisfy { $0.proposal == 3 })
    #expect(chain.query.currency(denomination)?.currency.symbol == "EURC")
    #expect(chain.query.currency(Denomination("ibc/EURC")!)?.currency.denomination == denomination)
    #expect(chain.query.currency(Denomination("unone")!) == nil)
  }

  @Test func `deposits and fees beyond the bound are refused for a new currency too`() throws {
    let chain = try TestChain.market()
    let currency = Currency(
      denomination: Denomination("ueurc")!,
      symbol: "EURC",
      exponent: 6,
      minimumDeposit: Amount(2_147_483_647),
      leaseDeposit: .zero,
      minimumFee: .zero,
      takeBasisPoints: nil
    )
    let rejection = chain.rejection { execution throws(Rejection) in
      try execution.execute(.addCurrency(currency), proposal: 1)
    }
    #expect(rejection?.code == .init(.gov, 5))
  }

  @Test func `signed attributes are found by provider and by auditor until they are withdrawn`() throws {
    let chain = try TestChain.market()
    let provider = chain.address("provider")
    func sign(_ auditor: String, _ provider: Address) {
      let attributes = [Attribute(key: "region", value: "eu")]
      let action = Action.signAttributes(
        provider: provider,
        auditor: chain.address(auditor),
        attributes: attributes
      )
      #expect(chain.submit(action, by: auditor).isSuccess)
    }
    sign("auditor", provider)
    sign("auditor", chain.address("other"))
    sign("grantor", provider)
    func pairs(provider: String? = nil, auditor: String? = nil) -> Int {
      chain.query.signedAttributes(
        provider: provider.map { chain.address($0) },
        auditor: auditor.map { chain.address($0) }
      ).count
    }
    #expect(pairs() == 3)
    #expect(pairs(provider: "provider") == 2)
    #expect(pairs(auditor: "auditor") == 2)
    #expect(pairs(provider: "provider", auditor: "auditor") == 1)
    let withdrawal = Action.withdrawAttributes(
      provider: provider,
      auditor: chain.address("auditor"),
      keys: []
    )
    #expect(chain.submit(withdrawal, by: "auditor").isSuccess)
    #expect(pairs(provider: "provider") == 1)
    #expect(pairs(auditor: "auditor") == 1)
  }

  @Test func `grants are found by granter and by grantee`() throws {
    let chain = try TestChain.market()
    func give(_ granter: String, _ grantee: String, _ kind: Grant.Kind) {
      let grant = Grant(
        granter: chain.address(granter),
        grantee: chain.address(grantee),
        kind: kind,
        limit: Coin(9, .uakt),
        expiresAt: chain.moment.time.advanced(byMilliseconds: 1_000_000)
      )
      #expect(chain.submit(.grant(grant), by: granter).isSuccess)
    }
    give("grantor", "tenant", .fees)
    give("grantor", "tenant", .deposits)
    give("grantor", "other", .fees)
    give("other", "tenant", .fees)
    #expect(chain.query.grants(granter: chain.address("grantor")).count == 3)
    #expect(chain.query.grants(grantee: chain.address("tenant")).count == 3)
    let both = chain.query.grants(granter: chain.address("grantor"), grantee: chain.address("tenant"))
    #expect(both.map(\.kind) == [.fees, .deposits])
    #expect(chain.query.grants().count == 4)
  }

  @Test func `running leases are counted without looking at them`() throws {
    let chain = try TestChain.market()
    #expect(chain.query.runningLeaseCount == 0)
    let groups = [Fixture.group("a"), Fixture.group("b")]
    let agreement = chain.agreement(
      chain.order(groups: groups, deposit: Coin(9_000_000, .uakt)),
      window: 6_000
    )
    #expect(chain.submit(.agreeLease(agreement), by: "tenant").isSuccess)
    #expect(chain.query.runningLeaseCount == 2)
    #expect(chain.query.runningLeaseCount(of: chain.address("provider")) == 2)
    #expect(chain.submit(.startReclamation(chain.lease(), reason: .unstable), by: "provider").isSuccess)
    #expect(chain.query.runningLeaseCount == 2)
    #expect(chain.submit(.closeLease(chain.lease()), by: "tenant").isSuccess)
    #expect(chain.query.runningLeaseCount == 1)
    #expect(chain.submit(.closeDeployment(chain.deployment()), by: "tenant").isSuccess)
    #expect(chain.query.runningLeaseCount == 0)
    #expect(chain.query.leases(of: chain.deployment(), at: chain.moment.tick).count == 2)
  }

  @Test func `every registered provider is told with the first reason against it`() throws {
    let chain = try TestChain.market(attributes: [("region", "eu")])
    chain.submit(.registerProvider(chain.providerRecord("other")), by: "other")
    let spec = Fixture.group(
      requirements: PlacementRequirements(attributes: [Attribute(key: "region", value: "eu")])
    )
    let matches = chain.query.matches(spec, requiresAuditedGPUs: false)
    let reasons = Dictionary(uniqueKeysWithValues: matches.map { ($0.provider, $0.reason) })
    #expect(reasons.count == 2)
    #expect(reasons[chain.address("provider")] == .some(nil))
    #expect(reasons[chain.address("other")]??.code == "attribute")
  }

  @Test func `free capacity names what is short`() {
    let spec = Fixture.group(gpus: 2, gpu: [Fixture.h100])
    let enough = Offer.Capacity(free: 1 << 40, total: 1 << 40)
    func shortage(_ change: (inout Offer) -> Void) -> FreeCapacity.Shortage? {
      let gpu = Offer.GPU(
        vendor: "nvidia",
        model: "h100",
        memory: "80Gi",
        interface: "sxm",
        free: 2,
        total: 8,
        prices: [],
        isDeclared: false
      )
      var offer = Offer(
        provider: Address(Array(repeating: 1, count: 20))!,
        sequence: 1,
        expiresAt: .zero,
        cpuMillis: enough,
        memoryBytes: enough,
        storageBytes: enough,
        gpus: [gpu],
        endpoint: ""
      )
      change(&offer)
      return FreeCapacity.shortage(of: spec, in: offer)
    }
    #expect(shortage { _ in } == nil)
    #expect(shortage { $0.cpuMillis.free = 999 } == .cpu(needed: 1_000, free: 999))
    #expect(shortage { $0.memoryBytes.free = 0 } == .memory(needed: 1 << 30, free: 0))
    #expect(shortage { $0.storageBytes.free = 0 } == .storage(needed: 1 << 30, free: 0))
    #expect(shortage { $0.gpus[0].free = 1 } == .gpus(unit: 1, needed: 2, free: 1))
    #expect(shortage { $0.gpus[0].model = "a100" } == .gpus(unit: 1, needed: 2, free: 0))
  }
}
