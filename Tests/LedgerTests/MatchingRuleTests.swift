import Chain
import Cryptography
import Primitives
import Testing

@testable import Ledger

/// What an agreement demands of the provider: labels, signatures of auditors, concrete GPUs.
@Suite struct MatchingRuleTests {
  private static let device = "vendor/nvidia/model/h100/ram/80Gi/interface/sxm"

  /// A provider with eight H100s in every combination of their properties.
  private func market(_ more: [(String, String)] = []) throws -> TestChain {
    let keys = GPUKey.generalisations(of: Self.device).map { (Capabilities.gpuPrefix + $0, "true") }
    return try TestChain.market(attributes: keys + more)
  }

  private func sign(_ chain: TestChain, _ auditor: String, _ attributes: [(String, String)]) {
    let action = Action.signAttributes(
      provider: chain.address("provider"),
      auditor: chain.address(auditor),
      attributes: attributes.map { Attribute(key: $0.0, value: $0.1) }
    )
    #expect(chain.submit(action, by: auditor).isSuccess)
  }

  /// The code with which an agreement on a group is refused; empty when it is not.
  private func code(
    _ chain: TestChain,
    _ spec: GroupSpec,
    gpu: String? = device,
    audited: Bool = false,
    offer change: (inout [ResourceOffer]) -> Void = { _ in }
  ) -> String {
    var order = chain.order(groups: [spec])
    order.requiresAuditedGPUs = audited
    let signed = chain.sign(order, by: "tenant")
    var bid = chain.bid("provider", on: signed, order, gpu: gpu)
    change(&bid.groups[0].offer)
    let agreement = AgreeLease(
      owner: chain.address("tenant"),
      order: signed,
      bids: [chain.sign(bid, by: "provider")],
      choices: [.init(group: 1, bid: 0)]
    )
    return chain.rejection { execution throws(Rejection) in try execution.agree(agreement) }?.code.description
      ?? ""
  }

  /// A request and a device in every combination of model, memory and interface: it matches exactly when the device
  /// has what is asked for, where the provider states every generalisation of it.
  @Test func `GPU keys match in every combination of prefixes`() {
    var checked = 0
    for model in ["h100", "a100"] {
      for memory in [nil, "80Gi", "40Gi"] {
        for interface in [nil, "sxm", "pcie"] {
          let key = { (model: String, memory: String?, interface: String?) in
            "vendor/nvidia/model/\(model)" + (memory.map { "/ram/\($0)" } ?? "")
              + (interface.map { "/interface/\($0)" } ?? "")
          }
          let device = key(model, memory, interface)
          let stated = GPUKey.generalisations(of: device)
            .map { Attribute(key: Capabilities.gpuPrefix + $0, value: "true") }
          for wanted in ["h100", "a100", "*"] {
            for size in [nil, "80Gi", "40Gi"] {
              for kind in [nil, "sxm", "pcie"] {
                let fits =
                  (wanted == "*" || wanted == model) && (size == nil || size == memory)
                  && (kind == nil || kind == interface)
                let spec = Fixture.group(gpus: 1, gpu: [key(wanted, size, kind)])
                let offer = Fixture.offer(for: spec, gpu: device)
                let reason = Matching.mismatch(spec, attributes: stated) { _ in nil }
                let fault = OfferCheck.fault(offer, for: spec, attributes: stated) { _ in nil }
                #expect((reason == nil) == fits, "\(key(wanted, size, kind)) on \(device)")
                #expect((fault == nil) == fits, "\(key(wanted, size, kind)) on \(device)")
                checked += 1
              }
            }
          }
        }
      }
    }
    #expect(checked == 2 * 9 * 27)
  }

  @Test func `an agreement needs a concrete GPU that the provider states and the order accepts`() throws {
    let chain = try market()
    let any = Fixture.group(gpus: 2, gpu: ["vendor/nvidia/model/*"])
    #expect(code(chain, any) == "")
    #expect(code(chain, any, gpu: "vendor/nvidia/model/*") == "market/32")
    #expect(code(chain, any, gpu: nil) == "market/32")
    #expect(code(chain, any, gpu: "vendor/nvidia/model/h200") == "market/32")
    #expect(code(chain, Fixture.group(gpus: 2, gpu: ["vendor/nvidia/model/a100"])) == "market/32")
    // One of several alternatives suffices.
    let either = Fixture.group(gpus: 2, gpu: ["vendor/nvidia/model/a100", Fixture.h100])
    #expect(code(chain, either) == "")
    // The lease keeps what was offered.
    let order = chain.order(groups: [any])
    #expect(chain.submit(.agreeLease(chain.agreement(order, gpu: Self.device)), by: "tenant").codeText == "")
    let offer = chain.query.lease(chain.lease(), at: 0)?.record.offer.first?.resources
    #expect(offer?.gpuAttributes.map(\.key) == [Self.device] && offer?.gpus == 2)
  }

