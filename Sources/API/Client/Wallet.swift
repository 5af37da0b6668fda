public import Chain
public import Cryptography
public import Primitives

/// An account with its key, and the node to which its transactions are sent.
public struct Wallet: Sendable {
  public let key: SigningKey
  public let client: NodeClient
  public let chain: ChainID
  private let currencies: [Answer.Currency]
  /// The currency in which fees are paid; nil chooses the first currency of which the account has enough.
  public var feeDenomination: Denomination?
  /// The account whose fee grant pays the fees; nil means the wallet's own.
  public var feeGranter: Address?
  /// Held while the account's next sequence number is read and used, so that commands that run side by side do
  /// not sign the same one; nil for no lock.
  public var lock: KeyLock?

  /// Makes a wallet. Asks the node for its chain and its currencies.
  ///
  /// - Throws: `ClientError` when the request fails, `Failure` when the chain's name is not legal.
  public init(key: SigningKey, client: NodeClient) async throws {
    self.key = key
    self.client = client
    let status: Answer.Status = try await client.get("/v1/status")
    guard let chain = ChainID(status.chainId) else {
      throw Failure("the node's chain id is not valid: \(status.chainId)", fix: "ask another node: --node")
    }
    self.chain = chain
    currencies = try await client.get("/v1/currencies")
  }

  init(key: SigningKey, client: NodeClient, chain: ChainID, currencies: [Answer.Currency]) {
    self.key = key
    self.client = client
    self.chain = chain
    self.currencies = currencies
  }

  public var address: Address { key.address }

  /// Finds a denomination that a person typed: by its name, an alias or a symbol.
  ///
  /// - Throws: `Failure` that lists what the network accepts.
  public func denomination(_ name: String) throws -> Denomination {
    try currencies.denomination(named: name)
  }

  /// Finds a denomination that a file names, where a symbol is a mistake.
  ///
  /// - Throws: `Failure` that says what to write.
  public func denomination(inFile name: String) throws -> Denomination {
    try currencies.denomination(inFile: name)
  }

  /// The network's currencies, by which amounts are read and printed.
  public var register: CurrencyRegister { CurrencyRegister(currencies) }

  /// The network's data about a currency; nil when the network has no such currency.
  public func currency(_ denomination: Denomination) -> Answer.Currency? {
    currencies.first { $0.denomination == denomination.name }
  }

  /// The minimum fee in the first currency of which the account has enough, trying `preferred` first. Where no
  /// currency suffices, `isClose` gives the fee in `preferred`, the currency of the deployment that is closed: its
  /// escrow then pays.
  ///
  /// - Throws: `Failure` when no currency suffices.
  public func fee(
    preferring preferred: Denomination?,
    account: Answer.Account,
    isClose: Bool = false
  ) throws -> Fee {
    if let feeGranter {
      let wanted = feeDenomination ?? preferred ?? .uakt
      guard let currency = currency(wanted), let minimum = UInt64(currency.minimumFee) else {
        throw Failure(
          "this network takes no fees in \(wanted)",
          fix: "`supercloud denom list` shows its currencies"
        )
      }
      return Fee(amount: Coin(minimum, wanted), granter: feeGranter)
    }
    let chosen = feeDenomination
    if let chosen, currency(chosen) == nil {
      throw Failure(
        "this network takes no fees in \(chosen)",
        fix: "`supercloud denom list` shows its currencies"
      )
    }
    let ordered =
      chosen.map { chosen in currencies.filter { $0.denomination == chosen.name } }
      ?? currencies.filter { $0.denomination == preferred?.name } + currencies
    for currency in ordered where !currency.retired {
      let balance = account.balances.first { $0.denomination == currency.denomination }.flatMap {
        UInt64($0.amount)
      }
      guard let minimum = UInt64(currency.minimumFee), let denomination = Denomination(currency.denomination)
      else { continue }
      if minimum == 0, currency.denomination == "uakt" { return Fee(amount: nil) }
      if let balance, balance >= minimum { return Fee(amount: Coin(minimum, denomination)) }
    }
    if isClose, let wanted = preferred, let minimum = currency(wanted).flatMap({ UInt64($0.minimumFee) }) {
      return Fee(amount: Coin(minimum, wanted))
    }
    throw Failure(
      "\(address) cannot pay the fee",
      why: "its balance is below the minimum fee in \(chosen?.name ?? "every currency")",
      fix: "send it some coins; on a test network the first validator's node gives some (`account faucet`)"
    )
  }
}

