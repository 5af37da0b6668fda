import Chain
import Cryptography
import Primitives

@testable import Ledger

enum Fixture {
  static let h100 = "vendor/nvidia/model/h100"

  static func resources(gpus: UInt64 = 0, gpu: [String] = [], id: UInt32 = 1) -> Resources {
    Resources(
      id: id,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)],
      gpus: gpus,
      gpuAttributes: gpu.map { Attribute(key: $0, value: "true") }
    )
  }

  static func group(
    _ name: String = "group",
    price: String = "10",
    denomination: Denomination = .uakt,
    gpus: UInt64 = 0,
    gpu: [String] = [],
    requirements: PlacementRequirements = PlacementRequirements()
  ) -> GroupSpec {
    GroupSpec(
      name: name,
      requirements: requirements,
      units: [
        ResourceUnit(
          resources: resources(gpus: gpus, gpu: gpu),
          count: 1,
          price: DecimalCoin(Decimal18(price)!, denomination)
        )
      ]
    )
  }

  /// What offers exactly what a group asks for.
  static func offer(for spec: GroupSpec, gpu: String? = nil) -> [ResourceOffer] {
    spec.units.map { unit in
      var resources = unit.resources
      if let gpu, resources.gpus > 0 { resources.gpuAttributes = [Attribute(key: gpu, value: "true")] }
      return ResourceOffer(resources: resources, count: unit.count)
    }
  }

  static let manifest = Digest.sha256("manifest".utf8)
}

extension TestChain {
  func deployment(_ owner: String = "tenant", _ sequence: UInt64 = 1) -> DeploymentID {
    DeploymentID(owner: address(owner), sequence: sequence)
  }

  func order(
    _ owner: String = "tenant",
    _ sequence: UInt64 = 1,
    groups: [GroupSpec] = [Fixture.group()],
    deposit: Coin = Coin(5_000_000, .uakt),
    lifetime: UInt64 = 600_000,
    existing: [UInt32]? = nil
  ) -> Order {
    Order(
      deployment: deployment(owner, sequence),
      groups: groups.enumerated().map { index, spec in
        Order.Group(sequence: existing?[index] ?? UInt32(index) + 1, spec: spec)
      },
      manifestHash: Fixture.manifest,
      deposit: existing == nil ? deposit : Coin(0, deposit.denomination),
      expiresAt: moment.time.advanced(byMilliseconds: lifetime),
      isExisting: existing != nil
    )
  }

  func sign(_ order: Order, by name: String) -> SignedObject {
    SignedObject(kind: .order, body: order.encoded, signer: key(name), chain: Self.id)
  }

  func bid(
    _ provider: String,
    on order: SignedObject,
    _ content: Order,
    price: String = "5",
    denomination: Denomination? = nil,
    gpu: String? = nil,
    window: UInt64 = 0
  ) -> Bid {
    Bid(
      order: order.identifier,
      provider: address(provider),
      groups: content.groups.map { group in
        Bid.Group(
          sequence: group.sequence,
          price: DecimalCoin(
            Decimal18(price)!,
            denomination ?? group.spec.units[0].price.denomination
          ),
          offer: Fixture.offer(for: group.spec, gpu: gpu)
        )
      },
      expiresAt: content.expiresAt,
      reclamationWindow: window
    )
  }

  func sign(_ bid: Bid, by name: String) -> SignedObject {
    SignedObject(kind: .bid, body: bid.encoded, signer: key(name), chain: Self.id)
  }

  /// An agreement on one provider's bid for all groups.
  func agreement(
    _ order: Order,
    tenant: String = "tenant",
    provider: String = "provider",
    price: String = "5",
    denomination: Denomination? = nil,
    gpu: String? = nil,
    window: UInt64 = 0
  ) -> AgreeLease {
    let signed = sign(order, by: tenant)
    let bid = bid(
      provider,
      on: signed,
      order,
      price: price,
      denomination: denomination,
      gpu: gpu,
      window: window
    )
    return AgreeLease(
      owner: address(tenant),
      order: signed,
      bids: [sign(bid, by: provider)],
      choices: order.groups.map { .init(group: $0.sequence, bid: 0) }
    )
  }

  func lease(
    _ provider: String = "provider",
    _ sequence: UInt64 = 1,
    group: UInt32 = 1,
    order: UInt32 = 1,
    tenant: String = "tenant"
  ) -> LeaseID {
    LeaseID(deployment: deployment(tenant, sequence), group: group, order: order, provider: address(provider))
  }

  func providerRecord(_ name: String, attributes: [(String, String)] = []) -> ProviderRecord {
    ProviderRecord(
      owner: address(name),
      hostURI: "https://\(name).example:8443",
      attributes: attributes.map { Attribute(key: $0.0, value: $0.1) }
    )
  }

  /// A tenant, a provider and money for both.
  static func market(
    attributes: [(String, String)] = [],
    parameters: [ParameterKey: UInt64] = [:],
    adjust: (inout Genesis) -> Void = { _ in }
  ) throws -> TestChain {
    let rich = [Coin(1_000_000_000, .uakt), Coin(1_000_000_000, .uusdc)]
    let chain = try TestChain(
      balances: ["tenant": rich, "provider": rich, "other": rich, "grantor": rich, "auditor": rich],
      parameters: parameters,
      adjust: adjust
    )
    chain.submit(.registerProvider(chain.providerRecord("provider", attributes: attributes)), by: "provider")
    return chain
  }
}