  @Test func `an offer must hold what the group asks for`() throws {
    let chain = try market()
    let spec = Fixture.group(gpus: 2, gpu: [Fixture.h100])
    #expect(code(chain, spec) { $0[0].resources.cpuMillis *= 2 } == "")
    for (name, change) in [
      ("CPU", { $0[0].resources.cpuMillis -= 1 }), ("memory", { $0[0].resources.memoryBytes -= 1 }),
      ("storage", { $0[0].resources.volumes[0].bytes -= 1 }), ("volumes", { $0[0].resources.volumes = [] }),
      ("GPUs", { $0[0].resources.gpus -= 1 }), ("more GPUs", { $0[0].resources.gpus += 1 }),
      ("replicas", { $0[0].count += 1 }), ("no unit", { $0 = [] }), ("twice", { $0.append($0[0]) }),
      ("another unit", { $0[0].resources.id = 9 }),
    ] as [(String, (inout [ResourceOffer]) -> Void)] {
      #expect(code(chain, spec, offer: change) == "market/32", "\(name)")
    }
  }

  @Test func `who must sign, signs: all of them, and one of any`() throws {
    let chain = try market([("region", "us")])
    let region = Attribute(key: "region", value: "us")
    func wanting(all: [String] = [], any: [String] = []) -> String {
      let requirements = PlacementRequirements(
        attributes: [region],
        allOf: all.map { chain.address($0).text() },
        anyOf: any.map { chain.address($0).text() }
      )
      return code(chain, Fixture.group(requirements: requirements), gpu: nil)
    }
    #expect(wanting() == "")
    #expect(wanting(all: ["auditor"]) == "market/5")
    sign(chain, "auditor", [("region", "eu")])
    #expect(wanting(all: ["auditor"]) == "market/5")
    sign(chain, "auditor", [("region", "us")])
    #expect(wanting(all: ["auditor"]) == "")
    #expect(wanting(all: ["auditor", "grantor"]) == "market/5")
    #expect(wanting(any: ["auditor", "grantor"]) == "")
    #expect(wanting(any: ["grantor"]) == "market/5")
    #expect(wanting(all: ["auditor"], any: ["grantor"]) == "market/5")
    sign(chain, "grantor", [("region", "us")])
    #expect(wanting(all: ["auditor"], any: ["grantor"]) == "")
    let withdrawal = Action.withdrawAttributes(
      provider: chain.address("provider"),
      auditor: chain.address("auditor"),
      keys: ["region"]
    )
    #expect(chain.submit(withdrawal, by: "auditor").isSuccess)
    #expect(wanting(all: ["auditor", "grantor"]) == "market/5")
    #expect(wanting(any: ["auditor", "grantor"]) == "")
  }

  @Test func `auditors vouch for the GPU that is offered, not for another`() throws {
    let chain = try market([("region", "us")])
    let auditor = chain.address("auditor").text()
    let requirements = PlacementRequirements(anyOf: [auditor])
    let spec = Fixture.group(gpus: 1, gpu: ["vendor/nvidia/model/*"], requirements: requirements)
    // Who is to vouch must be named.
    #expect(code(chain, Fixture.group(gpus: 1, gpu: [Fixture.h100]), audited: true) == "deployment/19")
    #expect(code(chain, spec, audited: true) == "market/5")
    sign(chain, "auditor", [("region", "us")])
    #expect(code(chain, spec) == "")
    #expect(code(chain, spec, audited: true) == "market/32")
    sign(chain, "auditor", [(Capabilities.gpuPrefix + Fixture.h100, "true")])
    // The model is vouched for, memory and interface are not.
    #expect(code(chain, spec, audited: true) == "market/32")
    #expect(code(chain, spec, gpu: Fixture.h100, audited: true) == "")
    sign(chain, "auditor", [(Capabilities.gpuPrefix + Self.device, "true")])
    #expect(code(chain, spec, audited: true) == "")
  }

