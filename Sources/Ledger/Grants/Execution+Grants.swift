import Chain
import Cryptography
import Primitives

extension Execution {
  func grant(_ grant: Grant) throws(Rejection) {
    guard grant.granter != grant.grantee else { throw .invalidRequest("a grant to oneself grants nothing") }
    guard !ModuleAccount.contains(grant.grantee) else { throw .moduleAccount(grant.grantee) }
    let limit = try canonical(grant.limit)
    guard !limit.amount.isZero else { throw .zeroAmount }
    guard grant.expiresAt > moment.time else { throw .grantInPast }
    let key = GrantKey(
      granter: grant.granter,
      grantee: grant.grantee,
      kind: grant.kind,
      denomination: limit.denomination
    )
    if let old = overlay.read(Tables.grants, key) { remove(key, expiringAt: old.expiresAt) }
    overlay.write(Tables.grants, key, GrantRecord(limit: limit.amount, expiresAt: grant.expiresAt))
    overlay.write(Tables.grantsByGrantee, key.byGrantee, Presence())
    overlay.write(Tables.expiries, key.expiry(at: grant.expiresAt), Presence())
    emit(.granted(granter: grant.granter, grantee: grant.grantee, kind: grant.kind.name, limit: limit))
  }

  func revokeGrant(
    granter: Address,
    grantee: Address,
    kind: Grant.Kind,
    denomination: Denomination
  ) throws(Rejection) {
    let denomination = try canonical(denomination)
    let key = GrantKey(granter: granter, grantee: grantee, kind: kind, denomination: denomination)
    guard let record = overlay.read(Tables.grants, key) else {
      throw .noGrant(granter: granter, grantee: grantee)
    }
    remove(key, expiringAt: record.expiresAt)
    let limit = Coin(record.limit, denomination)
    emit(.grantRevoked(granter: granter, grantee: grantee, kind: kind.name, limit: limit))
  }

  /// The grant of a kind, when it covers `coin`.
  ///
  /// - Throws: When there is no such grant, it has expired, or less than `coin` is left of it.
  func usableGrant(_ kind: Grant.Kind, of granter: Address, to grantee: Address, for coin: Coin)
    throws(Rejection) -> GrantRecord
  {
    let key = GrantKey(granter: granter, grantee: grantee, kind: kind, denomination: coin.denomination)
    guard let record = overlay.read(Tables.grants, key) else {
      throw .noGrant(granter: granter, grantee: grantee)
    }
    guard record.expiresAt > moment.time else { throw .grantExpired(record.expiresAt) }
    guard record.limit >= coin.amount else { throw .grantExceeded(limit: record.limit) }
    return record
  }

  /// Takes `coin` off a grant. A used-up grant for fees is removed; one for deposits stays, so that refunds
  /// can restore it.
  func useGrant(_ kind: Grant.Kind, of granter: Address, to grantee: Address, for coin: Coin)
    throws(Rejection)
  {
    var record = try usableGrant(kind, of: granter, to: grantee, for: coin)
    let key = GrantKey(granter: granter, grantee: grantee, kind: kind, denomination: coin.denomination)
    record.limit = try checked(record.limit.subtracting(coin.amount))
    if record.limit.isZero, kind == .fees {
      remove(key, expiringAt: record.expiresAt)
    } else {
      overlay.write(Tables.grants, key, record)
    }
  }

  /// Gives `coin` back to a grant for deposits that has not expired.
  func restoreGrant(of granter: Address, to grantee: Address, _ coin: Coin) {
    let key = GrantKey(granter: granter, grantee: grantee, kind: .deposits, denomination: coin.denomination)
    guard var record = overlay.read(Tables.grants, key), record.expiresAt > moment.time else { return }
    let (sum, overflow) = record.limit.units.addingReportingOverflow(coin.amount.units)
    record.limit = Amount(overflow ? .max : sum)
    overlay.write(Tables.grants, key, record)
  }

  fileprivate func remove(_ key: GrantKey, expiringAt time: Timestamp) {
    overlay.remove(Tables.grants, key)
    overlay.remove(Tables.grantsByGrantee, key.byGrantee)
    overlay.remove(Tables.expiries, key.expiry(at: time))
  }

  /// Removes expired grants and expired entries of agreed orders, at most `limit` per block. It does not
  /// matter in which block this happens, since expired entries are never used.
  func removeExpired(limit: Int = 256) {
    // Most blocks find nothing expired: they read one entry, not a page.
    guard let (first, _) = overlay.scan(Tables.expiries, limit: 1).first, first.time <= moment.time else {
      return
    }
    for (key, _) in overlay.scan(Tables.expiries, limit: limit) {
      guard key.time <= moment.time else { return }
      switch key.kind {
      case .grant:
        let grant = Tables.grants.key([Tables.grants.prefix] + key.key)
        remove(grant, expiringAt: key.time)
      case .agreedOrder:
        overlay.set([Tables.agreedOrders.prefix] + key.key, to: nil)
        overlay.remove(Tables.expiries, key)
      }
    }
  }
}

extension GrantKey {
  /// The key of this grant in `Tables.grantsByGrantee`, with granter and grantee exchanged.
  var byGrantee: GrantKey {
    GrantKey(granter: grantee, grantee: granter, kind: kind, denomination: denomination)
  }

  func expiry(at time: Timestamp) -> ExpiryKey {
    ExpiryKey(time: time, kind: .grant, key: Array(Tables.grants.bytes(self).dropFirst()))
  }
}

extension Grant.Kind {
  /// The name in events and in answers to queries.
  public var name: String {
    switch self {
    case .fees: "fees"
    case .deposits: "deposits"
    }
  }
}
