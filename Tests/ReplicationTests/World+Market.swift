import Chain
import Cryptography
import Primitives

/// A market of one tenant and one provider.
extension World {
  static let provider = World.key(101)

  /// Gives the provider money, and then puts it on the chain; each needs a block of its own.
  func registration() -> [Transaction] {
    let send = Send(
      from: tenant.address,
      to: Self.provider.address,
      amount: [Coin(100_000_000, .uakt)]
    )
    let record = ProviderRecord(
      owner: Self.provider.address,
      hostURI: "https://provider.example:8443",
      attributes: []
    )
    return [
      transaction(.send(send), by: tenant, 0),
      transaction(.registerProvider(record), by: Self.provider, 0),
    ]
  }

  func transaction(_ action: Action, by key: SigningKey, _ sequence: UInt64) -> Transaction {
    TransactionDraft(actions: [action], sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
      .signed(by: key, chain: genesis.chain)
  }

  private static var resources: Resources {
    Resources(
      id: 1,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)]
    )
  }

  func order(at time: Timestamp) -> SignedObject {
    let unit = ResourceUnit(
      resources: Self.resources,
      count: 1,
      price: DecimalCoin(Decimal18("10")!, .uakt)
    )
    let spec = GroupSpec(name: "group", requirements: PlacementRequirements(), units: [unit])
    let order = Order(
      deployment: DeploymentID(owner: tenant.address, sequence: 1),
      groups: [Order.Group(sequence: 1, spec: spec)],
      manifestHash: Digest.sha256("manifest".utf8),
      deposit: Coin(5_000_000, .uakt),
      expiresAt: time.advanced(byMilliseconds: 600_000)
    )
    return SignedObject(kind: .order, body: order.encoded, signer: tenant, chain: genesis.chain)
  }

  func bid(on order: SignedObject, at time: Timestamp) -> SignedObject {
    let group = Bid.Group(
      sequence: 1,
      price: DecimalCoin(Decimal18("5")!, .uakt),
      offer: [ResourceOffer(resources: Self.resources, count: 1)]
    )
    let bid = Bid(
      order: order.identifier,
      provider: Self.provider.address,
      groups: [group],
      expiresAt: time.advanced(byMilliseconds: 600_000)
    )
    return SignedObject(kind: .bid, body: bid.encoded, signer: Self.provider, chain: genesis.chain)
  }

  func agreement(_ order: SignedObject, _ bid: SignedObject, _ sequence: UInt64 = 1) -> Transaction {
    let agreement = AgreeLease(
      owner: tenant.address,
      order: order,
      bids: [bid],
      choices: [.init(group: 1, bid: 0)]
    )
    return transaction(.agreeLease(agreement), by: tenant, sequence)
  }

  /// The same object with one bit of its signature changed: its identifier stays.
  func forged(_ object: SignedObject) throws -> SignedObject {
    var bytes = object.encoded
    let signature = object.signature.bytes
    let place = bytes.indices.first { Array(bytes[$0...].prefix(signature.count)) == signature }
    bytes[place!] ^= 1
    return try SignedObject(decoding: bytes, chain: genesis.chain)
  }
}
