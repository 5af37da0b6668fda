import Chain
import Cryptography
import Primitives

extension Execution {
  /// Executes a transaction. The caller has checked its signature.
  ///
  /// A transaction that cannot pay its fee, has a wrong sequence number or came after its timeout height
  /// changes nothing. Any other pays its fee and uses up its sequence number; when an action fails, all other
  /// effects are undone.
  ///
  /// A close whose fee comes from the escrow is done whole or not at all: a close that fails must not spend
  /// deposits, of which some are other people's.
  func run(_ transaction: Transaction) -> Receipt {
    var payment = FeePayment()
    do {
      try atomically { () throws(Rejection) in
        payment = try admit(transaction)
        guard payment.isFromEscrow else { return }
        for action in transaction.actions { try execute(action) }
      }
    } catch {
      return Receipt(error, fee: nil)
    }
    let fee = payment.fee
    if payment.isFromEscrow { return Receipt(fee: fee, events: takeEvents()) }
    do {
      try atomically { () throws(Rejection) in
        for action in transaction.actions { try execute(action) }
      }
      return Receipt(fee: fee, events: takeEvents())
    } catch {
      return Receipt(error, fee: fee, events: takeEvents())
    }
  }

  /// Checks a transaction's timeout, sequence number and signers, takes the fee and increases the sequence
  /// number.
  ///
  /// - Parameters:
  ///   - transaction: The transaction.
  ///   - sequence: The sequence number to expect, given when other transactions of the sender wait before
  ///     this one; nil for the number in the account's record.
  /// - Returns: The fee that was taken.
  /// - Throws: The reason why the transaction must not be executed at all.
  @discardableResult
  func admit(_ transaction: Transaction, expecting sequence: UInt64? = nil) throws(Rejection) -> FeePayment {
    guard transaction.timeoutHeight == 0 || moment.height <= transaction.timeoutHeight else {
      throw .timedOut(last: transaction.timeoutHeight)
    }
    let sender = transaction.sender
    var account = overlay.read(Tables.accounts, sender) ?? AccountRecord()
    let expected = sequence ?? account.sequence
    guard transaction.sequence == expected else {
      throw .wrongSequence(expected: expected, given: transaction.sequence)
    }
    for action in transaction.actions where action.signer != sender {
      throw .unauthorized("only \(action.signer) may sign this action")
    }
    let payment = try takeFee(of: transaction)
    let (next, overflow) = transaction.sequence.addingReportingOverflow(1)
    guard !overflow else { throw .arithmetic(.overflow) }
    account.sequence = next
    overlay.write(Tables.accounts, sender, account)
    return payment
  }

  private func takeFee(of transaction: Transaction) throws(Rejection) -> FeePayment {
    let (fee, sender) = (transaction.fee, transaction.sender)
    guard let amount = fee.amount else {
      // A transaction may have no fee when the minimum fee in uakt is zero.
      if let base = findCurrency(.uakt)?.currency, !base.minimumFee.isZero {
        throw .insufficientFee(required: Coin(base.minimumFee, base.denomination))
      }
      return FeePayment()
    }
    let currency = try currency(amount.denomination).currency
    // What is closed can be paid in its own currency, though that was retired.
    let closed = transaction.closedDeployment.flatMap { overlay.read(Tables.escrow, $0) }
    let isOwnCurrency = closed?.denomination == currency.denomination
    guard !currency.isRetired || isOwnCurrency else { throw .retiredDenomination(currency.denomination) }
    guard amount.amount >= currency.minimumFee else {
      throw .insufficientFee(required: Coin(currency.minimumFee, currency.denomination))
    }
    let coin = Coin(amount.amount, currency.denomination)
    let payer = fee.granter ?? sender
    if payer != sender {
      try useGrant(.fees, of: payer, to: sender, for: coin)
    } else if let id = transaction.closedDeployment, coin.amount == currency.minimumFee,
      let paid = try takeClosingFee(coin, of: id)
    {
      return FeePayment(fee: paid.amount.isZero ? nil : paid, isFromEscrow: true)
    }
    try transfer(coin, from: payer, to: ModuleAccount.feeCollector.address)
    return FeePayment(fee: coin)
  }

