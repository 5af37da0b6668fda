import API
public import Chain
public import Cryptography
public import Foundation
import Ledger
public import Primitives

/// The content of `genesis.json` as people write it. `genesis(parameters:)` validates it and converts it to
/// `Genesis`.
public struct GenesisFile: Codable, Sendable {
  public struct CurrencyEntry: Codable, Sendable {
    var denomination: String
    var symbol: String
    var exponent: UInt8
    var aliases: [String]?
    var issuer: String?
    var mintCap: String?
    var minimumDeposit: String
    var leaseDeposit: String
    var minimumFee: String
    var takeBasisPoints: UInt32?
  }

  public struct AccountEntry: Codable, Sendable {
    var address: String
    var coins: [String]
  }

  public struct ValidatorEntry: Codable, Sendable {
    var operatorAddress: String
    var consensusKey: String
    var moniker: String
    var stake: String
    var commission: String
  }

  public var chainId: String
  public var genesisTime: String
  public var protocolVersion: UInt32
  /// Whether the network is only for trying things out; absent means no. See `Genesis.isLocal`.
  public var local: Bool?
  public var currencies: [CurrencyEntry]
  public var accounts: [AccountEntry]
  public var validators: [ValidatorEntry]

  /// - Throws: `DefinitionError` that names the wrong place in the file.
  public static func read(_ file: URL) throws -> GenesisFile {
    try GenesisFile(DefinitionError.contents(of: file), file: file.path)
  }

  /// Decodes the text of `file`.
  ///
  /// - Throws: As `read`.
  init(_ text: String, file: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(GenesisFile.self, from: Data(text.utf8))
    } catch let error as Swift.DecodingError {
      let fault = JSONFault(error, in: Data(text.utf8), snakeCase: true)
      throw DefinitionError(file: file, problem: fault.description)
    }
  }

  public func write(to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: file, options: .atomic)
  }

  public mutating func add(account: Address, coins: [Coin]) {
    accounts.append(AccountEntry(address: account.text(), coins: coins.map(\.description)))
  }

  public mutating func add(
    validator operatorAddress: Address,
    key: PublicKey,
    moniker: String,
    stake: Coin,
    commission: Decimal18
  ) {
    validators.append(
      ValidatorEntry(
        operatorAddress: operatorAddress.text(),
        consensusKey: Hex.encode(key.bytes),
        moniker: moniker,
        stake: stake.description,
        commission: commission.description
      )
    )
  }

  public mutating func setTime(_ time: Timestamp) {
    genesisTime = time.text
  }

  /// The file's content as a `Genesis`, with the given chain parameters.
  ///
  /// - Throws: `DefinitionError` that names the wrong entry.
  public func genesis(parameters: Parameters) throws -> Genesis {
    guard let chain = ChainID(chainId) else {
      throw invalid("chain_id", chainId, "3 to 48 characters of a-z, 0-9 and -, beginning with a letter")
    }
    guard let time = Timestamp(iso8601: genesisTime) else {
      throw invalid("genesis_time", genesisTime, "a time such as 2026-12-01T00:00:00Z")
    }
    return Genesis(
      chain: chain,
      time: time,
      protocolVersion: protocolVersion,
      currencies: try currencies.map { try currency($0) },
      parameters: parameters,
      accounts: try accounts.map { try account($0) },
      validators: try validators.map { try validator($0) },
      isLocal: local ?? false
    )
  }

  /// The file's currencies, by which amounts that people type are read.
  ///
  /// - Throws: `DefinitionError` that names the wrong entry.
  public func register() throws -> CurrencyRegister {
    CurrencyRegister(try currencies.map { CurrencyUnit(try currency($0)) })
  }

  private func currency(_ entry: CurrencyEntry) throws -> Currency {
    Currency(
      denomination: try denomination(entry.denomination),
      symbol: entry.symbol,
      exponent: entry.exponent,
      aliases: try (entry.aliases ?? []).map { try denomination($0) },
      issuer: try entry.issuer.map { try address($0, "issuer") },
      mintCap: try entry.mintCap.map { try amount($0, "mint_cap") } ?? .zero,
      minimumDeposit: try amount(entry.minimumDeposit, "minimum_deposit"),
      leaseDeposit: try amount(entry.leaseDeposit, "lease_deposit"),
      minimumFee: try amount(entry.minimumFee, "minimum_fee"),
      takeBasisPoints: entry.takeBasisPoints
    )
  }

  private func account(_ entry: AccountEntry) throws -> Genesis.Account {
    Genesis.Account(
      address: try address(entry.address, "accounts"),
      coins: try entry.coins.map { text in
        guard let coin = Coin(text) else { throw invalid("accounts.coins", text, "such as 5000000uakt") }
        return coin
      }
    )
  }

  private func validator(_ entry: ValidatorEntry) throws -> Genesis.Validator {
    guard let bytes = Hex.decode(entry.consensusKey), let key = PublicKey(bytes), key.isPrimeOrder else {
      throw invalid("validators.consensus_key", entry.consensusKey, "64 hex digits of an Ed25519 public key")
    }
    guard let stake = Coin(entry.stake), stake.denomination == .uakt else {
      throw invalid("validators.stake", entry.stake, "such as 1000000000uakt")
    }
    guard let commission = Decimal18(entry.commission), commission.raw <= Decimal18.one else {
      throw invalid("validators.commission", entry.commission, "a decimal from 0 to 1")
    }
    return Genesis.Validator(
      operatorAddress: try address(entry.operatorAddress, "validators.operator_address"),
      consensusKey: key,
      moniker: entry.moniker,
      stake: stake.amount,
      commission: commission
    )
  }

  private func denomination(_ text: String) throws -> Denomination {
    guard let denomination = Denomination(text) else {
      throw invalid("denomination", text, "a letter and 2 to 127 of letters, digits and /:._-")
    }
    return denomination
  }

  private func amount(_ text: String, _ field: String) throws -> Amount {
    guard let units = UInt64(text) else { throw invalid(field, text, "a whole number of smallest units") }
    return Amount(units)
  }

  private func address(_ text: String, _ field: String) throws -> Address {
    do {
      return try Address(text: text)
    } catch {
      throw invalid(field, text, "an address such as akash1… (\(error))")
    }
  }

  private func invalid(_ field: String, _ value: String, _ remedy: String) -> DefinitionError {
    DefinitionError(file: "genesis.json", problem: "`\(field)` is `\(value)`", remedy: remedy)
  }
}