  @Test func `storage classes must be of one capability group`() throws {
    let chain = try market([
      ("capabilities/storage/1/class", "beta2"), ("capabilities/storage/1/persistent", "true"),
      ("capabilities/storage/2/class", "beta3"), ("capabilities/storage/2/persistent", "false"),
    ])
    func wanting(_ kind: String, persistent: String) -> String {
      var spec = Fixture.group()
      spec.units[0].resources.volumes = [
        Volume(name: "default", bytes: 1 << 30),
        Volume(
          name: "data",
          bytes: 1 << 30,
          attributes: [Attribute(key: "class", value: kind), Attribute(key: "persistent", value: persistent)]
        ),
      ]
      return code(chain, spec, gpu: nil)
    }
    #expect(wanting("beta2", persistent: "true") == "")
    #expect(wanting("beta3", persistent: "false") == "")
    #expect(wanting("beta3", persistent: "true") == "market/32")
    #expect(wanting("beta1", persistent: "true") == "market/32")
  }

  @Test func `a provider keeps the GPUs and storage that its leases asked for`() throws {
    let chain = try market([("capabilities/storage/1/class", "beta2")])
    var spec = Fixture.group(gpus: 1, gpu: [Fixture.h100])
    let beta = [Attribute(key: "class", value: "beta2")]
    spec.units[0].resources.volumes = [Volume(name: "data", bytes: 1 << 30, attributes: beta)]
    let agreement = chain.agreement(chain.order(groups: [spec]), gpu: Self.device)
    #expect(chain.submit(.agreeLease(agreement), by: "tenant").codeText == "")
    let record = try #require(chain.query.provider(chain.address("provider"))?.record)
    func update(_ change: (inout ProviderRecord) -> Void) -> String {
      var changed = record
      change(&changed)
      return chain.submit(.updateProvider(changed), by: "provider").codeText
    }
    #expect(update { $0.attributes.removeAll { $0.key.hasPrefix("capabilities/gpu") } } == "provider/7")
    #expect(update { $0.attributes.removeAll { $0.key.hasPrefix("capabilities/storage") } } == "provider/7")
    // What nobody asked for may go.
    #expect(update { $0.attributes.removeAll { $0.key.hasSuffix("/interface/sxm") } } == "")
    #expect(update { $0.website = "https://provider.example" } == "")
    chain.submit(.closeLease(chain.lease()), by: "tenant")
    #expect(update { $0.attributes = [] } == "")
  }

  @Test func `each reason against a provider has its own code for who asks why not`() throws {
    let chain = try market([("region", "us")])
    let auditor = chain.address("auditor").text()
    func reason(_ spec: GroupSpec, audited: Bool = false) -> String? {
      chain.query.matches(spec, requiresAuditedGPUs: audited).first?.reason?.code
    }
    let eu = Attribute(key: "region", value: "eu")
    let us = Attribute(key: "region", value: "us")
    let storage = {
      var spec = Fixture.group()
      spec.units[0].resources.volumes[0].attributes = [Attribute(key: "class", value: "beta1")]
      return spec
    }()
    let gpu = Fixture.group(gpus: 1, gpu: ["vendor/nvidia/model/a100"])
    var codes = [
      reason(Fixture.group(requirements: .init(attributes: [eu]))),
      reason(Fixture.group(requirements: .init(attributes: [us], allOf: [auditor]))),
      reason(Fixture.group(requirements: .init(attributes: [us], anyOf: [auditor]))), reason(storage),
      reason(gpu),
    ]
    sign(chain, "auditor", [("tier", "1")])
    codes.append(reason(Fixture.group(requirements: .init(attributes: [us], allOf: [auditor]))))
    let audited = Fixture.group(gpus: 1, gpu: [Fixture.h100], requirements: .init(allOf: [auditor]))
    codes.append(reason(audited, audited: true))
    #expect(codes.allSatisfy { $0 != nil } && Set(codes).count == codes.count, "\(codes)")
    #expect(reason(Fixture.group(requirements: .init(attributes: [us]))) == nil)
    #expect(reason(audited) == nil)
  }
}
