import Cryptography
import Primitives
import Wire

extension Send {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Cosmos_Bank_V1beta1_MsgSend(complete: bytes)
    self.init(
      from: try Field.address(wire.fromAddress, "from_address"),
      to: try Field.address(wire.toAddress, "to_address"),
      amount: try Field.coins(wire.amount, "amount", least: 1)
    )
  }

  var encoded: [UInt8] {
    var wire = Cosmos_Bank_V1beta1_MsgSend()
    wire.fromAddress = from.text()
    wire.toAddress = to.text()
    wire.amount = amount.map(\.wire)
    return wire.encoded
  }
}

extension Mint {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Gov_V1_MsgMint(complete: bytes)
    self.init(
      issuer: try Field.address(wire.issuer, "issuer"),
      recipient: try Field.address(wire.recipient, "recipient"),
      amount: try Field.coin(wire.amount, "amount")
    )
  }

  var encoded: [UInt8] {
    var wire = Supercloud_Gov_V1_MsgMint()
    wire.issuer = issuer.text()
    wire.recipient = recipient.text()
    wire.amount = amount.wire
    return wire.encoded
  }
}

extension Burn {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Gov_V1_MsgBurn(complete: bytes)
    self.init(issuer: try Field.address(wire.issuer, "issuer"), amount: try Field.coin(wire.amount, "amount"))
  }

  var encoded: [UInt8] {
    var wire = Supercloud_Gov_V1_MsgBurn()
    wire.issuer = issuer.text()
    wire.amount = amount.wire
    return wire.encoded
  }
}

extension Grant {
  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Gov_V1_MsgGrant(complete: bytes)
    self.init(
      granter: try Field.address(wire.granter, "granter"),
      grantee: try Field.address(wire.grantee, "grantee"),
      kind: try Field.kind(wire.kind.rawValue, "kind"),
      limit: try Field.coin(wire.limit, "limit"),
      expiresAt: Timestamp(milliseconds: wire.expiresAt)
    )
  }

  var encoded: [UInt8] {
    var wire = Supercloud_Gov_V1_MsgGrant()
    wire.granter = granter.text()
    wire.grantee = grantee.text()
    wire.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    wire.limit = limit.wire
    wire.expiresAt = expiresAt.milliseconds
    return wire.encoded
  }
}

extension Action {
  static func revokeGrant(decoding bytes: [UInt8]) throws(DecodingError) -> Action {
    let wire = try Supercloud_Gov_V1_MsgRevokeGrant(complete: bytes)
    return .revokeGrant(
      granter: try Field.address(wire.granter, "granter"),
      grantee: try Field.address(wire.grantee, "grantee"),
      kind: try Field.kind(wire.kind.rawValue, "kind"),
      denomination: try Field.denomination(wire.denom, "denom")
    )
  }
}

extension Supercloud_Gov_V1_MsgRevokeGrant {
  init(_ granter: Address, _ grantee: Address, _ kind: Grant.Kind, _ denomination: Denomination) {
    self.init()
    self.granter = granter.text()
    self.grantee = grantee.text()
    self.kind = .init(rawValue: Int(kind.rawValue)) ?? .unspecified
    denom = denomination.name
  }
}
