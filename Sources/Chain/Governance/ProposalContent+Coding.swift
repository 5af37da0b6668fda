import Cryptography
public import Primitives
import Wire

/// The type URLs of a proposal's messages.
private enum ContentType: String {
  case text = "/supercloud.gov.v1.MsgText"
  case parameters = "/supercloud.gov.v1.MsgUpdateParameters"
  case addCurrency = "/supercloud.gov.v1.MsgAddDenomination"
  case retireCurrency = "/supercloud.gov.v1.MsgRetireDenomination"
  case communitySpend = "/supercloud.gov.v1.MsgCommunityPoolSpend"
  case softwareUpgrade = "/supercloud.gov.v1.MsgSoftwareUpgrade"
}

extension ProposalContent {
  /// The governance account, which the messages of a proposal must name as their authority.
  static let authority = Address.module("gov")

  private static let authorityText = authority.text()

  /// Decodes a proposal's content from its stored form, the bytes of `encoded`.
  ///
  /// - Throws: `outOfRange` or `invalid` with the field that is not legal.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    self = try ProposalContent(TypedMessage(decoding: bytes, limit: WireLimits.transactionBytes))
  }

  /// The content as an `Any` with its type URL.
  public var encoded: [UInt8] { typed.encoded }

  init(_ message: TypedMessage) throws(DecodingError) {
    guard let type = ContentType(rawValue: message.type) else { throw .invalid(field: "messages") }
    switch type {
    case .text: self = try Self.text(decoding: message.value)
    case .parameters: self = try Self.parameters(decoding: message.value)
    case .addCurrency: self = try Self.addCurrency(decoding: message.value)
    case .retireCurrency: self = try Self.retireCurrency(decoding: message.value)
    case .communitySpend: self = try Self.communitySpend(decoding: message.value)
    case .softwareUpgrade: self = try Self.softwareUpgrade(decoding: message.value)
    }
  }

  var typed: TypedMessage {
    let (type, value): (ContentType, [UInt8]) =
      switch self {
      case .text(let text): (.text, Self.encode(text: text))
      case .parameters(let changes): (.parameters, Self.encode(changes))
      case .addCurrency(let currency): (.addCurrency, Self.encode(currency))
      case .retireCurrency(let denomination): (.retireCurrency, Self.encode(retired: denomination))
      case .communitySpend(let recipient, let amount): (.communitySpend, Self.encode(recipient, amount))
      case .softwareUpgrade(let upgrade): (.softwareUpgrade, Self.encode(upgrade))
      }
    return TypedMessage(type: type.rawValue, value: value)
  }

  private static func authorize(_ authority: String) throws(DecodingError) {
    guard authority == authorityText else { throw .invalid(field: "messages.authority") }
  }
}

extension ProposalContent {
  private static func text(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgText(complete: bytes)
    try authorize(wire.authority)
    return .text(try Field.text(wire.text, "messages.text", limit: ChainLimits.summaryBytes))
  }

