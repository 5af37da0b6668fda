import Chain
import Cryptography
import Gossip
import Primitives

let chain = ChainID("gossip-test")!

/// A signing key that is the same in every run.
func key(_ number: UInt64) -> SigningKey {
  var generator = SeededGenerator(seed: number)
  return SigningKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) })!
}

/// A peer's name; nobody signs with it.
func peer(_ number: UInt64) -> PeerID {
  var writer = ByteWriter()
  writer.write(UInt64(0x5045_4552))
  writer.write(number)
  return PublicKey(Digest.blake2b(writer.bytes).bytes)!
}

extension Instant {
  static func at(milliseconds: UInt64) -> Instant { .zero + .milliseconds(milliseconds) }
}

extension Timestamp {
  /// The time at which tests begin.
  static let start = Timestamp(milliseconds: 1_000_000)

  static func + (time: Timestamp, milliseconds: UInt64) -> Timestamp {
    time.advanced(byMilliseconds: milliseconds)
  }
}

func group(_ sequence: UInt32 = 1, price: String = "100") -> Order.Group {
  let resources = Resources(
    id: 1,
    cpuMillis: 1_000,
    memoryBytes: 1 << 30,
    volumes: [Volume(name: "default", bytes: 1 << 30)]
  )
  let unit = ResourceUnit(
    resources: resources,
    count: 1,
    price: DecimalCoin(Decimal18(price)!, .uakt)
  )
  return Order.Group(
    sequence: sequence,
    spec: GroupSpec(name: "g\(sequence)", requirements: .init(), units: [unit])
  )
}

func order(
  by owner: SigningKey,
  sequence: UInt64 = 1,
  expiresAt: Timestamp = .start + 600_000,
  groups: UInt32 = 1
) -> Order {
  Order(
    deployment: DeploymentID(owner: owner.address, sequence: sequence),
    groups: (1...groups).map { group($0) },
    manifestHash: .sha256([1]),
    deposit: Coin(5_000_000, .uakt),
    expiresAt: expiresAt
  )
}

func bid(
  by provider: SigningKey,
  on order: Digest,
  price: String,
  expiresAt: Timestamp = .start + 300_000,
  groups: UInt32 = 1
) -> Bid {
  Bid(
    order: order,
    provider: provider.address,
    groups: (1...groups).map {
      .init(sequence: $0, price: DecimalCoin(Decimal18(price)!, .uakt), offer: [])
    },
    expiresAt: expiresAt
  )
}

func offer(
  by provider: SigningKey,
  sequence: UInt64 = 1,
  model: String = "h100",
  free: UInt32 = 4,
  total: UInt32 = 8,
  price: String = "10",
  expiresAt: Timestamp = .start + 60_000,
  declared: Bool = false
) -> Offer {
  let gpu = Offer.GPU(
    vendor: "nvidia",
    model: model,
    memory: "80Gi",
    interface: "sxm",
    free: free,
    total: total,
    prices: [DecimalCoin(Decimal18(price)!, .uakt)],
    isDeclared: declared
  )
  return Offer(
    provider: provider.address,
    sequence: sequence,
    expiresAt: expiresAt,
    cpuMillis: .init(free: 1, total: 2),
    memoryBytes: .init(free: 1, total: 2),
    storageBytes: .init(free: 1, total: 2),
    gpus: [gpu],
    endpoint: "127.0.0.1:9000"
  )
}

/// A record with its decoded body, as a check passes it on.
func opened(_ object: SignedObject) -> PeerManager.Record {
  guard case .nodeRecord(let content) = ObjectContent(object) else {
    preconditionFailure("the object is a node record")
  }
  return PeerManager.Record(object: object, content: content)
}

func record(
  by node: SigningKey,
  sequence: UInt64 = 1,
  addresses: [String],
  role: NodeRecord.Role = .full,
  expiresAt: Timestamp = .start + 3_600_000
) -> SignedObject {
  let record = NodeRecord(
    sequence: sequence,
    addresses: addresses,
    role: role,
    protocolVersion: 1,
    expiresAt: expiresAt
  )
  return SignedObject(kind: .nodeRecord, body: record.encoded, signer: node, chain: chain)
}

extension SigningKey {
  func signed(_ order: Order) -> SignedObject {
    .init(kind: .order, body: order.encoded, signer: self, chain: chain)
  }
  func signed(_ bid: Bid) -> SignedObject {
    .init(kind: .bid, body: bid.encoded, signer: self, chain: chain)
  }
  func signed(_ offer: Offer) -> SignedObject {
    .init(kind: .offer, body: offer.encoded, signer: self, chain: chain)
  }
  func signed(_ withdrawal: Withdrawal) -> SignedObject {
    .init(kind: .withdrawal, body: withdrawal.encoded, signer: self, chain: chain)
  }

  /// A small object of its own kind for tests that do not look into it.
  func token(_ number: UInt64, expiresAt: Timestamp = .start + 600_000) -> SignedObject {
    var writer = ByteWriter()
    writer.write(number)
    return signed(Withdrawal(object: .sha256(writer.bytes), expiresAt: expiresAt))
  }

  func order(_ sequence: UInt64 = 1, expiresAt: Timestamp = .start + 600_000, groups: UInt32 = 1)
    -> SignedObject
  {
    signed(GossipTests.order(by: self, sequence: sequence, expiresAt: expiresAt, groups: groups))
  }

  func bid(
    on order: Digest,
    _ price: String,
    expiresAt: Timestamp = .start + 300_000,
    groups: UInt32 = 1
  ) -> SignedObject {
    signed(GossipTests.bid(by: self, on: order, price: price, expiresAt: expiresAt, groups: groups))
  }
}

/// The same content under a signature that does not hold.
func forged(_ object: SignedObject) -> SignedObject {
  var bytes = object.encoded
  bytes[bytes.count - 1] ^= 1
  return try! SignedObject(decoding: bytes, chain: chain)
}
