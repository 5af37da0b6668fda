public import Cryptography
public import Primitives

/// A validator's description of itself, for people.
public struct ValidatorDescription: Hashable, Sendable {
  public var moniker: String
  public var identity: String
  public var website: String
  public var securityContact: String
  public var details: String

  public init(
    moniker: String,
    identity: String = "",
    website: String = "",
    securityContact: String = "",
    details: String = ""
  ) {
    self.moniker = moniker
    self.identity = identity
    self.website = website
    self.securityContact = securityContact
    self.details = details
  }
}

/// Registers a validator with its first stake.
public struct CreateValidator: Hashable, Sendable {
  public var operatorAddress: Address
  public var description: ValidatorDescription
  public var consensusKey: PublicKey
  public var commission: Decimal18
  public var maximumCommission: Decimal18
  public var maximumCommissionChange: Decimal18
  public var minimumSelfDelegation: Amount
  public var stake: Coin

  public init(
    operatorAddress: Address,
    description: ValidatorDescription,
    consensusKey: PublicKey,
    commission: Decimal18,
    maximumCommission: Decimal18,
    maximumCommissionChange: Decimal18,
    minimumSelfDelegation: Amount,
    stake: Coin
  ) {
    self.operatorAddress = operatorAddress
    self.description = description
    self.consensusKey = consensusKey
    self.commission = commission
    self.maximumCommission = maximumCommission
    self.maximumCommissionChange = maximumCommissionChange
    self.minimumSelfDelegation = minimumSelfDelegation
    self.stake = stake
  }
}

/// Changes a validator's description, commission or minimum self-delegation. A nil value leaves it as it is.
public struct EditValidator: Hashable, Sendable {
  public var operatorAddress: Address
  public var description: ValidatorDescription
  public var commission: Decimal18?
  public var minimumSelfDelegation: Amount?

  public init(
    operatorAddress: Address,
    description: ValidatorDescription,
    commission: Decimal18? = nil,
    minimumSelfDelegation: Amount? = nil
  ) {
    self.operatorAddress = operatorAddress
    self.description = description
    self.commission = commission
    self.minimumSelfDelegation = minimumSelfDelegation
  }
}
