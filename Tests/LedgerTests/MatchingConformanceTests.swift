import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

@Suite struct MatchingConformanceTests {
  private func attributes(_ list: [[String: Any]]) -> [Attribute] {
    list.map { Attribute(key: $0.text("key"), value: $0.text("value")) }
  }

  @Test func `attributes match as in the reference`() throws {
    let file = try ConformanceFile("attribute_matching")
    var tally = ConformanceTally(file.name)
    for item in try file.list("key_validation") {
      let isLegal =
        item.text("rule") == "resource"
        ? AttributePattern.isResourceKey(item.text("key")) : AttributePattern.isProviderKey(item.text("key"))
      tally.record("key \(item.text("rule")) \(item.text("key"))", agrees: isLegal == item.flag("valid"))
    }
    for item in try file.list("subset") {
      let wanted = attributes(item.objects("a"))
      let stated = attributes(item.objects("b"))
      let isSubset = wanted.allSatisfy { $0.isMet(byOneOf: stated) }
      let isAny = wanted.contains { $0.isMet(byOneOf: stated) }
      tally.record(
        "subset \(item.text("name"))",
        agrees: isSubset == item.flag("subset_of") && isAny == item.flag("any_of")
      )
    }
    for item in try file.list("placement") { placement(item, &tally) }
    for item in try file.list("resources") { resources(item, &tally) }
    tally.finish()
  }

  private func placement(_ item: [String: Any], _ tally: inout ConformanceTally) {
    let wanted = item.object("requirements")
    var signed: [String: [Attribute]] = [:]
    for record in item.objects("signed") {
      signed[record.text("auditor")] = attributes(record.objects("attributes"))
    }
    let reason = Matching.placement(
      PlacementRequirements(
        attributes: attributes(wanted.objects("attributes")),
        allOf: wanted.texts("all_of"),
        anyOf: wanted.texts("any_of")
      ),
      attributes: attributes(item.objects("provider_attributes")),
      signed: { signed[$0] }
    )
    tally.record("placement \(item.text("name"))", agrees: (reason == nil) == item.flag("match"))
  }

  private func resources(_ item: [String: Any], _ tally: inout ConformanceTally) {
    let units = item.objects("units").enumerated().map { index, unit in
      var resources = Fixture.resources(id: UInt32(index) + 1)
      resources.gpus = unit.object("gpu").number("units")
      resources.gpuAttributes = attributes(unit.object("gpu").objects("attributes"))
      if unit["storage"] != nil {
        resources.volumes = unit.objects("storage").map {
          Volume(name: "data", bytes: 1 << 30, attributes: attributes($0.objects("attributes")))
        }
      }
      return ResourceUnit(resources: resources, count: 1, price: DecimalCoin(Decimal18(1), .uakt))
    }
    let spec = GroupSpec(name: "g", requirements: PlacementRequirements(), units: units)
    let reason = Matching.mismatch(spec, attributes: attributes(item.objects("provider_attributes"))) { _ in
      nil
    }
    let name = "resources \(item.text("name"))"
    if item.text("name").hasPrefix("prefix quirk") {
      tally.differ(name, because: "capabilities/gpux/ is not capabilities/gpu/", asHere: reason != nil)
    } else {
      tally.record(name, agrees: (reason == nil) == item.flag("match"), "\(String(describing: reason))")
    }
  }

  @Test func `GPU keys of the SDL are keys that match`() throws {
    let file = try ConformanceFile("gpu_attribute_keys")
    var tally = ConformanceTally(file.name)
    for era in ["mainnet6", "since_v0_30_2", "since_v0_32_3"] {
      for item in try file.list(era) {
        let keys = item.texts("keys")
        let name = "\(era) \(keys.isEmpty ? item.text("error") : keys.joined(separator: " "))"
        guard item["error"] == nil else {
          tally.leave(name, because: "a deploy.yaml's: GPUConformanceTests in SDLTests")
          continue
        }
        // A provider that states every generalisation of the concrete device matches each of the keys.
        let matches = keys.allSatisfy { key in
          let concrete = key.replacing("*", with: "a100")
          let stated = GPUKey.generalisations(of: concrete).map {
            Attribute(key: Capabilities.gpuPrefix + $0, value: "true")
          }
          let spec = Fixture.group(gpus: 1, gpu: [key])
          return AttributePattern.isResourceKey(key)
            && Matching.mismatch(spec, attributes: stated) { _ in nil } == nil
        }
        tally.record(name, agrees: matches)
      }
    }
    tally.finish()
  }

  @Test func `a device is stated in every combination of its properties`() {
    #expect(
      GPUKey.generalisations(of: "vendor/nvidia/model/h100/ram/80Gi/interface/sxm") == [
        "vendor/nvidia/model/h100/ram/80Gi/interface/sxm", "vendor/nvidia/model/h100/ram/80Gi",
        "vendor/nvidia/model/h100/interface/sxm", "vendor/nvidia/model/h100",
      ]
    )
    #expect(GPUKey.generalisations(of: "vendor/nvidia/model/a100/80Gi") == ["vendor/nvidia/model/a100/80Gi"])
  }

  @Test func `an offer must name a stated device that the group accepts`() {
    let device = "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"
    let stated = GPUKey.generalisations(of: device).map {
      Attribute(key: Capabilities.gpuPrefix + $0, value: "true")
    }
    func fault(_ request: String, _ offered: String?) -> OfferFault? {
      let spec = Fixture.group(gpus: 8, gpu: [request])
      return OfferCheck.fault(Fixture.offer(for: spec, gpu: offered), for: spec, attributes: stated) { _ in
        nil
      }
    }
    #expect(fault("vendor/nvidia/model/*", device) == nil)
    #expect(fault("vendor/nvidia/model/h100", device) == nil)
    #expect(fault("vendor/nvidia/model/h100/ram/80Gi", device) == nil)
    #expect(fault("vendor/nvidia/model/a100", device) == .gpuOther(unit: 1, key: device))
    #expect(fault("vendor/nvidia/model/*", nil) == .gpuNotConcrete(unit: 1))
    let other = "vendor/nvidia/model/h200"
    #expect(fault("vendor/nvidia/model/*", other) == .gpuNotStated(unit: 1, key: other))
  }

  @Test func `auditors must vouch for GPUs where the order asks for it`() {
    let gpu = Attribute(key: Capabilities.gpuPrefix + Fixture.h100, value: "true")
    let requirements = PlacementRequirements(allOf: ["a"], anyOf: ["b", "c"])
    let spec = Fixture.group(gpus: 1, gpu: [Fixture.h100], requirements: requirements)
    func reason(_ signed: [String: [Attribute]]) -> MismatchReason? {
      Matching.mismatch(spec, attributes: [gpu], requiresAuditedGPUs: true) { signed[$0] }
    }
    #expect(reason(["a": [gpu], "c": [gpu]]) == nil)
    #expect(reason(["a": [gpu], "c": []]) == .gpuNotAudited(unit: 1, keys: [Fixture.h100]))
    #expect(reason(["a": [], "b": [gpu]]) == .gpuNotAudited(unit: 1, keys: [Fixture.h100]))
    #expect(reason(["b": [gpu]]) == .notAudited(auditor: "a"))
  }
}
