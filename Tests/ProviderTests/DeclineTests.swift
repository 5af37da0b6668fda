import Chain
import Cryptography
import Ledger
import Primitives
import Testing

@testable import Provider

@Suite struct DeclineTests {
  private let id = Fixture.digest(1)

  /// Every reason, the order that meets it, and its text.
  static let declines: [(String, @Sendable () -> (ProviderSettings, Order), String)] = [
    ("own_order", { (Fixture.settings, Fixture.order(owner: Fixture.provider)) }, "lease to itself"),
    ("expired", { (Fixture.settings, Fixture.order(expiresAt: 1_000)) }, "has expired"),
    (
      "refused_tenant",
      { (changed { $0.policy.refusedTenants = [Fixture.tenant.text()] }, Fixture.order()) },
      "does not serve akash1"
    ),
    (
      "reclamation_window", { (Fixture.settings, Fixture.order(reclamation: 5_000)) },
      "wants 5000 ms of notice, the provider gives 0 ms"
    ),
    (
      "attribute",
      {
        let wanted = PlacementRequirements(attributes: [Attribute(key: "region", value: "moon")])
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([Fixture.unit()], wanted)]))
      }, "region=moon"
    ),
    (
      "required_attribute", { (changed { $0.policy.requiredAttributes = ["tier=paid"] }, Fixture.order()) },
      "serves only orders that ask for tier=paid"
    ),
    (
      "capability",
      {
        let unit = Fixture.unit(keys: ["vendor/nvidia/model/h200"])
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([unit])]))
      }, "h200"
    ),
    (
      "too_many_volumes",
      {
        var unit = Fixture.unit()
        unit.resources.volumes = (0..<5).map { Volume(name: "v\($0)", bytes: 1 << 30) }
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([unit])]))
      }, "5 volumes, at most 4"
    ),
    (
      "auditor",
      {
        let wanted = PlacementRequirements(allOf: ["akash1auditor"])
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([Fixture.unit()], wanted)]))
      }, "akash1auditor has signed nothing"
    ),
    (
      "invalid_group",
      { (Fixture.settings, Fixture.order(specs: [Fixture.spec([Fixture.unit(count: 51)])])) },
      "the count must be 1 to 50"
    ),
    (
      "unsupported",
      {
        var unit = Fixture.unit()
        unit.resources.endpoints = [ServiceEndpoint(kind: .leasedIP, sequence: 1)]
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([unit])]))
      }, "no addresses"
    ),
    (
      "lease_limit", { (changed { $0.policy.maximumLeases = 0 }, Fixture.order()) }, "0 leases and open bids"
    ),
    (
      "tenant_limit", { (changed { $0.policy.maximumLeasesPerTenant = 0 }, Fixture.order()) },
      "the tenant has 0"
    ),
    (
      "capacity",
      { (Fixture.settings, Fixture.order(specs: [Fixture.spec([Fixture.unit(gpus: 9)])])) },
      "9 GPUs of one model (vendor/nvidia/model/*) are wanted and 8 free"
    ),
    (
      "pricing",
      {
        let unit = Fixture.unit(denomination: Denomination("ueur")!)
        return (Fixture.settings, Fixture.order(specs: [Fixture.spec([unit])]))
      }, "no prices in ueur"
    ),
    (
      "above_maximum",
      { (Fixture.settings, Fixture.order(specs: [Fixture.spec([Fixture.unit(price: 855)])])) },
      "asks 855.166667 uusdc per tick, the order's maximum is 855"
    ),
  ]

  private static func changed(_ change: (inout ProviderSettings) -> Void) -> ProviderSettings {
    var settings = Fixture.settings
    change(&settings)
    return settings
  }

  @Test(arguments: declines.indices) func `every decline has its reason and holds nothing`(_ index: Int)
    throws
  {
    let (code, make, text) = Self.declines[index]
    let (settings, order) = make()
    var engine = Fixture.engine(settings)
    #expect(engine.step(.orderAdded(id, order)).isEmpty)
    let decision = try #require(engine.log.decisions(on: id).first)
    #expect(decision.code == "declined_" + code)
    #expect(decision.text.contains(text), "\(decision.text)")
    #expect(engine.inventory.reservations.isEmpty)
  }
}
