import Chain
import Cryptography
public import Primitives

extension Event {
  /// Lower case with hyphens: `lease-opened`.
  public var name: String { parts.name }

  /// The parts as texts, in a fixed order.
  public var attributes: [(key: String, value: String)] {
    parts.fields.map { ($0.key, $0.value.text) }
  }

  /// Writes the form in which receipts hold it.
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
    switch tag {
    case 1:
      self = .transferred(
        from: try reader.readAddress(),
        to: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 2:
      self = .minted(
        issuer: try reader.readAddress(),
        to: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 3:
      self = .burned(issuer: try reader.readAddress(), coin: try reader.readCoin())
    case 4:
      self = .providerRegistered(provider: try reader.readAddress())
    case 5:
      self = .providerUpdated(provider: try reader.readAddress())
    case 6:
      self = .providerLeft(provider: try reader.readAddress())
    case 7:
      self = .attributesSigned(
        provider: try reader.readAddress(),
        auditor: try reader.readAddress()
      )
    case 8:
      self = .attributesWithdrawn(
        provider: try reader.readAddress(),
        auditor: try reader.readAddress()
      )
    case 9:
      self = .orderAgreed(order: try reader.readDigest(), deployment: try reader.readDeployment())
    case 10:
      self = .deploymentCreated(
        deployment: try reader.readDeployment(),
        manifestHash: try reader.readDigest()
      )
    case 11:
      self = .deploymentUpdated(
        deployment: try reader.readDeployment(),
        manifestHash: try reader.readDigest()
      )
    case 12:
      self = .deploymentClosed(
        deployment: try reader.readDeployment(),
        actor: try reader.readCloser(),
        reason: try reader.readReason()
      )
    case 13:
      self = .leaseOpened(lease: try reader.readLease(), price: try reader.readPrice())
    case 14:
      self = .leaseClosed(
        lease: try reader.readLease(),
        price: try reader.readPrice(),
        actor: try reader.readCloser(),
        reason: try reader.readReason()
      )
    case 15:
      self = .reclamationStarted(
        lease: try reader.readLease(),
        deadline: try reader.read(),
        reason: try reader.readReason()
      )
    case 16:
      self = .deposited(
        deployment: try reader.readDeployment(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 17:
      self = .refunded(
        deployment: try reader.readDeployment(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 18:
      self = .paidOut(
        lease: try reader.readLease(),
        gross: try reader.readCoin(),
        fee: try reader.readCoin()
      )
    case 19:
      self = .fundsLow(
        deployment: try reader.readDeployment(),
        percent: try reader.read(),
        dryTick: try reader.read()
      )
    case 20:
      self = .escrowOverdrawn(deployment: try reader.readDeployment(), tick: try reader.read())
    case 21:
      self = .residueCollected(deployment: try reader.readDeployment(), coin: try reader.readCoin())
    case 22:
      self = .leaseDepositLocked(lease: try reader.readLease(), coin: try reader.readCoin())
    case 23:
      self = .leaseDepositReleased(lease: try reader.readLease(), coin: try reader.readCoin())
    case 24:
      self = .granted(
        granter: try reader.readAddress(),
        grantee: try reader.readAddress(),
        kind: try reader.readText(limit: 1_024),
        limit: try reader.readCoin()
      )
    case 25:
      self = .grantRevoked(
        granter: try reader.readAddress(),
        grantee: try reader.readAddress(),
        kind: try reader.readText(limit: 1_024),
        limit: try reader.readCoin()
      )
    case 26:
      self = .validatorCreated(validator: try reader.readAddress(), stake: try reader.readCoin())
    case 27:
      self = .validatorEdited(validator: try reader.readAddress())
    case 28:
      self = .validatorBonded(validator: try reader.readAddress(), power: try reader.read())
    case 29:
      self = .validatorUnbonding(validator: try reader.readAddress())
    case 30:
      self = .validatorJailed(
        validator: try reader.readAddress(),
        reason: try reader.readText(limit: 1_024)
      )
    case 31:
      self = .validatorUnjailed(validator: try reader.readAddress())
    case 32:
      self = .validatorSlashed(
        validator: try reader.readAddress(),
        coin: try reader.readCoin(),
        reason: try reader.readText(limit: 1_024)
      )
    case 33:
      self = .delegated(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 34:
      self = .undelegated(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin(),
        completion: try reader.read()
      )
    case 35:
      self = .redelegated(
        delegator: try reader.readAddress(),
        from: try reader.readAddress(),
        to: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 36:
      self = .unbonded(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 37:
      self = .rewardWithdrawn(
        delegator: try reader.readAddress(),
        validator: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 38:
      self = .commissionWithdrawn(validator: try reader.readAddress(), coin: try reader.readCoin())
    case 39:
      self = .proposalSubmitted(proposal: try reader.read(), proposer: try reader.readAddress())
    case 40:
      self = .proposalDeposited(
        proposal: try reader.read(),
        depositor: try reader.readAddress(),
        coin: try reader.readCoin()
      )
    case 41:
      self = .votingStarted(proposal: try reader.read(), end: try reader.read())
    case 42:
      self = .voted(
        proposal: try reader.read(),
        voter: try reader.readAddress(),
        options: try reader.readText(limit: 1_024)
      )
    case 43:
      self = .proposalEnded(
        proposal: try reader.read(),
        outcome: try reader.readText(limit: 1_024),
        log: try reader.readText(limit: 1_024)
      )
    case 44:
      self = .parameterChanged(
        key: try reader.readText(limit: 1_024),
        value: try reader.read(),
        proposal: try reader.read()
      )
    case 45:
      self = .takeRateChanged(
        denomination: try reader.readDenomination(),
        basisPoints: try reader.read(),
        tick: try reader.read()
      )
    case 46:
      self = .currencyAdded(denomination: try reader.readDenomination())
    case 47:
      self = .currencyRetired(denomination: try reader.readDenomination())
    case 48:
      self = .communityPoolSpent(recipient: try reader.readAddress(), coin: try reader.readCoin())
    case 49:
      self = .upgradePlanned(
        name: try reader.readText(limit: 1_024),
        height: try reader.read(),
        version: try reader.read()
      )
    case 50:
      self = .upgraded(version: try reader.read())
    default: throw .outOfRange(field: "event")
    }
  }
}
