import Chain
import Cryptography
public import Primitives

extension Event {
  /// The event's name in lower case with hyphens, such as `lease-opened`.
  public var name: String { parts.name }

  /// The fields as texts, in a fixed order.
  public var attributes: [(key: String, value: String)] { parts.fields.map { ($0.key, $0.value.text) } }

  /// Writes the event as receipts contain it.
  public func encode(into writer: inout ByteWriter) {
    let (tag, _, fields) = parts
    writer.write(tag)
    for (_, field) in fields {
      switch field {
      case .address(let address): writer.write(address)
      case .deployment(let id): writer.write(id)
      case .lease(let id): writer.write(id)
      case .coin(let coin): writer.write(coin)
      case .price(let price): writer.write(price)
      case .denomination(let denomination): writer.write(denomination)
      case .digest(let digest): writer.write(digest)
      case .number(let number): writer.write(number)
      case .text(let text): writer.write(text)
      case .closer(let closer): writer.write(closer.rawValue)
      case .reason(let reason): writer.write(reason.rawValue)
      }
    }
  }

  /// Reads what `encode(into:)` wrote.
  public init(from reader: inout ByteReader) throws(DecodingError) {
    let tag = try reader.read(UInt8.self)
    guard let event = try Self.read(tag, &reader) else { throw .outOfRange(field: "event") }
    self = event
  }

  private static func read(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError) -> Event? {
    switch tag {
    case 1...12: try readBasics(tag, &reader)
    case 13...23: try readLeases(tag, &reader)
    case 24...33: try readValidators(tag, &reader)
    case 34...43: try readDelegations(tag, &reader)
    case 44...50: try readCurrencies(tag, &reader)
    default: nil
    }
  }

  private static func readBasics(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError) -> Event? {
    switch tag {
    case 1:
      .transferred(from: try reader.readAddress(), to: try reader.readAddress(), coin: try reader.readCoin())
    case 2:
      .minted(issuer: try reader.readAddress(), to: try reader.readAddress(), coin: try reader.readCoin())
    case 3: .burned(issuer: try reader.readAddress(), coin: try reader.readCoin())
    case 4: .providerRegistered(provider: try reader.readAddress())
    case 5: .providerUpdated(provider: try reader.readAddress())
    case 6: .providerLeft(provider: try reader.readAddress())
    case 7: .attributesSigned(provider: try reader.readAddress(), auditor: try reader.readAddress())
    case 8: .attributesWithdrawn(provider: try reader.readAddress(), auditor: try reader.readAddress())
    case 9: .orderAgreed(order: try reader.readDigest(), deployment: try reader.readDeployment())
    case 10:
      .deploymentCreated(deployment: try reader.readDeployment(), manifestHash: try reader.readDigest())
    case 11:
      .deploymentUpdated(deployment: try reader.readDeployment(), manifestHash: try reader.readDigest())
    case 12:
      .deploymentClosed(
        deployment: try reader.readDeployment(),
        actor: try reader.readCloser(),
        reason: try reader.readReason()
      )
    default: nil
    }
  }

  private static func readLeases(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError) -> Event? {
    switch tag {
    case 13: .leaseOpened(lease: try reader.readLease(), price: try reader.readPrice())
    case 14:
      .leaseClosed(
        lease: try reader.readLease(),
        price: try reader.readPrice(),
        actor: try reader.readCloser(),
        reason: try reader.readReason()
      )
    case 15:
      .reclamationStarted(
        lease: try reader.readLease(),
        deadline: try reader.read(),
        reason: try reader.readReason()
      )
    case 16:
      .deposited(
        deployment: try reader.readDeployment(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 17:
      .refunded(
        deployment: try reader.readDeployment(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 18: .paidOut(lease: try reader.readLease(), gross: try reader.readCoin(), fee: try reader.readCoin())
    case 19:
      .fundsLow(
        deployment: try reader.readDeployment(),
        percent: try reader.read(),
        lastAffordableTick: try reader.read()
      )
    case 20: .escrowOverdrawn(deployment: try reader.readDeployment(), tick: try reader.read())
    case 21: .residueCollected(deployment: try reader.readDeployment(), coin: try reader.readCoin())
    case 22: .leaseDepositLocked(lease: try reader.readLease(), coin: try reader.readCoin())
    case 23: .leaseDepositReleased(lease: try reader.readLease(), coin: try reader.readCoin())
    default: nil
    }
  }

  private static func readValidators(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError) -> Event?
  {
    switch tag {
    case 24:
      .granted(
        granter: try reader.readAddress(),
        grantee: try reader.readAddress(),
        kind: try reader.readText(limit: 1_024),
        limit: try reader.readCoin()
      )
    case 25:
      .grantRevoked(
        granter: try reader.readAddress(),
        grantee: try reader.readAddress(),
        kind: try reader.readText(limit: 1_024),
        limit: try reader.readCoin()
      )
    case 26: .validatorCreated(validator: try reader.readAddress(), stake: try reader.readCoin())
    case 27: .validatorEdited(validator: try reader.readAddress())
    case 28: .validatorBonded(validator: try reader.readAddress(), power: try reader.read())
    case 29: .validatorUnbonding(validator: try reader.readAddress())
    case 30: .validatorJailed(validator: try reader.readAddress(), reason: try reader.readText(limit: 1_024))
    case 31: .validatorUnjailed(validator: try reader.readAddress())
    case 32:
      .validatorSlashed(
        validator: try reader.readAddress(),
        coin: try reader.readCoin(),
        reason: try reader.readText(limit: 1_024)
      )
    case 33:
      .delegated(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    default: nil
    }
  }

  private static func readDelegations(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError)
    -> Event?
  {
    switch tag {
    case 34:
      .undelegated(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin(),
        completion: try reader.read()
      )
    case 35:
      .redelegated(
        delegator: try reader.readAddress(),
        from: try reader.readAddress(),
        to: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 36:
      .unbonded(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 37:
      .rewardWithdrawn(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 38: .commissionWithdrawn(validator: try reader.readAddress(), coin: try reader.readCoin())
    case 39: .proposalSubmitted(proposal: try reader.read(), proposer: try reader.readAddress())
    case 40:
      .proposalDeposited(
        proposal: try reader.read(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 41: .votingStarted(proposal: try reader.read(), end: try reader.read())
    case 42:
      .voted(
        proposal: try reader.read(),
        voter: try reader.readAddress(),
        options: try reader.readText(limit: 1_024)
      )
    case 43:
      .proposalEnded(
        proposal: try reader.read(),
        outcome: try reader.readText(limit: 1_024),
        log: try reader.readText(limit: 1_024)
      )
    default: nil
    }
  }

  private static func readCurrencies(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodingError) -> Event?
  {
    switch tag {
    case 44:
      .parameterChanged(
        key: try reader.readText(limit: 1_024),
        value: try reader.read(),
        proposal: try reader.read()
      )
    case 45:
      .takeRateChanged(
        denomination: try reader.readDenomination(),
        basisPoints: try reader.read(),
        tick: try reader.read()
      )
    case 46: .currencyAdded(denomination: try reader.readDenomination())
    case 47: .currencyRetired(denomination: try reader.readDenomination())
    case 48: .communityPoolSpent(recipient: try reader.readAddress(), coin: try reader.readCoin())
    case 49:
      .upgradePlanned(
        name: try reader.readText(limit: 1_024),
        height: try reader.read(),
        version: try reader.read()
      )
    case 50: .upgraded(version: try reader.read())
    default: nil
    }
  }
}
