import Cryptography
import Gossip
import Primitives
import Replication
import Wire

@testable import Chain

/// What frames and requests hold: signed objects, transactions and blocks with everything in them.
extension DecoderFuzzTests {
  /// Bodies are signed as they are: several encodings of one meaning are as many objects of their author.
  static var objectTargets: [Target] {
    [
      Target(name: "signed object", corpus: [object(1).encoded, record.encoded]) {
        try SignedObject(decoding: $0, chain: chain).encoded
      },
      stable("order", order.encoded) { try Order(decoding: $0).encoded },
      stable("bid", bid.encoded) { try Bid(decoding: $0).encoded },
      stable("offer", offer.encoded) { try Offer(decoding: $0).encoded },
      stable("withdrawal", Withdrawal(object: .sha256([1]), expiresAt: time).encoded) {
        try Withdrawal(decoding: $0).encoded
      },
      stable("node record", record.body) { try NodeRecord(decoding: $0).encoded },
      Target(name: "voucher", corpus: [voucher.encoded]) { try NodeVoucher(decoding: $0).encoded },
      Target(name: "transaction", corpus: [transaction.encoded]) {
        try Transaction(decoding: $0, chain: chain).encoded
      },
      Target(name: "transaction's body and authorization", corpus: halves, decode: decodeHalves),
      Target(name: "action", corpus: actionSamples, decode: decodeAction),
      Target(name: "block", corpus: [block.encoded]) { try Block(decoding: $0).encoded },
      Target(name: "header", corpus: [block.header.encoded]) { try Header(decoding: $0).encoded },
      Target(name: "vote", corpus: [vote(.prevote).encoded, vote(.precommit).encoded]) {
        try Vote(decoding: $0).encoded
      },
      Target(name: "proposal", corpus: [proposal.encoded]) { try Proposal(decoding: $0).encoded },
      Target(name: "certificate", corpus: [certificate.encoded]) { try Certificate(decoding: $0).encoded },
      Target(name: "round certificate", corpus: [roundCertificate.encoded]) {
        try RoundCertificate(decoding: $0).encoded
      },
      Target(name: "kept books", corpus: [PersistedGossip(objects: [object(1)]).encoded]) {
        try PersistedGossip(decoding: $0, chain: chain).encoded
      },
    ]
  }

  /// A decoder of something that has more than one encoding: its own must give the same again.
  private static func stable(
    _ name: String,
    _ sample: [UInt8],
    _ encode: @escaping @Sendable ([UInt8]) throws -> [UInt8]
  ) -> Target {
    Target(name: name, corpus: [sample]) { bytes in
      let encoded = try encode(bytes)
      guard (try? encode(encoded)) == encoded else { throw FuzzFailure() }
      return nil
    }
  }

  static var resources: Resources {
    Resources(
      id: 1,
      cpuMillis: 1_000,
      memoryBytes: 1 << 30,
      volumes: [Volume(name: "default", bytes: 1 << 30)],
      gpus: 1,
      gpuAttributes: [Attribute(key: "vendor/nvidia/model/h100", value: "true")],
      endpoints: [ServiceEndpoint(kind: .sharedHTTP)]
    )
  }

  static var order: Order {
    let price = DecimalCoin(Decimal18(100), .uakt)
    let unit = ResourceUnit(resources: resources, count: 1, price: price)
    return Order(
      deployment: DeploymentID(owner: key.address, sequence: 1),
      groups: [.init(sequence: 1, spec: GroupSpec(name: "g", requirements: .init(), units: [unit]))],
      manifestHash: .sha256([1]),
      deposit: Coin(5_000_000, .uakt),
      expiresAt: time
    )
  }

  static var bid: Bid {
    let offer = [ResourceOffer(resources: resources, count: 1)]
    let price = DecimalCoin(Decimal18(90), .uakt)
    return Bid(
      order: .sha256([1]),
      provider: key.address,
      groups: [.init(sequence: 1, price: price, offer: offer)],
      expiresAt: time,
      reclamationWindow: 600
    )
  }

  private static var offer: Offer {
    let gpu = Offer.GPU(
      vendor: "nvidia",
      model: "h100",
      memory: "80Gi",
      interface: "sxm",
      free: 3,
      total: 8,
      prices: [DecimalCoin(Decimal18(90), .uakt)],
      isDeclared: true
    )
    let capacity = Offer.Capacity(free: 1, total: 2)
    return Offer(
      provider: key.address,
      sequence: 3,
      expiresAt: time,
      cpuMillis: capacity,
      memoryBytes: capacity,
      storageBytes: capacity,
      gpus: [gpu],
      endpoint: "203.0.113.7:26656"
    )
  }

  static var transaction: Transaction {
    let send = Chain.Send(from: key.address, to: key.address, amount: [Coin(1, .uakt)])
    return TransactionDraft(actions: [.send(send)], sequence: 0, fee: Fee(amount: Coin(5_000, .uakt)))
      .signed(by: key, chain: chain)
  }

  // MARK: Below the envelope's lengths, which damage seldom leaves whole

  /// The length of a transaction's body in two bytes, the body, the rest.
  private static var halves: [[UInt8]] {
    actions.compactMap { action in
      let signed = TransactionDraft(actions: [action], memo: "m", sequence: 7, fee: Fee(amount: nil))
        .signed(by: key, chain: chain)
      guard let envelope = try? Envelope(signed.encoded) else { return nil }
      let count = envelope.body.count
      return [UInt8(count >> 8), UInt8(count & 0xFF)] + envelope.body + envelope.authorization
    }
  }

  @Sendable private static func decodeHalves(_ bytes: [UInt8]) throws -> [UInt8]? {
    guard bytes.count > 2 else { throw DecodingError.truncated }
    let rest = bytes[2...]
    let count = min(rest.count, Int(bytes[0]) << 8 | Int(bytes[1]))
    let raw = Cosmos_Tx_V1beta1_TxRaw.filled {
      $0.bodyBytes = .init(wire: Array(rest.prefix(count)))
      $0.authInfoBytes = .init(wire: Array(rest.dropFirst(count)))
      $0.signatures = [.init(wire: key.sign([1]).bytes)]
    }.encoded
    guard try Transaction(decoding: raw, chain: chain).encoded == raw else { throw FuzzFailure() }
    return nil
  }

  /// The place of a message type in the list of all, and a message.
  private static var actionSamples: [[UInt8]] {
    actions.map { action in
      let message = action.message
      let place = MessageType.allCases.firstIndex { $0.rawValue == message.type } ?? 0
      return [UInt8(place)] + message.value
    }
  }

  @Sendable private static func decodeAction(_ bytes: [UInt8]) throws -> [UInt8]? {
    guard let first = bytes.first else { throw DecodingError.truncated }
    let type = MessageType.allCases[Int(first) % MessageType.allCases.count]
    let action = try Action(TypedMessage(type: type.rawValue, value: Array(bytes.dropFirst())), chain: chain)
    guard try Action(action.message, chain: chain) == action else { throw FuzzFailure() }
    return nil
  }
}
