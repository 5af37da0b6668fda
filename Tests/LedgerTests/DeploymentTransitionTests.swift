import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct DeploymentTransitionTests {
  private static let hashes = "a hash of another length does not decode"

  @Test func `deployment cases end as in the reference`() throws {
    let file = try ConformanceFile("deployment_transitions")
    var tally = ConformanceTally(file.name)
    for item in try file.list("cases") {
      let id = item.text("id")
      let expect = item.object("expect")
      let code = expect.flag("ok") ? "" : "\(expect.text("codespace"))/\(expect.number("code"))"
      if id.hasPrefix("group-") {
        try group(id, &tally)
      } else if id.hasSuffix("-hash") {
        try shortHash(id, &tally)
      } else if id.hasPrefix("create") {
        try create(id, code, &tally)
      } else {
        try change(id, code, &tally)
      }
    }
    try grants(file, &tally)
    tally.finish()
  }

  /// There are no messages about groups alone.
  private func group(_ id: String, _ tally: inout ConformanceTally) throws {
    let messages = ["close": ["Close"], "pause": ["Pause"], "start": ["Start"]]
    let verbs = messages[id.split(separator: "-").dropFirst().first.map(String.init) ?? ""]
    let chain = try TestChain.market()
    let isUnknown = try (verbs ?? ["Close", "Pause", "Start"]).allSatisfy {
      try chain.knowsNoMessage("/akash.deployment.v1beta4.Msg\($0)Group")
    }
    tally.differ(
      id,
      because: "groups open and close with their leases; there are no messages about them alone",
      asHere: isUnknown
    )
  }

  /// 0 bytes, or 14.
  private func shortHash(_ id: String, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain.market()
    let count = id.contains("empty") ? 0 : 14
    if id.hasPrefix("create") {
      let order = chain.order()
      #expect(throws: Never.self) { try Order(decoding: order.encoded) }
      let body = try order.encoded.shorteningHash(Fixture.manifest.bytes, to: count)
      var agreement = chain.agreement(order)
      agreement.order = SignedObject(
        kind: .order,
        body: body,
        signer: chain.key("tenant"),
        chain: TestChain.id
      )
      let receipt = chain.submit(.agreeLease(agreement), by: "tenant")
      tally.differ(id, because: Self.hashes, asHere: receipt.codeText == "supercloud/30")
    } else {
      let update = Action.updateDeployment(chain.deployment(), manifestHash: Fixture.manifest)
      var handmade = try HandmadeTransaction(chain.transaction([update], by: "tenant"))
      #expect(handmade.refusal == nil)
      handmade.value = try handmade.value.shorteningHash(Fixture.manifest.bytes, to: count)
      guard case .invalidMessage(handmade.type, _) = handmade.refusal else {
        return tally.differ(id, because: Self.hashes, asHere: false)
      }
      tally.differ(id, because: Self.hashes, asHere: true)
    }
  }

  private func create(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain.market()
    var order = chain.order()
    switch id {
    case "create-twice", "create-after-close":
      chain.submit(.agreeLease(chain.agreement(order)), by: "tenant")
      if id == "create-after-close" { chain.submit(.closeDeployment(order.deployment), by: "tenant") }
      order.expiresAt = chain.moment.time.advanced(byMilliseconds: 1_000)
    case "create-no-groups": order.groups = []
    case "create-low-deposit": order.deposit = Coin(4_999_999, .uakt)
    case "create-unlisted-denom": order.deposit = Coin(5_000_000, Denomination("uatom")!)
    case "create-usdc":
      order = chain.order(
        groups: [Fixture.group(denomination: TestChain.ibc)],
        deposit: Coin(5_000_000, TestChain.ibc)
      )
    case "create-denom-mismatch": order.groups[0].spec = Fixture.group(denomination: TestChain.ibc)
    case "create-dseq-zero": order.deployment.sequence = 0
    case "create-funded", "create-funded-no-grant":
      order.depositor = chain.address("grantor")
      if id == "create-funded" {
        let grant = Grant(
          granter: chain.address("grantor"),
          grantee: chain.address("tenant"),
          kind: .deposits,
          limit: Coin(10_000_000, .uakt),
          expiresAt: chain.moment.time.advanced(byMilliseconds: 1_000)
        )
        chain.submit(.grant(grant), by: "grantor")
      }
    default: break
    }
    guard code.isEmpty else {
      let rejection = OrderAdmission(on: chain.state, at: chain.moment).check(order: order, identifier: .zero)
      let found = rejection?.code.description ?? ""
      if id == "create-unlisted-denom" {
        tally.differ(
          id,
          because: "a precise code: the currency is not registered",
          asHere: found == "supercloud/10"
        )
      } else {
        tally.record(id, agrees: found == code, "\(found) for \(code)")
      }
      return
    }
    let receipt = chain.submit(.agreeLease(chain.agreement(order)), by: "tenant")
    let escrow = chain.query.escrow(of: order.deployment, at: chain.moment.tick)
    var agrees =
      receipt.isSuccess && escrow?.state == .open && escrow?.funds == Decimal18(5_000_000)
      && chain.query.deployment(order.deployment)?.record.state == .active
    if id == "create-funded" {
      let key = GrantKey(
        granter: chain.address("grantor"),
        grantee: chain.address("tenant"),
        kind: .deposits,
        denomination: .uakt
      )
      agrees =
        agrees && chain.state.read(Tables.grants, key)?.limit == Amount(5_000_000)
        && chain.balance("grantor") == 1_000_000_000 - 5_000 - 5_000_000
    }
    tally.record(id, agrees: agrees, receipt.log)
  }

  private func change(_ id: String, _ code: String, _ tally: inout ConformanceTally) throws {
    let chain = try TestChain.market()
    let deployment = chain.deployment()
    if !id.hasSuffix("-missing") {
      #expect(chain.submit(.agreeLease(chain.agreement(chain.order())), by: "tenant").isSuccess)
    }
    if id.hasSuffix("-closed") || id.hasSuffix("-twice") {
      chain.submit(.closeDeployment(deployment), by: "tenant")
    }
    if id == "close-while-overdrawn" { chain.advance(ticks: 1_000_001) }
    let action: Action
    if id.hasPrefix("deposit") {
      let coin =
        id == "deposit-zero" ? Coin(0, .uakt) : Coin(1, id == "deposit-other-denom" ? TestChain.ibc : .uakt)
      action = .depositDeployment(deployment, amount: coin, depositor: chain.address("tenant"))
    } else if id.hasPrefix("update") {
      action = .updateDeployment(deployment, manifestHash: id == "update-same" ? Fixture.manifest : .zero)
    } else {
      action = .closeDeployment(deployment)
    }
    let receipt = chain.submit(action, by: "tenant")
    switch id {
    case "deposit-other-denom":
      tally.differ(id, because: "a clear code in place of an abort", asHere: receipt.codeText == "escrow/5")
    case "close-while-overdrawn":
      let escrow = chain.query.escrow(of: deployment, at: chain.moment.tick)
      let lease = chain.query.lease(chain.lease(), at: chain.moment.tick)
      tally.differ(
        id,
        because: "the leases ended when the money did; closing the deployment is the tenant's own act",
        asHere: receipt.isSuccess && escrow?.state == .closed && lease?.record.state == .insufficientFunds
      )
    case "deposit-ok":
      let funds = chain.query.escrow(of: deployment, at: chain.moment.tick)?.funds
      tally.record(id, agrees: receipt.isSuccess && funds == Decimal18(5_000_001))
    case "close-ok":
      let status = chain.query.deployment(deployment)
      tally.record(
        id,
        agrees: receipt.isSuccess && status?.record.state == .closed
          && status?.groups.allSatisfy { $0.record.state == .closed } == true && chain.balance(.escrow) == 0
          && chain.query.lease(chain.lease(), at: 0)?.record.state == .closed
      )
    case "update-ok":
      tally.record(
        id,
        agrees: receipt.isSuccess && chain.query.deployment(deployment)?.record.manifestHash == .zero
      )
    default: tally.record(id, agrees: receipt.codeText == code, "\(receipt.codeText) for \(code)")
    }
  }

  private func grants(_ file: ConformanceFile, _ tally: inout ConformanceTally) throws {
    for item in file.root.object("authz_accept").objects("cases") {
      let chain = try TestChain.market()
      let limit = try #require(UInt64(item.text("limit")))
      guard let amount = UInt64(item.text("amount")) else {
        tally.differ(
          "grant for \(item.text("message"))",
          because: "a grant names its kind: one of fees pays no deposit",
          asHere: try usingFeesForDeposits(chain)?.code == .init(.sdk, 4)
        )
        continue
      }
      let name = "grant of \(limit) for \(amount)"
      let (granter, grantee) = (chain.address("grantor"), chain.address("tenant"))
      let grant = Grant(
        granter: granter,
        grantee: grantee,
        kind: .deposits,
        limit: Coin(limit, .uakt),
        expiresAt: chain.moment.time.advanced(byMilliseconds: 1_000)
      )
      chain.submit(.grant(grant), by: "grantor")
      var left: Amount?
      let rejection = chain.rejection { execution throws(Rejection) in
        try execution.useGrant(.deposits, of: granter, to: grantee, for: Coin(amount, .uakt))
        let key = GrantKey(granter: granter, grantee: grantee, kind: .deposits, denomination: .uakt)
        left = execution.overlay.read(Tables.grants, key)?.limit
      }
      if item.flag("delete") {
        tally.differ(
          name,
          because: "a used-up grant of deposits stays, so that refunds find it",
          asHere: rejection == nil && left == .zero
        )
      } else if item.flag("accepted") {
        tally.record(name, agrees: rejection == nil && left?.description == item.text("limit_after"))
      } else {
        tally.record(name, agrees: item.text("error").hasPrefix(rejection?.code.description ?? "?"))
      }
    }
  }

  private func usingFeesForDeposits(_ chain: TestChain) throws -> Rejection? {
    let (granter, grantee) = (chain.address("grantor"), chain.address("tenant"))
    let grant = Grant(
      granter: granter,
      grantee: grantee,
      kind: .fees,
      limit: Coin(9_000_000, .uakt),
      expiresAt: chain.moment.time.advanced(byMilliseconds: 1_000)
    )
    #expect(chain.submit(.grant(grant), by: "grantor").isSuccess)
    return chain.rejection { execution throws(Rejection) in
      try execution.useGrant(.deposits, of: granter, to: grantee, for: Coin(1, .uakt))
    }
  }
}
