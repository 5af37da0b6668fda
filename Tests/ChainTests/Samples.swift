import Chain
import Cryptography
import Primitives
import Testing

/// Draws legal values of every type from a seed, so that a failure can be repeated.
struct Samples {
  var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  static let chain: ChainID = ChainID("samples-1")!

  /// A few accounts whose keys are known.
  static let keys: [SigningKey] = (1...8).map { SigningKey(seed: Array(repeating: $0, count: 32))! }

  mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
    let (span, overflow) = (range.upperBound - range.lowerBound).addingReportingOverflow(1)
    return overflow ? random.next() : range.lowerBound + random.next(below: span)
  }

  mutating func count(_ range: ClosedRange<Int>) -> Int {
    Int(number(UInt64(range.lowerBound)...UInt64(range.upperBound)))
  }

  mutating func flag() -> Bool { random.next(below: 2) == 1 }

  /// Small numbers, large ones and the ends of the range.
  mutating func wide() -> UInt64 {
    switch random.next(below: 5) {
    case 0: 0
    case 1: .max
    case 2: random.next()
    default: random.next(below: 100_000)
    }
  }

  mutating func ordinal() -> UInt32 { UInt32(number(1...UInt64(UInt32.max))) }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  mutating func pick<Element>(_ list: [Element]) -> Element {
    list[Int(random.next(below: UInt64(list.count)))]
  }

  mutating func list<Element>(_ range: ClosedRange<Int>, _ make: (inout Samples) -> Element) -> [Element] {
    (0..<count(range)).map { _ in make(&self) }
  }

  mutating func text(_ range: ClosedRange<Int> = 0...24) -> String {
    let letters = Array("abcXYZ019-_./ é好")
    var text = ""
    let limit = count(range)
    while true {
      let next = text + String(pick(letters))
      if next.utf8.count > limit { return text }
      text = next
    }
  }

  mutating func optional<Element>(_ make: (inout Samples) -> Element) -> Element? {
    flag() ? make(&self) : nil
  }

  mutating func digest() -> Digest { Digest(bytes(32))! }
  mutating func address() -> Address { Address(bytes(20))! }
  mutating func publicKey() -> PublicKey { PublicKey(bytes(32))! }
  mutating func signature() -> Signature { Signature(bytes(64))! }
  mutating func time() -> Timestamp { Timestamp(milliseconds: wide()) }

  static let denominations = [
    Denomination.uakt, .uusdc,
    Denomination("ibc/170C677610AC31DF0904FFE09CD3B5C657492170E7E52372E48756B71E56F2F1")!,
    Denomination("uact")!,
  ]

  mutating func denomination() -> Denomination { pick(Self.denominations) }
  mutating func coin() -> Coin { Coin(wide(), denomination()) }

  mutating func coins(_ range: ClosedRange<Int>) -> [Coin] {
    Self.denominations.prefix(count(range)).map { Coin(wide(), $0) }
  }

  mutating func decimal() -> Decimal18 {
    flag() ? Decimal18(raw: UInt128(random.next()) << 60 | UInt128(random.next())) : Decimal18(wide())
  }

  mutating func price() -> DecimalCoin { DecimalCoin(decimal(), denomination()) }
}

extension Samples {
  mutating func attribute() -> Attribute { Attribute(key: text(1...40), value: text()) }

  mutating func resources() -> Resources {
    Resources(
      id: ordinal(),
      cpuMillis: wide(),
      cpuAttributes: list(0...2) { $0.attribute() },
      memoryBytes: wide(),
      memoryAttributes: list(0...2) { $0.attribute() },
      volumes: list(0...3) { samples in
        Volume(
          name: samples.text(),
          bytes: samples.wide(),
          attributes: samples.list(0...3) { $0.attribute() }
        )
      },
      gpus: wide(),
      gpuAttributes: list(0...3) { $0.attribute() },
      endpoints: list(0...3) { samples in
        ServiceEndpoint(
          kind: samples.pick([.sharedHTTP, .randomPort, .leasedIP]),
          sequence: UInt32(samples.number(0...5))
        )
      }
    )
  }

  mutating func groupSpec() -> GroupSpec {
    GroupSpec(
      name: text(),
      requirements: PlacementRequirements(
        attributes: list(0...3) { $0.attribute() },
        allOf: list(0...2) { $0.address().text() },
        anyOf: list(0...2) { $0.text() }
      ),
      units: list(1...3) { samples in
        ResourceUnit(
          resources: samples.resources(),
          count: UInt32(samples.number(0...50)),
          price: samples.price()
        )
      }
    )
  }

  mutating func resourceOffer() -> ResourceOffer {
    ResourceOffer(resources: resources(), count: UInt32(number(0...50)))
  }

  mutating func deployment(owner: Address? = nil) -> DeploymentID {
    DeploymentID(owner: owner ?? address(), sequence: max(1, wide()))
  }

  mutating func lease(owner: Address? = nil, provider: Address? = nil) -> LeaseID {
    LeaseID(
      deployment: deployment(owner: owner),
      group: ordinal(),
      order: ordinal(),
      provider: provider ?? address()
    )
  }

  mutating func order() -> Order {
    Order(
      deployment: deployment(),
      groups: list(1...3) { Order.Group(sequence: $0.ordinal(), spec: $0.groupSpec()) },
      manifestHash: digest(),
      deposit: coin(),
      expiresAt: time(),
      isExisting: flag(),
      minimumReclamationWindow: wide(),
      requiresAuditedGPUs: flag(),
      depositor: optional { $0.address() }
    )
  }

  mutating func bid() -> Bid {
    Bid(
      order: digest(),
      provider: address(),
      groups: list(1...3) { samples in
        Bid.Group(
          sequence: samples.ordinal(),
          price: samples.price(),
          offer: samples.list(0...3) { $0.resourceOffer() }
        )
      },
      expiresAt: time(),
      reclamationWindow: wide()
    )
  }

  mutating func withdrawal() -> Withdrawal { Withdrawal(object: digest(), expiresAt: time()) }

  mutating func offer() -> Offer {
    Offer(
      provider: address(),
      sequence: wide(),
      expiresAt: time(),
      cpuMillis: Offer.Capacity(free: wide(), total: wide()),
      memoryBytes: Offer.Capacity(free: wide(), total: wide()),
      storageBytes: Offer.Capacity(free: wide(), total: wide()),
      gpus: list(0...4) { samples in
        Offer.GPU(
          vendor: samples.text(),
          model: samples.text(),
          memory: samples.text(),
          interface: samples.text(),
          free: samples.ordinal(),
          total: samples.ordinal(),
          prices: samples.list(0...3) { $0.price() },
          isDeclared: samples.flag()
        )
      },
      endpoint: text()
    )
  }

  mutating func nodeRecord() -> NodeRecord {
    NodeRecord(
      sequence: wide(),
      addresses: list(0...3) { $0.text() },
      role: pick([.full, .validator, .provider, .tenant, .seed]),
      protocolVersion: ordinal(),
      expiresAt: time()
    )
  }

  mutating func signed(_ kind: SignedObject.Kind) -> SignedObject {
    let body =
      switch kind {
      case .order: order().encoded
      case .bid: bid().encoded
      case .withdrawal: withdrawal().encoded
      case .offer: offer().encoded
      case .nodeRecord: nodeRecord().encoded
      }
    return SignedObject(kind: kind, body: body, signer: pick(Self.keys), chain: Self.chain)
  }
}
