import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// Lists in parts: together they are the list, each once, and no part reads more than it shows.
@Suite struct PageTests {
  /// Counts the entries that a reader is given.
  private final class Meter: StateReading {
    let base: MemoryState
    private(set) var entriesRead = 0

    init(_ base: MemoryState) { self.base = base }

    func value(for key: [UInt8]) -> [UInt8]? { base.value(for: key) }

    func entries(from: [UInt8], to: [UInt8], limit: Int) -> [(key: [UInt8], value: [UInt8])] {
      let found = base.entries(from: from, to: to, limit: limit)
      entriesRead += found.count
      return found
    }
  }

  /// All items of a list, and the sizes of its parts.
  private func walk<Item>(
    limit: Int,
    _ list: (PageRequest) throws -> Page<Item>
  ) throws -> (items: [Item], sizes: [Int]) {
    var request = PageRequest(limit: limit)
    var items: [Item] = []
    var sizes: [Int] = []
    while true {
      let page = try list(request)
      items += page.items
      sizes.append(page.items.count)
      guard let next = page.next else { return (items, sizes) }
      // The key travels as text.
      let key: PageKey = try #require(PageKey(text: next.text))
      request.after = key
      try #require(sizes.count < 10_000)
    }
  }

  /// Leases of two tenants with two providers, some of them closed.
  private func market(version: UInt32 = 1, deployments: UInt64 = 7) throws -> TestChain {
    let chain = try TestChain.market { $0.protocolVersion = version }
    chain.protocolVersion = version
    chain.submit(.registerProvider(chain.providerRecord("grantor")), by: "grantor")
    for sequence in 1...deployments {
      for (tenant, provider) in [("tenant", "provider"), ("other", "grantor")] {
        let order = chain.order(tenant, sequence)
        let agreement = chain.agreement(order, tenant: tenant, provider: provider)
        #expect(chain.submit(.agreeLease(agreement), by: tenant).codeText == "")
        guard sequence % 3 == 0 else { continue }
        #expect(chain.submit(.closeDeployment(order.deployment), by: tenant).isSuccess)
      }
    }
    return chain
  }

  @Test(arguments: [1, 2, 3, 5, 1_000] as [Int], [1, 2] as [UInt32])
  func `parts of a list make the list, whatever the filters`(limit: Int, version: UInt32) throws {
    let chain = try market(version: version)
    let query = chain.query
    let owners = [nil, chain.address("tenant"), chain.address("nobody")]
    for owner in owners {
      for provider in [nil, chain.address("provider"), chain.address("grantor")] {
        for state in [nil, LeaseRecord.State.active, .closed, .reclaiming] {
          let (leases, sizes) = try walk(limit: limit) {
            try query.leases(owner: owner, provider: provider, state: state, at: 0, $0)
          }
          let all = query.leases(at: 0).filter {
            (owner == nil || $0.id.deployment.owner == owner)
              && (provider == nil || $0.id.provider == provider)
              && (state == nil || $0.record.state == state)
          }
          #expect(Set(leases.map(\.id)) == Set(all.map(\.id)) && leases.count == all.count)
          #expect(sizes.allSatisfy { $0 <= limit })
        }
      }
      for state in [nil, DeploymentRecord.State.active, .closed] {
        let (found, _) = try walk(limit: limit) { try query.deployments(of: owner, state: state, $0) }
        let all = query.deployments().filter {
          (owner == nil || $0.id.owner == owner) && (state == nil || $0.record.state == state)
        }
        #expect(Set(found.map(\.id)) == Set(all.map(\.id)) && found.count == all.count)
      }
    }
    #expect(query.leases(at: 0).count == 14 && query.deployments().count == 14)
  }

  @Test func `a list of more than a thousand has an end`() throws {
    let chain = try TestChain.market()
    let names = (0..<1_203).map { "auditor \($0)" }
    try chain.perform { execution throws(Rejection) in
      for name in names {
        let attributes = [Attribute(key: "region", value: "eu")]
        try execution.signAttributes(
          provider: chain.address("provider"),
          auditor: chain.address(name),
          attributes: attributes
        )
      }
    }
    let (signed, sizes) = try walk(limit: 1_000) {
      try chain.query.signedAttributes(provider: chain.address("provider"), $0)
    }
    #expect(sizes == [1_000, 203])
    #expect(Set(signed.map(\.auditor)) == Set(names.map { chain.address($0) }))
    #expect(chain.query.signedAttributes(provider: chain.address("provider")).count == 1_203)
  }

