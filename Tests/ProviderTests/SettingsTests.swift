import Chain
import Foundation
import Ledger
import Primitives
import Testing

@testable import Provider

@Suite struct SettingsTests {
  private func decode(_ json: String) throws -> ProviderSettings {
    try JSONDecoder().decode(ProviderSettings.self, from: Data(json.utf8))
  }

  private let small = #"""
    {"inventory": {"cpu_millis": 8000, "memory": "16Gi", "storage": "100G",
      "gpus": [{"vendor": "nvidia", "model": "h100", "memory": "80Gi", "interface": "sxm", "count": 8}]},
     "prices": [{"denomination": "uakt", "cpu": 0.01, "memory": "0.002", "gpu": {"*": 2}}]}
    """#

  @Test func `a short file has defaults for the rest`() throws {
    let settings = try decode(small)
    try settings.validate()
    #expect(settings.inventory.memoryBytes == 16 << 30)
    #expect(settings.inventory.storageBytes == 100_000_000_000)
    #expect(settings.inventory.gpus[0].declared)
    #expect(settings.prices[0].cpu.description == "0.01")
    #expect(settings.prices[0].gpu["*"]?.description == "2")
    #expect(settings.policy == BidPolicy())
    #expect(settings.workloads == WorkloadSettings())
  }

  @Test func `unknown keys are named as the file spells them, with the known ones`() throws {
    let wrong = small.replacingOccurrences(of: #""storage":"#, with: #""storage_bytes": 1, "storage":"#)
    do {
      _ = try decode(wrong)
      Issue.record("accepted")
    } catch let error as SettingsError {
      #expect(error.key == "inventory.storage_bytes")
      #expect(error.remedy.contains("cpu_millis, memory, storage"))
    }
  }

  @Test(arguments: [
    ("\"16Gi\"", "\"16 gigs\"", "inventory.memory"), ("8000", "\"many\"", "inventory.cpu_millis"),
    ("\"count\": 8", "\"counts\": 8", "inventory.gpus[0].counts"), ("0.01", "\"a cent\"", "prices[0].cpu"),
  ])
  func `wrong values name their key`(_ from: String, _ to: String, _ key: String) throws {
    do {
      _ = try decode(small.replacingOccurrences(of: from, with: to))
      Issue.record("accepted")
    } catch let error as SettingsError {
      #expect(error.key == key)
    }
  }

  static let faults: [(String, @Sendable (inout ProviderSettings) -> Void)] = [
    ("inventory.cpu_millis", { $0.inventory.cpuMillis = 0 }),
    ("inventory.memory", { $0.inventory.memoryBytes = .max }),
    ("inventory.gpus[1]", { $0.inventory.gpus[1] = $0.inventory.gpus[0] }),
    ("inventory.gpus[0]", { $0.inventory.gpus[0].model = "h 100" }),
    ("inventory.gpus[0].count", { $0.inventory.gpus[0].count = 0 }),
    ("prices", { $0.prices = [] }),
    ("prices[1]", { $0.prices[1] = $0.prices[0] }),
    ("prices[0].denomination", { $0.prices[0].denomination = "$" }),
    ("prices[1].like", { $0.prices[1].like = "uother" }),
    ("prices[1].rate", { $0.prices[1].rate = .zero }),
    ("prices[0].gpu", { $0.prices[0].gpu["a/b/c/d/e"] = Decimal18(1) }),
    ("prices[0]", { $0.prices = [PriceEntry(denomination: "uakt")] }),
    ("policy.refused_tenants[0]", { $0.policy.refusedTenants = ["akash1nobody"] }),
    ("policy.required_attributes[0]", { $0.policy.requiredAttributes = ["tier"] }),
    ("policy.bid_lifetime_seconds", { $0.policy.bidLifetimeSeconds = 4_000 }),
    ("policy.maximum_leases", { $0.policy.maximumLeases = 0 }),
    ("workloads.driver", { $0.workloads.driver = "podman" }),
    ("workloads.ports", { $0.workloads.ports = "31000-30000" }),
    ("workloads.log_bytes", { $0.workloads.logBytes = 1 }),
    ("workloads.control_group", { $0.workloads.controlGroup = "../x" }),
    ("attributes[0]", { $0.attributes = ["=x"] }),
  ]

  @Test(arguments: faults.indices) func `what cannot be used is refused with its key`(_ index: Int) {
    var settings = Fixture.settings
    Self.faults[index].1(&settings)
    do throws(SettingsError) {
      try settings.validate()
      Issue.record("accepted")
    } catch {
      #expect(error.key == Self.faults[index].0)
      #expect(!error.remedy.isEmpty)
    }
  }

  @Test func `the record states every GPU in all the lengths that orders ask for`() {
    let keys = Set(Fixture.settings.recordAttributes.map(\.key))
    for tail in ["", "/ram/80Gi", "/interface/sxm", "/ram/80Gi/interface/sxm"] {
      #expect(keys.contains("capabilities/gpu/vendor/nvidia/model/h100" + tail))
    }
    #expect(keys.contains("capabilities/storage/1/class"))
    let any = Matching.mismatch(
      Fixture.spec(),
      attributes: Fixture.settings.recordAttributes,
      signed: { _ in nil }
    )
    #expect(any == nil)
  }
}
