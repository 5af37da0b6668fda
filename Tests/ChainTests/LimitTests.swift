import Chain
import Cryptography
import Primitives
import Testing
import Wire

@Suite struct LimitTests {
  /// An order with one group of one unit, for changing.
  static func order(_ change: (inout Order) -> Void = { _ in }) -> Order {
    let resources = Resources(
      id: 1,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)]
    )
    let unit = ResourceUnit(resources: resources, count: 1, price: DecimalCoin(Decimal18(1_000), .uakt))
    let spec = GroupSpec(name: "g", requirements: PlacementRequirements(), units: [unit])
    var order = Order(
      deployment: DeploymentID(owner: Samples.keys[0].address, sequence: 1),
      groups: [Order.Group(sequence: 1, spec: spec)],
      manifestHash: .zero,
      deposit: Coin(500_000, .uakt),
      expiresAt: Timestamp(milliseconds: 1_000)
    )
    change(&order)
    return order
  }

  private func expect(_ error: DecodingError?, _ change: (inout Order) -> Void) {
    let bytes = Self.order(change).encoded
    if let error {
      #expect(throws: error) { try Order(decoding: bytes) }
    } else {
      #expect(throws: Never.self) { try Order(decoding: bytes) }
    }
  }

  @Test func `lists of an order are taken at their limit and refused above it and below`() {
    func groups(_ count: Int) -> (inout Order) -> Void {
      { $0.groups = Array(repeating: $0.groups[0], count: count) }
    }
    expect(nil, groups(20))
    expect(.outOfRange(field: "groups"), groups(21))
    expect(.outOfRange(field: "groups"), groups(0))

    func units(_ count: Int) -> (inout Order) -> Void {
      { $0.groups[0].spec.units = Array(repeating: $0.groups[0].spec.units[0], count: count) }
    }
    expect(nil, units(20))
    expect(.outOfRange(field: "resources"), units(21))
    expect(.outOfRange(field: "resources"), units(0))

    func volumes(_ count: Int) -> (inout Order) -> Void {
      {
        $0.groups[0].spec.units[0].resources.volumes = Array(
          repeating: Volume(name: "v", bytes: 1),
          count: count
        )
      }
    }
    expect(nil, volumes(16))
    expect(.outOfRange(field: "storage"), volumes(17))

    func attributes(_ count: Int) -> (inout Order) -> Void {
      {
        $0.groups[0].spec.units[0].resources.gpuAttributes = Array(
          repeating: Attribute(key: "k", value: "v"),
          count: count
        )
      }
    }
    expect(nil, attributes(64))
    expect(.outOfRange(field: "gpu.attributes"), attributes(65))

    func auditors(_ count: Int) -> (inout Order) -> Void {
      { $0.groups[0].spec.requirements.anyOf = Array(repeating: "a", count: count) }
    }
    expect(nil, auditors(64))
    expect(.outOfRange(field: "requirements.any_of"), auditors(65))
  }

  @Test func `texts of an order are taken at their limit, in bytes, and refused above it`() {
    expect(nil) { $0.groups[0].spec.name = String(repeating: "é", count: 64) }
    expect(.outOfRange(field: "name")) { $0.groups[0].spec.name = String(repeating: "é", count: 65) }
    expect(nil) {
      $0.groups[0].spec.requirements.attributes = [
        Attribute(key: String(repeating: "k", count: 256), value: String(repeating: "v", count: 256))
      ]
    }
    expect(.outOfRange(field: "requirements.attributes")) {
      $0.groups[0].spec.requirements.attributes = [
        Attribute(key: String(repeating: "k", count: 257), value: "")
      ]
    }
    expect(.outOfRange(field: "requirements.attributes")) {
      $0.groups[0].spec.requirements.attributes = [
        Attribute(key: "", value: String(repeating: "v", count: 257))
      ]
    }
    expect(.outOfRange(field: "storage.name")) {
      $0.groups[0].spec.units[0].resources.volumes[0].name = String(repeating: "n", count: 129)
    }
  }

  @Test func `numbers that count from 1 may not be 0`() {
    expect(.outOfRange(field: "id")) { $0.deployment.sequence = 0 }
    expect(.outOfRange(field: "groups.gseq")) { $0.groups[0].sequence = 0 }
  }

  @Test func `an order above 64 KiB is refused whatever is in it`() {
    let attributes = Array(
      repeating: Attribute(
        key: String(repeating: "k", count: 250),
        value: String(repeating: "v", count: 250)
      ),
      count: 64
    )
    expect(.outOfRange(field: "supercloud.market.v1.Order")) {
      $0.groups = Array(repeating: $0.groups[0], count: 3)
      for index in 0..<3 { $0.groups[index].spec.requirements.attributes = attributes }
    }
  }

  @Test(
    arguments: [
      ("0", true), ("7", true), ("18446744073709551615", true), ("18446744073709551616", false), ("", false),
      ("007", false), ("+7", false), ("-7", false), ("7.0", false), (" 7", false), ("7 ", false),
      ("٧", false),
      ("1e3", false), (String(repeating: "9", count: 39), false),
      (String(repeating: "9", count: 4_000), false),
    ]
  )
  func `a number has one text: digits without sign, point or leading zero, within its range`(
    text: String,
    isLegal: Bool
  ) throws {
    var coin = Cosmos_Base_V1beta1_Coin()
    coin.denom = "uakt"
    coin.amount = text
    var wire = try Supercloud_Market_V1_Order(decoding: Self.order().encoded, limit: WireLimits.objectBytes)
    wire.deposit = coin
    let order = try? Order(decoding: wire.encoded)
    #expect((order != nil) == isLegal, "\(text)")
    if let order { #expect(String(order.deposit.amount.units) == text) }
  }

  @Test func `a price is an integer of 10⁻¹⁸ in 128 bits`() throws {
    let largest = String(UInt128.max)
    for (text, isLegal) in [
      ("1", true), (largest, true), (largest + "0", false), ("1.5", false), ("", false),
    ] {
      var wire = try Akash_GroupSpec(
        decoding: Self.order().groups[0].spec.encoded,
        limit: WireLimits.objectBytes
      )
      wire.resources[0].price.amount = text
      let spec = try? GroupSpec(decoding: wire.encoded)
      #expect((spec != nil) == isLegal, "\(text)")
      if let spec { #expect(String(spec.units[0].price.amount.raw) == text) }
    }
  }

  @Test func `what is missing is refused: deposit, owner, resources`() throws {
    let good = try Supercloud_Market_V1_Order(decoding: Self.order().encoded, limit: WireLimits.objectBytes)
    var wire = good
    wire.clearDeposit()
    #expect(throws: DecodingError.invalid(field: "deposit")) { try Order(decoding: wire.encoded) }
    wire = good
    wire.clearID()
    #expect(throws: DecodingError.invalid(field: "id")) { try Order(decoding: wire.encoded) }
    wire = good
    wire.groups[0].spec.resources[0].resource.clearGpu()
    #expect(throws: DecodingError.invalid(field: "gpu.units")) { try Order(decoding: wire.encoded) }
    wire = good
    wire.groups[0].spec.resources[0].resource.endpoints = [.init()]
    wire.groups[0].spec.resources[0].resource.endpoints[0].kind = 3
    #expect(throws: DecodingError.invalid(field: "endpoints.kind")) { try Order(decoding: wire.encoded) }
    wire = good
    wire.manifestHash.removeLast()
    #expect(throws: DecodingError.invalid(field: "manifest_hash")) { try Order(decoding: wire.encoded) }
  }

  @Test func `a node record has at most three addresses and a known role`() throws {
    var record = NodeRecord(
      sequence: 1,
      addresses: ["a:1/2", "b:1/2", "c:1/2"],
      role: .seed,
      protocolVersion: 1,
      expiresAt: .zero
    )
    #expect(throws: Never.self) { try NodeRecord(decoding: record.encoded) }
    var wire = try Supercloud_Market_V1_NodeRecord(decoding: record.encoded, limit: WireLimits.objectBytes)
    wire.role = 5
    #expect(throws: DecodingError.invalid(field: "role")) { try NodeRecord(decoding: wire.encoded) }
    record.addresses.append("d:1/2")
    #expect(throws: DecodingError.outOfRange(field: "addresses")) { try NodeRecord(decoding: record.encoded) }
  }

  @Test func `a signed object of an unknown kind is refused`() throws {
    var samples = Samples(seed: 1)
    let object = samples.signed(.bid)
    for kind in [0, 6, 257] {
      var wire = try Supercloud_Market_V1_SignedObject(
        decoding: object.encoded,
        limit: WireLimits.objectBytes
      )
      wire.kind = .init(rawValue: kind) ?? .UNRECOGNIZED(kind)
      #expect(throws: DecodingError.invalid(field: "kind")) {
        try SignedObject(decoding: wire.encoded, chain: Samples.chain)
      }
    }
  }
}