  /// Takes the fee of a close for which the owner's balance does not suffice: all of the balance, and the rest
  /// out of the deployment's escrow. So a close can always be paid, and nobody is billed for want of a fee.
  ///
  /// Nobody can abuse it. It gives at most the minimum fee, only to a transaction that ends a lease or a
  /// deployment, and each of these was opened by a transaction that paid in full. Where even the escrow holds
  /// less than the fee, what is there suffices, for the same reason.
  ///
  /// - Returns: The fee that was taken; nil, with nothing changed, when the balance suffices, or no open
  ///   escrow in this currency is there.
  private func takeClosingFee(_ fee: Coin, of id: DeploymentID) throws(Rejection) -> Coin? {
    let available = balance(of: id.owner, in: fee.denomination)
    guard available < fee.amount, let escrow = overlay.read(Tables.escrow, id), escrow.state != .closed,
      escrow.denomination == fee.denomination
    else { return nil }
    var account = try settledEscrow(of: id)
    let missing = try checked(fee.amount.subtracting(available))
    let drawn = Coin(try checked(account.draw(missing, owner: id.owner)), fee.denomination)
    account.restartRunway()
    try store(account, of: id)
    if !drawn.amount.isZero {
      try transfer(drawn, from: ModuleAccount.escrow.address, to: id.owner)
      emit(.closingFeeDrawn(deployment: id, coin: drawn))
    }
    let paid = Coin(try checked(available.adding(drawn.amount)), fee.denomination)
    try transfer(paid, from: id.owner, to: ModuleAccount.feeCollector.address)
    return paid
  }

  package func execute(_ action: Action) throws(Rejection) {
    switch action {
    case .send(let action): try send(action)
    case .mint(let action): try mint(action)
    case .burn(let action): try burn(action)
    case .registerProvider(let record): try registerProvider(record)
    case .updateProvider(let record): try updateProvider(record)
    case .leaveProvider(let owner): try leaveProvider(owner)
    case .signAttributes(let provider, let auditor, let attributes):
      try signAttributes(provider: provider, auditor: auditor, attributes: attributes)
    case .withdrawAttributes(let provider, let auditor, let keys):
      try withdrawAttributes(provider: provider, auditor: auditor, keys: keys)
    case .agreeLease(let agreement): try agree(agreement)
    case .updateDeployment(let id, let hash): try updateDeployment(id, manifestHash: hash)
    case .depositDeployment(let id, let coin, let depositor): try depositDeployment(id, coin, from: depositor)
    case .closeDeployment(let id): try closeDeployment(id)
    case .closeLease(let id): try closeLease(id)
    case .resignLease(let id, let reason): try resignLease(id, reason: reason)
    case .startReclamation(let id, let reason): try startReclamation(id, reason: reason)
    case .withdrawLease(let id): try withdrawLease(id)
    case .grant(let action): try grant(action)
    case .revokeGrant(let granter, let grantee, let kind, let denomination):
      try revokeGrant(granter: granter, grantee: grantee, kind: kind, denomination: denomination)
    case .createValidator(let creation): try createValidator(creation)
    case .editValidator(let edit): try editValidator(edit)
    case .delegate(let delegator, let validator, let coin): try delegate(delegator, to: validator, coin)
    case .undelegate(let delegator, let validator, let coin): try undelegate(delegator, from: validator, coin)
    case .redelegate(let delegator, let source, let destination, let coin):
      try redelegate(delegator, from: source, to: destination, coin)
    case .unjail(let address): try unjail(address)
    case .withdrawReward(let delegator, let validator): try withdrawReward(delegator, from: validator)
    case .withdrawCommission(let validator): try withdrawCommission(validator)
    case .submitProposal(let submission): try submit(submission)
    case .depositProposal(let id, let depositor, let amount): try deposit(amount, from: depositor, on: id)
    case .vote(let id, let voter, let options): try vote(id, voter, options)
    }
  }
}

/// What was paid for a transaction.
struct FeePayment {
  /// Nil when the transaction has no fee.
  var fee: Coin?
  /// Whether the escrow of the deployment that the transaction closes gave a part of the fee.
  var isFromEscrow = false
}

extension Transaction {
  /// The deployment that this transaction closes, or a lease of it, when it does nothing else; else nil.
  var closedDeployment: DeploymentID? {
    guard actions.count == 1 else { return nil }
    switch actions[0] {
    case .closeDeployment(let id): return id
    case .closeLease(let lease): return lease.deployment
    default: return nil
    }
  }
}
