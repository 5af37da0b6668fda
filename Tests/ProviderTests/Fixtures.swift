import Chain
import Cryptography
import Primitives
import Testing

@testable import Provider

/// Small words for what the tests are about.
enum Fixture {
  static func key(_ number: UInt8) -> SigningKey {
    SigningKey(seed: [UInt8](repeating: number, count: 32))!
  }

  static func address(_ number: UInt8) -> Address { Address(key(number).publicKey) }

  static let provider = address(1)
  static let tenant = address(2)

  static let h100 = GPUSetting(vendor: "nvidia", model: "h100", memory: "80Gi", interface: "sxm", count: 8)
  static let a100 = GPUSetting(vendor: "nvidia", model: "a100", memory: "40Gi", interface: "pcie", count: 4)

  static let inventory = InventorySettings(
    cpuMillis: 64_000,
    memoryBytes: 256 << 30,
    storageBytes: 2_000 << 30,
    gpus: [h100, a100]
  )

  static let prices = [
    PriceEntry(
      denomination: "uusdc",
      gpu: [
        "nvidia/h100/80Gi/sxm": Decimal18("2.19")!, "nvidia/h100": Decimal18("1.99")!, "*": Decimal18("0.5")!,
      ],
      cpu: Decimal18("0.01")!,
      memory: Decimal18("0.002")!,
      storage: ["ephemeral": Decimal18("0.0001")!, "default": Decimal18("0.0002")!],
      endpoint: Decimal18("0.001")!
    ),
    PriceEntry(denomination: "uakt", rate: Decimal18("1.25")!, like: "uusdc"),
  ]

  static let settings = ProviderSettings(inventory: inventory, prices: prices)

  static func unit(
    id: UInt32 = 1,
    gpus: UInt64 = 1,
    keys: [String] = ["vendor/nvidia/model/*"],
    count: UInt32 = 1,
    cpu: UInt64 = 1_000,
    memory: UInt64 = 1 << 30,
    price: UInt64 = 10_000,
    denomination: Denomination = .uusdc
  ) -> ResourceUnit {
    ResourceUnit(
      resources: Resources(
        id: id,
        cpuMillis: cpu,
        memoryBytes: memory,
        volumes: [Volume(name: "default", bytes: 1 << 30)],
        gpus: gpus,
        gpuAttributes: gpus == 0 ? [] : keys.map { Attribute(key: $0, value: "true") },
        endpoints: [ServiceEndpoint(kind: .sharedHTTP)]
      ),
      count: count,
      price: DecimalCoin(Decimal18(price), denomination)
    )
  }

  static func spec(_ units: [ResourceUnit] = [unit()], _ requirements: PlacementRequirements = .init())
    -> GroupSpec
  {
    GroupSpec(name: "west", requirements: requirements, units: units)
  }

  static func order(
    _ sequence: UInt64 = 1,
    owner: Address = tenant,
    specs: [GroupSpec] = [spec()],
    expiresAt: UInt64 = 3_600_000,
    reclamation: UInt64 = 0
  ) -> Order {
    Order(
      deployment: DeploymentID(owner: owner, sequence: sequence),
      groups: specs.enumerated().map { Order.Group(sequence: UInt32($0) + 1, spec: $1) },
      manifestHash: Digest.sha256([1]),
      deposit: Coin(5_000_000, .uusdc),
      expiresAt: Timestamp(milliseconds: expiresAt),
      minimumReclamationWindow: reclamation
    )
  }

  static func digest(_ number: UInt64) -> Digest { Digest.sha256(String(number).utf8) }

  static func lease(_ sequence: UInt64 = 1, group: UInt32 = 1) -> LeaseID {
    LeaseID(
      deployment: DeploymentID(owner: tenant, sequence: sequence),
      group: group,
      order: 1,
      provider: provider
    )
  }

  static func engine(_ settings: ProviderSettings = settings) -> BidEngine {
    var engine = BidEngine(
      configuration: BidEngine.Configuration(
        provider: provider,
        policy: settings.policy,
        prices: try! PriceSheet(settings.prices, tickMilliseconds: 6_000),
        unsupportedEndpoints: [.leasedIP: "no addresses"]
      ),
      inventory: Inventory(settings.inventory)
    )
    _ = engine.step(.committed(Timestamp(milliseconds: 1_000)))
    _ = engine.step(.standing(.init(attributes: settings.recordAttributes)))
    return engine
  }
}

extension Array<BidEngine.Effect> {
  var bids: [Bid] {
    compactMap { effect in if case .publish(let bid) = effect { bid } else { nil } }
  }
}