extension Wallet {
  /// Takes an order or a bid that this account has signed out of every order book.
  ///
  /// - Parameters:
  ///   - object: The identifier of the order or bid.
  ///   - expiresAt: When the order or bid expires. The withdrawal lives as long, so that no copy comes back.
  ///   - limit: How long to wait for the node's answer; nil for the client's `timeout`.
  /// - Throws: `Failure` when the node does not take the withdrawal.
  public func withdraw(_ object: Digest, expiresAt: Timestamp, within limit: Duration? = nil) async throws {
    let withdrawal = Withdrawal(object: object, expiresAt: expiresAt)
    let signed = SignedObject(kind: .withdrawal, body: withdrawal.encoded, signer: key, chain: chain)
    do {
      let _: Answer.Submitted = try await client.post("/v1/objects", body: signed.encoded, timeout: limit)
    } catch let error as ClientError {
      throw Failure(error)
    }
  }
}

extension Wallet {
  /// Whether the actions only close a deployment or a lease, so that its escrow pays a fee that the owner cannot.
  static func isClose(_ actions: [Action]) -> Bool {
    guard actions.count == 1 else { return false }
    switch actions[0] {
    case .closeDeployment, .closeLease: return true
    default: return false
    }
  }
}

extension [Answer.Currency] {
  /// Finds a denomination among these by its name, an alias or a symbol.
  ///
  /// - Throws: `Failure` that lists what the network accepts.
  public func denomination(named name: String) throws(Failure) -> Denomination {
    try accepted(named(name) ?? first { $0.symbol.lowercased() == name.lowercased() }, name)
  }

  /// Finds a denomination by its name or an alias. Prices in a file count smallest units, so a symbol there is
  /// a mistake by a factor of 10^exponent.
  ///
  /// - Throws: `Failure` that says what to write, or lists what the network accepts.
  public func denomination(inFile name: String) throws(Failure) -> Denomination {
    let match = named(name)
    if match == nil, let unit = CurrencyRegister(self).unit(symbol: name) {
      throw Failure(
        "\(name) is a symbol, not a denomination",
        why:
          "amounts in a file count the smallest unit: 1 \(unit.symbol) is \(unit.unitsText) \(unit.denomination)",
        fix: "write \(unit.denomination) and \(unit.unitsText) × the amount"
      )
    }
    return try accepted(match, name)
  }

  private func named(_ name: String) -> Answer.Currency? {
    first { $0.denomination == name } ?? first { $0.aliases.contains(name) }
  }

  private func accepted(_ match: Answer.Currency?, _ name: String) throws(Failure) -> Denomination {
    guard let match, !match.retired, let denomination = Denomination(match.denomination) else {
      let accepted = filter { !$0.retired }.map { "\($0.denomination) (\($0.symbol))" }
      throw Failure(
        "this network does not settle in \(name)",
        why: "only registered currencies can be paid with",
        fix: "use \(accepted.joined(separator: " or "))"
      )
    }
    return denomination
  }
}

extension CurrencyRegister {
  /// The register of the network that answered with these currencies.
  public init(_ currencies: [Answer.Currency]) {
    self.init(
      currencies.compactMap { currency in
        Denomination(currency.denomination).map {
          CurrencyUnit(
            denomination: $0,
            symbol: currency.symbol,
            exponent: currency.exponent,
            aliases: currency.aliases.compactMap { Denomination($0) }
          )
        }
      }
    )
  }
}