  private static func encode(text: String) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgText()
    wire.authority = authorityText
    wire.text = text
    return wire.encoded
  }

  private static func parameters(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgUpdateParameters(complete: bytes)
    try authorize(wire.authority)
    let limit = ChainLimits.parameterChanges
    let changes = try Field.list(wire.parameters, "messages.parameters", limit: limit, least: 1) {
      element throws(DecodingError) in
      ParameterChange(
        key: try Field.text(element.key, "messages.parameters.key", limit: ChainLimits.nameBytes),
        value: try Field.text(element.value, "messages.parameters.value", limit: ChainLimits.nameBytes)
      )
    }
    return .parameters(changes)
  }

  private static func encode(_ changes: [ParameterChange]) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgUpdateParameters()
    wire.authority = authorityText
    wire.parameters = changes.map { change in
      var parameter = Supercloud_Gov_V1_Parameter()
      parameter.key = change.key
      parameter.value = change.value
      return parameter
    }
    return wire.encoded
  }

  private static func communitySpend(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgCommunityPoolSpend(complete: bytes)
    try authorize(wire.authority)
    return .communitySpend(
      recipient: try Field.address(wire.recipient, "messages.recipient"),
      amount: try Field.coins(wire.amount, "messages.amount", least: 1)
    )
  }

  private static func encode(_ recipient: Address, _ amount: [Coin]) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgCommunityPoolSpend()
    wire.authority = authorityText
    wire.recipient = recipient.text()
    wire.amount = amount.map(\.wire)
    return wire.encoded
  }

  private static func softwareUpgrade(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgSoftwareUpgrade(complete: bytes)
    try authorize(wire.authority)
    return .softwareUpgrade(
      SoftwareUpgrade(
        name: try Field.text(wire.name, "messages.name", limit: ChainLimits.nameBytes),
        height: try Field.height(wire.height, "messages.height"),
        protocolVersion: wire.protocolVersion,
        info: try Field.text(wire.info, "messages.info", limit: ChainLimits.summaryBytes)
      )
    )
  }

  private static func encode(_ upgrade: SoftwareUpgrade) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgSoftwareUpgrade()
    wire.authority = authorityText
    wire.name = upgrade.name
    wire.height = upgrade.height
    wire.protocolVersion = upgrade.protocolVersion
    wire.info = upgrade.info
    return wire.encoded
  }
}

extension ProposalContent {
  private static func addCurrency(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgAddDenomination(complete: bytes)
    try authorize(wire.authority)
    guard wire.exponent <= ChainLimits.exponent else { throw .outOfRange(field: "messages.exponent") }
    guard wire.takeBasisPoints <= ChainLimits.basisPoints else {
      throw .outOfRange(field: "messages.take_basis_points")
    }
    let aliases = try Field.list(wire.aliases, "messages.aliases", limit: ChainLimits.currencyAliases) {
      element throws(DecodingError) in
      try Field.denomination(element, "messages.aliases")
    }
    return .addCurrency(
      Currency(
        denomination: try Field.denomination(wire.denom, "messages.denom"),
        symbol: try Field.text(wire.symbol, "messages.symbol", limit: ChainLimits.symbolBytes),
        exponent: UInt8(wire.exponent),
        aliases: aliases,
        issuer: try Field.optionalAddress(wire.issuer, "messages.issuer"),
        mintCap: try Field.amount(wire.mintCap, "messages.mint_cap"),
        minimumDeposit: try Field.amount(wire.minimumDeposit, "messages.minimum_deposit"),
        leaseDeposit: try Field.amount(wire.leaseDeposit, "messages.lease_deposit"),
        minimumFee: try Field.amount(wire.minimumFee, "messages.minimum_fee"),
        takeBasisPoints: wire.hasTakeBasisPoints ? wire.takeBasisPoints : nil
      )
    )
  }

  /// Encodes a currency. `isRetired` is not encoded: a currency that a proposal adds is never retired.
  private static func encode(_ currency: Currency) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgAddDenomination()
    wire.authority = authorityText
    wire.denom = currency.denomination.name
    wire.symbol = currency.symbol
    wire.exponent = UInt32(currency.exponent)
    wire.aliases = currency.aliases.map(\.name)
    wire.issuer = currency.issuer?.text() ?? ""
    wire.mintCap = String(currency.mintCap.units)
    wire.minimumDeposit = String(currency.minimumDeposit.units)
    wire.leaseDeposit = String(currency.leaseDeposit.units)
    wire.minimumFee = String(currency.minimumFee.units)
    if let take = currency.takeBasisPoints { wire.takeBasisPoints = take }
    return wire.encoded
  }

  private static func retireCurrency(decoding bytes: [UInt8]) throws(DecodingError) -> ProposalContent {
    let wire = try Supercloud_Gov_V1_MsgRetireDenomination(complete: bytes)
    try authorize(wire.authority)
    return .retireCurrency(try Field.denomination(wire.denom, "messages.denom"))
  }

  private static func encode(retired denomination: Denomination) -> [UInt8] {
    var wire = Supercloud_Gov_V1_MsgRetireDenomination()
    wire.authority = authorityText
    wire.denom = denomination.name
    return wire.encoded
  }
}