extension Timestamp {
  /// Parses `2026-12-01T00:00:00Z`, with or without milliseconds; nil for anything else or a time before
  /// 1970.
  public init?(iso8601 text: String) {
    let plain = try? Date(text, strategy: .iso8601)
    let fractional = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    guard let date = plain ?? fractional, date.timeIntervalSince1970 >= 0 else { return nil }
    self.init(milliseconds: UInt64((date.timeIntervalSince1970 * 1_000).rounded()))
  }

  /// This machine's wall clock plus `milliseconds`, which may be negative.
  static func now(offsetBy milliseconds: Int64) -> Timestamp {
    let now = Timestamp.now.milliseconds
    return Timestamp(
      milliseconds: milliseconds < 0 ? now - min(now, milliseconds.magnitude) : now + milliseconds.magnitude
    )
  }

  /// This machine's wall clock.
  public static var now: Timestamp {
    Timestamp(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1_000)))
  }
}

extension DefinitionError {
  /// Explains why no chain can start from a genesis file.
  init(_ error: GenesisError) {
    let (problem, remedy) =
      switch error {
      case .noValidators:
        (
          "it has no validator: nobody could make a block",
          "add the initial validators: `supercloud help genesis add-validator` says how"
        )
      case .repeatedCurrency(let name): ("the currency \(name) is there twice", "name each currency once")
      case .illegalCurrency(let name, let fault):
        ("the currency \(name) is not valid: \(fault)", "correct its `symbol` or `exponent`")
      case .unknownCurrency(let name):
        ("\(name) is held or staked, but is not a currency", "add it to `currencies`, or remove the coins")
      case .supply(let name): ("there is more of \(name) than 64 bits hold", "lower the balances")
      case .repeatedValidator(let address): ("the validator \(address) is there twice", "name each once")
      case .illegalValidator(let address):
        (
          "the validator \(address) is not valid",
          "its stake is at least one unit of power, its key its own, its commission from 0 to 1"
        )
      case .parameter(let key):
        ("the parameter `\(key.rawValue)` is out of its range", "give it a value in its range")
      case .takeRate(let name): ("the take rate of \(name) is above the whole", "0 to 10000 basis points")
      case .moduleAccount(let address):
        ("\(address) is an account of the ledger's own", "those begin empty: give its coins to another")
      }
    self.init(file: "genesis.json", problem: problem, remedy: remedy)
  }
}
