import Chain
import Cryptography
import Primitives

// The encoding of the ledger's values in keys and entries. Texts are not checked for length when written:
// decoders have bounded them before.

extension ByteWriter {
  mutating func write(_ amount: Amount) { write(amount.units) }

  mutating func write(_ decimal: Decimal18) { write(decimal.raw) }

  mutating func write(_ denomination: Denomination) {
    let name = denomination.name.utf8
    write(UInt8(truncatingIfNeeded: name.count))
    writeRaw(name)
  }

  mutating func write(_ coin: Coin) {
    write(coin.amount)
    write(coin.denomination)
  }

  mutating func write(_ coin: Coin?) {
    write(coin != nil)
    if let coin { write(coin) }
  }

  mutating func write(_ price: DecimalCoin) {
    write(price.amount)
    write(price.denomination)
  }

  mutating func write(_ id: DeploymentID) {
    write(id.owner)
    write(id.sequence)
  }

  mutating func write(_ id: LeaseID) {
    write(id.deployment)
    write(id.group)
    write(id.order)
    write(id.provider)
  }

  mutating func write(_ attributes: [Attribute]) {
    write(UInt16(truncatingIfNeeded: attributes.count))
    for attribute in attributes {
      write(attribute.key)
      write(attribute.value)
    }
  }

  mutating func write(_ moment: Moment) {
    write(moment.height)
    write(moment.time.milliseconds)
    write(moment.tick)
  }
}

extension ByteReader {
  mutating func readAmount() throws(DecodingError) -> Amount { Amount(try read()) }

  mutating func readDecimal() throws(DecodingError) -> Decimal18 { Decimal18(raw: try read()) }

  mutating func readDenomination() throws(DecodingError) -> Denomination {
    let count = Int(try read(UInt8.self))
    guard let name = String(validating: try readRaw(count: count), as: UTF8.self),
      let denomination = Denomination(name)
    else { throw .invalid(field: "denomination") }
    return denomination
  }

  mutating func readCoin() throws(DecodingError) -> Coin {
    let amount = try readAmount()
    return Coin(amount, try readDenomination())
  }

  mutating func readOptionalCoin() throws(DecodingError) -> Coin? { try readFlag() ? try readCoin() : nil }

  mutating func readPrice() throws(DecodingError) -> DecimalCoin {
    let amount = try readDecimal()
    return DecimalCoin(amount, try readDenomination())
  }

  mutating func readDeployment() throws(DecodingError) -> DeploymentID {
    let owner = try readAddress()
    return DeploymentID(owner: owner, sequence: try read())
  }

  mutating func readLease() throws(DecodingError) -> LeaseID {
    let deployment = try readDeployment()
    let group = try read(UInt32.self)
    let order = try read(UInt32.self)
    return LeaseID(deployment: deployment, group: group, order: order, provider: try readAddress())
  }

  mutating func readAttributes() throws(DecodingError) -> [Attribute] {
    let count = Int(try read(UInt16.self))
    var attributes: [Attribute] = []
    for _ in 0..<count {
      let key = try readText(limit: ChainLimits.attributeBytes)
      attributes.append(Attribute(key: key, value: try readText(limit: ChainLimits.attributeBytes)))
    }
    return attributes
  }

  mutating func readMoment() throws(DecodingError) -> Moment {
    let height = try read(UInt64.self)
    let time = Timestamp(milliseconds: try read())
    return Moment(height: height, time: time, tick: try read())
  }

  mutating func readCloser() throws(DecodingError) -> Closer {
    guard let closer = Closer(rawValue: try read()) else { throw .outOfRange(field: "closer") }
    return closer
  }

  mutating func readReason() throws(DecodingError) -> LeaseCloseReason {
    guard let reason = LeaseCloseReason(rawValue: try read()) else { throw .outOfRange(field: "reason") }
    return reason
  }
}

extension Closer {
  /// The name in events and in answers to queries.
  public var name: String {
    switch self {
    case .tenant: "tenant"
    case .provider: "provider"
    case .ledger: "ledger"
    }
  }
}

extension LeaseCloseReason {
  /// The name in events and in answers to queries.
  public var name: String {
    switch self {
    case .owner: "owner"
    case .unstable: "unstable"
    case .decommission: "decommission"
    case .unspecified: "unspecified"
    case .manifestTimeout: "manifest_timeout"
    case .insufficientFunds: "insufficient_funds"
    case .deploymentClosed: "deployment_closed"
    }
  }
}