  @Test func `other lists have parts too`() throws {
    let chain = try TestChain.market(parameters: [.proposalMinimumDeposit: 10, .depositPeriod: 1_000_000])
    for name in ["tenant", "other", "auditor"] {
      let grant = Grant(
        granter: chain.address("grantor"),
        grantee: chain.address(name),
        kind: .fees,
        limit: Coin(9, .uakt),
        expiresAt: chain.moment.time.advanced(byMilliseconds: 1_000_000)
      )
      chain.submit(.grant(grant), by: "grantor")
      chain.submit(.registerProvider(chain.providerRecord(name)), by: name)
      let proposal = SubmitProposal(
        proposer: chain.address(name),
        title: name,
        summary: "",
        contents: [.text("x")],
        deposit: [Coin(10, .uakt)]
      )
      #expect(chain.submit(.submitProposal(proposal), by: name).isSuccess)
      let vote = [WeightedVoteOption(option: .yes, weight: Decimal18(1))]
      chain.submit(.vote(id: 1, voter: chain.address(name), options: vote), by: name)
      let stake = Coin(1_000, .uakt)
      let validator = chain.address("validator")
      let delegation = Action.delegate(delegator: chain.address(name), validator: validator, amount: stake)
      #expect(chain.submit(delegation, by: name).isSuccess)
    }
    let query = chain.query
    for limit in 1...5 {
      #expect(
        try walk(limit: limit) { try query.grants(granter: chain.address("grantor"), $0) }.items.count == 3
      )
      #expect(try walk(limit: limit) { try query.grants($0) }.items.count == 3)
      #expect(try walk(limit: limit) { try query.providers($0) }.items.count == 4)
      #expect(try walk(limit: limit) { try query.proposals($0) }.items.map(\.id) == [1, 2, 3])
      #expect(try walk(limit: limit) { try query.proposals(in: .voting, $0) }.items.map(\.id) == [1, 2, 3])
      #expect(try walk(limit: limit) { try query.votes(onProposal: 1, $0) }.items.count == 3)
      #expect(
        try walk(limit: limit) { try query.delegations(to: chain.address("validator"), $0) }.items.count == 4
      )
      #expect(try walk(limit: limit) { try query.validators($0) }.items.count == 1)
      let spec = Fixture.group()
      let matches = try walk(limit: limit) { try query.matches(spec, requiresAuditedGPUs: false, $0) }
      #expect(matches.items.count == 4)
    }
  }

  @Test func `a key of another list or another filter is refused`() throws {
    let chain = try market()
    let query = chain.query
    let owner = chain.address("tenant")
    let key = try #require(try query.leases(owner: owner, at: 0, PageRequest(limit: 1)).next)
    let request = PageRequest(limit: 1, after: key)
    #expect(try query.leases(owner: owner, at: 0, request).items.count == 1)
    #expect(throws: PageFault.foreignKey) { try query.leases(owner: chain.address("other"), at: 0, request) }
    #expect(throws: PageFault.foreignKey) { try query.leases(state: .active, at: 0, request) }
    #expect(throws: PageFault.foreignKey) { try query.deployments(of: owner, request) }
    #expect(throws: PageFault.foreignKey) { try query.votes(onProposal: 1, request) }
    for text in ["", "x", "0", "33zz", String(repeating: "33", count: 257)] {
      #expect(PageKey(text: text) == nil, "\(text)")
    }
    // Of the same list, but of nothing in it: the list goes on after where it would be.
    let odd = try #require(PageKey(key.bytes.dropLast(3)))
    #expect(try query.leases(owner: owner, at: 0, PageRequest(after: odd)).items.count == 7)
  }

  @Test func `a part costs what it shows, not what the market has`() throws {
    let chain = try market(version: 2, deployments: 40)
    func cost(_ list: (LedgerQuery<Meter>) throws -> Void) throws -> Int {
      let meter = Meter(chain.state)
      try list(LedgerQuery(state: meter))
      return meter.entriesRead
    }
    let (owner, provider) = (chain.address("tenant"), chain.address("provider"))
    let page = PageRequest(limit: 4)
    #expect(try cost { _ = try $0.leases(owner: owner, state: .closed, at: 0, page) } == 5)
    #expect(try cost { _ = try $0.leases(provider: provider, state: .closed, at: 0, page) } == 5)
    #expect(try cost { _ = try $0.leases(state: .closed, at: 0, page) } == 5)
    #expect(try cost { _ = try $0.leases(at: 0, page) } == 5)
    // With the leases of each deployment in it.
    #expect(try cost { _ = try $0.deployments(of: owner, state: .closed, page) } == 5)
    #expect(try cost { _ = try $0.deployments(state: .closed, page) } == 5)
  }

  @Test func `a filter that fits nothing gives a short page, not a long wait`() throws {
    let chain = try market(deployments: 2)
    var state = chain.state
    let lease = try #require(chain.query.leases(at: 0).first)
    let record = try #require(state.value(for: Tables.leases.bytes(lease.id)))
    let owner = chain.address("crowd")
    // More leases of one owner than one page may look at, none of them closed.
    state.apply(
      (1...1_500 as ClosedRange<UInt64>).map { sequence in
        let id = LeaseID(
          deployment: DeploymentID(owner: owner, sequence: sequence),
          group: 1,
          order: 1,
          provider: lease.id.provider
        )
        return StateChange(key: Tables.leases.bytes(id), value: record)
      }
    )
    let query = LedgerQuery(state: state)
    let page = try query.leases(owner: owner, state: .reclaiming, at: 0, PageRequest(limit: 10))
    #expect(page.items.isEmpty && page.next != nil)
    let (items, sizes) = try walk(limit: 10) { try query.leases(owner: owner, state: .reclaiming, at: 0, $0) }
    #expect(items.isEmpty && sizes == [0, 0])
  }
}
