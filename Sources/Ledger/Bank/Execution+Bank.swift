import Chain
import Cryptography
import Primitives

extension Execution {
  func balance(of address: Address, in denomination: Denomination) -> Amount {
    overlay.read(Tables.balances, Pair(address, denomination)) ?? .zero
  }

  func balance(of module: ModuleAccount, in denomination: Denomination) -> Amount {
    balance(of: module.address, in: denomination)
  }

  /// Moves `coin`, whose denomination must be the currency's canonical name. An amount of zero moves nothing.
  func transfer(_ coin: Coin, from: Address, to: Address) throws(Rejection) {
    let available = balance(of: from, in: coin.denomination)
    guard available >= coin.amount else { throw .insufficientFunds(required: coin, available: available) }
    guard !coin.amount.isZero, from != to else { return }
    let received = balance(of: to, in: coin.denomination)
    let rest = try checked(available.subtracting(coin.amount))
    let sum = try checked(received.adding(coin.amount))
    setBalance(of: from, in: coin.denomination, to: rest)
    setBalance(of: to, in: coin.denomination, to: sum)
  }

  private func setBalance(of address: Address, in denomination: Denomination, to amount: Amount) {
    let key = Pair(address, denomination)
    if amount.isZero {
      overlay.remove(Tables.balances, key)
    } else {
      overlay.write(Tables.balances, key, amount)
    }
  }

  /// Creates units and adds them to the supply. Only genesis and `mint` call this.
  func create(_ coin: Coin, for address: Address) throws(Rejection) {
    let supply = overlay.read(Tables.supply, coin.denomination) ?? .zero
    let sum = try checked(supply.adding(coin.amount))
    // A balance never exceeds the supply: where the supply fits into 64 bits, the balance does too.
    let balance = try checked(self.balance(of: address, in: coin.denomination).adding(coin.amount))
    overlay.write(Tables.supply, coin.denomination, sum)
    setBalance(of: address, in: coin.denomination, to: balance)
  }

  /// Destroys units that `address` holds.
  func destroy(_ coin: Coin, of address: Address) throws(Rejection) {
    let available = balance(of: address, in: coin.denomination)
    guard available >= coin.amount else { throw .insufficientFunds(required: coin, available: available) }
    let supply = overlay.read(Tables.supply, coin.denomination) ?? .zero
    let rest = try checked(supply.subtracting(coin.amount))
    let balance = try checked(available.subtracting(coin.amount))
    overlay.write(Tables.supply, coin.denomination, rest)
    setBalance(of: address, in: coin.denomination, to: balance)
  }
}

// The handlers of the transaction actions.
extension Execution {
  func send(_ send: Send) throws(Rejection) {
    guard !ModuleAccount.contains(send.to) else { throw .moduleAccount(send.to) }
    guard !send.amount.isEmpty else { throw .zeroAmount }
    var seen: [Denomination] = []
    for coin in send.amount {
      let coin = try canonical(coin)
      guard !coin.amount.isZero else { throw .zeroAmount }
      guard !seen.contains(coin.denomination) else { throw .repeatedDenomination(coin.denomination) }
      seen.append(coin.denomination)
      try transfer(coin, from: send.from, to: send.to)
      emit(.transferred(from: send.from, to: send.to, coin: coin))
    }
  }

  func mint(_ mint: Mint) throws(Rejection) {
    guard !ModuleAccount.contains(mint.recipient) else { throw .moduleAccount(mint.recipient) }
    var record = try issued(mint.amount, by: mint.issuer)
    let coin = Coin(mint.amount.amount, record.currency.denomination)
    let minted = try checked(record.minted.adding(coin.amount))
    guard minted <= record.currency.mintCap else {
      throw .mintCapExceeded(cap: record.currency.mintCap, minted: record.minted)
    }
    record.minted = minted
    write(record)
    try create(coin, for: mint.recipient)
    emit(.minted(issuer: mint.issuer, to: mint.recipient, coin: coin))
  }

  func burn(_ burn: Burn) throws(Rejection) {
    var record = try issued(burn.amount, by: burn.issuer)
    let coin = Coin(burn.amount.amount, record.currency.denomination)
    try destroy(coin, of: burn.issuer)
    // `minted` stops at zero: the issuer may burn more than it minted, since genesis may have created units
    // too.
    record.minted = Amount(record.minted.units - min(record.minted.units, coin.amount.units))
    write(record)
    emit(.burned(issuer: burn.issuer, coin: coin))
  }

  private func issued(_ coin: Coin, by issuer: Address) throws(Rejection) -> CurrencyRecord {
    let record = try currency(coin.denomination)
    guard !coin.amount.isZero else { throw .zeroAmount }
    guard record.currency.issuer == issuer else {
      throw .unauthorized("only the issuer of \(record.currency.denomination) may do this")
    }
    return record
  }
}
