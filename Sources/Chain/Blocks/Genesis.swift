public import Cryptography
public import Primitives

/// The definition of a chain's first state. Peers compare its digest in every handshake.
public struct Genesis: Hashable, Sendable {
  public struct Account: Hashable, Sendable {
    public var address: Address
    public var coins: [Coin]

    public init(address: Address, coins: [Coin]) {
      self.address = address
      self.coins = coins
    }
  }

  public struct Validator: Hashable, Sendable {
    public var operatorAddress: Address
    public var consensusKey: PublicKey
    public var moniker: String
    /// The stake in uakt that is bonded at genesis, in addition to the operator's coins.
    public var stake: Amount
    public var commission: Decimal18

    public init(
      operatorAddress: Address,
      consensusKey: PublicKey,
      moniker: String,
      stake: Amount,
      commission: Decimal18
    ) {
      self.operatorAddress = operatorAddress
      self.consensusKey = consensusKey
      self.moniker = moniker
      self.stake = stake
      self.commission = commission
    }
  }

  public var chain: ChainID
  /// The time at which both clocks of the chain begin, and with them tick 0.
  public var time: Timestamp
  public var protocolVersion: UInt32
  public var currencies: [Currency]
  public var parameters: Parameters
  public var accounts: [Account]
  public var validators: [Validator]
  /// Whether the network is for trying things out on the machines of one person. Providers that cannot isolate
  /// or limit workloads bid on such chains only.
  public var isLocal: Bool

  public init(
    chain: ChainID,
    time: Timestamp,
    protocolVersion: UInt32 = 1,
    currencies: [Currency],
    parameters: Parameters,
    accounts: [Account],
    validators: [Validator],
    isLocal: Bool = false
  ) {
    self.chain = chain
    self.time = time
    self.protocolVersion = protocolVersion
    self.currencies = currencies
    self.parameters = parameters
    self.accounts = accounts
    self.validators = validators
    self.isLocal = isLocal
  }
}

extension Genesis {
  /// The BLAKE2b digest of a canonical encoding of all fields.
  public var digest: Digest {
    var writer = ByteWriter(capacity: 4_096)
    writer.write(chain.text)
    writer.write(time.milliseconds)
    writer.write(protocolVersion)
    writer.write(UInt32(currencies.count))
    for currency in currencies { currency.encode(into: &writer) }
    for key in ParameterKey.allCases {
      writer.write(key.rawValue)
      writer.write(parameters[key])
    }
    writer.write(UInt32(accounts.count))
    for account in accounts {
      writer.writeRaw(account.address.bytes)
      writer.write(UInt32(account.coins.count))
      for coin in account.coins {
        writer.write(coin.denomination.name)
        writer.write(coin.amount.units)
      }
    }
    writer.write(UInt32(validators.count))
    for validator in validators {
      writer.writeRaw(validator.operatorAddress.bytes)
      writer.writeRaw(validator.consensusKey.bytes)
      writer.write(validator.moniker)
      writer.write(validator.stake.units)
      writer.write(validator.commission.raw)
    }
    // Nothing comes after the validators in a chain that is not local.
    if isLocal { writer.write("local") }
    return Digest.blake2b(writer.bytes)
  }
}

extension Currency {
  /// Encodes the currency for the state and for the genesis digest.
  public func encode(into writer: inout ByteWriter) {
    writer.write(denomination.name)
    writer.write(symbol)
    writer.write(exponent)
    writer.write(UInt32(aliases.count))
    for alias in aliases { writer.write(alias.name) }
    writer.writeCounted(issuer?.bytes ?? [])
    writer.write(mintCap.units)
    writer.write(minimumDeposit.units)
    writer.write(leaseDeposit.units)
    writer.write(minimumFee.units)
    writer.write(takeBasisPoints != nil)
    writer.write(takeBasisPoints ?? 0)
    writer.write(isRetired)
  }

  /// Decodes a currency that `encode(into:)` has written.
  public init(from reader: inout ByteReader) throws(DecodingError) {
    func denomination(_ text: String) throws(DecodingError) -> Denomination {
      guard let denomination = Denomination(text) else { throw .invalid(field: "denomination") }
      return denomination
    }
    self.denomination = try denomination(try reader.readText(limit: 128))
    symbol = try reader.readText(limit: 64)
    exponent = try reader.read()
    let count = Int(try reader.read(UInt32.self))
    guard count <= 16 else { throw .outOfRange(field: "aliases") }
    aliases = []
    for _ in 0..<count { aliases.append(try denomination(try reader.readText(limit: 128))) }
    let issuerBytes = try reader.readCounted(limit: 20)
    issuer = issuerBytes.isEmpty ? nil : Address(issuerBytes)
    mintCap = Amount(try reader.read())
    minimumDeposit = Amount(try reader.read())
    leaseDeposit = Amount(try reader.read())
    minimumFee = Amount(try reader.read())
    let hasTake = try reader.readFlag()
    let take = try reader.read(UInt32.self)
    takeBasisPoints = hasTake ? take : nil
    isRetired = try reader.readFlag()
  }
}
