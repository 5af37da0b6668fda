import Cryptography
import Primitives
import Wire

extension AgreeLease {
  init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    let wire = try Supercloud_Market_V1_MsgAgreeLease(complete: bytes)
    let bids = try Field.list(wire.bids, "bids", limit: ChainLimits.bids, least: 1) {
      element throws(DecodingError) in
      try Self.object(element.array, .bid, "bids", chain)
    }
    let choices = try Field.list(wire.choices, "choices", limit: ChainLimits.groups, least: 1) {
      choice throws(DecodingError) in
      guard choice.bid < bids.count else { throw .outOfRange(field: "choices.bid") }
      return Choice(group: try Field.ordinal(choice.gseq, "choices.gseq"), bid: choice.bid)
    }
    self.init(
      owner: try Field.address(wire.owner, "owner"),
      order: try Self.object(wire.order.array, .order, "order", chain),
      bids: bids,
      choices: choices
    )
  }

  private static func object(
    _ bytes: [UInt8],
    _ kind: SignedObject.Kind,
    _ field: String,
    _ chain: ChainID
  ) throws(DecodingError) -> SignedObject {
    let object: SignedObject
    do throws(DecodingError) {
      object = try SignedObject(decoding: bytes, chain: chain)
    } catch {
      throw .invalid(field: field)
    }
    guard object.kind == kind else { throw .invalid(field: field) }
    return object
  }

  var encoded: [UInt8] {
    var wire = Supercloud_Market_V1_MsgAgreeLease()
    wire.owner = owner.text()
    wire.order = .init(wire: order.encoded)
    wire.bids = bids.map { .init(wire: $0.encoded) }
    wire.choices = choices.map(\.wire)
    return wire.encoded
  }
}

extension AgreeLease.Choice {
  fileprivate var wire: Supercloud_Market_V1_ChosenBid {
    var wire = Supercloud_Market_V1_ChosenBid()
    wire.gseq = group
    wire.bid = bid
    return wire
  }
}

extension LeaseCloseReason {
  /// The reasons that a provider may give. The others are set by the ledger or for the tenant.
  public static let byProvider: [LeaseCloseReason] = [
    .unstable, .decommission, .unspecified, .manifestTimeout,
  ]

  /// Decodes a provider's reason. 0, which older clients send, is `unspecified`.
  fileprivate init(byProvider wire: UInt32) throws(DecodingError) {
    guard wire != 0 else {
      self = .unspecified
      return
    }
    guard let reason = LeaseCloseReason(rawValue: wire), Self.byProvider.contains(reason) else {
      throw .invalid(field: "reason")
    }
    self = reason
  }
}

extension Action {
  static func updateDeployment(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgUpdateDeployment(complete: bytes)
    return .updateDeployment(
      try DeploymentID(wire.id, "id"),
      manifestHash: try Field.digest(wire.hash.array, "hash")
    )
  }

  static func depositDeployment(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgDepositDeployment(complete: bytes)
    return .depositDeployment(
      try DeploymentID(wire.id, "id"),
      amount: try Field.coin(wire.amount, "amount"),
      depositor: try Field.address(wire.depositor, "depositor")
    )
  }

  static func closeDeployment(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgCloseDeployment(complete: bytes)
    return .closeDeployment(try DeploymentID(wire.id, "id"))
  }

  static func closeLease(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgCloseLease(complete: bytes)
    guard wire.reason == 0 || wire.reason == LeaseCloseReason.owner.rawValue else {
      throw .invalid(field: "reason")
    }
    return .closeLease(try LeaseID(wire.id, "id"))
  }

  static func resignLease(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgCloseBid(complete: bytes)
    return .resignLease(try LeaseID(wire.id, "id"), reason: try LeaseCloseReason(byProvider: wire.reason))
  }

  static func startReclamation(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgLeaseStartReclaim(complete: bytes)
    return .startReclamation(
      try LeaseID(wire.id, "id"),
      reason: try LeaseCloseReason(byProvider: wire.reason)
    )
  }

  static func withdrawLease(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Akash_MsgWithdrawLease(complete: bytes)
    return .withdrawLease(try LeaseID(wire.id, "id"))
  }
}

extension Akash_MsgUpdateDeployment {
  init(_ id: DeploymentID, _ manifestHash: Digest) {
    self.init()
    self.id = id.wire
    hash = .init(wire: manifestHash.bytes)
  }
}

extension Akash_MsgDepositDeployment {
  init(_ id: DeploymentID, _ amount: Coin, _ depositor: Address) {
    self.init()
    self.id = id.wire
    self.amount = amount.wire
    self.depositor = depositor.text()
  }
}

extension Akash_MsgCloseLease {
  init(_ id: LeaseID) {
    self.init()
    self.id = id.wire
    reason = LeaseCloseReason.owner.rawValue
  }
}

extension Akash_MsgCloseBid {
  init(_ id: LeaseID, _ reason: LeaseCloseReason) {
    self.init()
    self.id = id.wire
    self.reason = reason.rawValue
  }
}

extension Akash_MsgLeaseStartReclaim {
  init(_ id: LeaseID, _ reason: LeaseCloseReason) {
    self.init()
    self.id = id.wire
    self.reason = reason.rawValue
  }
}
