public import Chain
public import Cryptography
import Foundation
public import Ledger
public import Primitives

extension Answer.Proposal {
  public init(_ id: UInt64, _ record: ProposalRecord, tally: Tally?) {
    self.init(
      id: id,
      title: record.title,
      summary: record.summary,
      proposer: record.proposer.text(),
      status: record.status.name,
      expedited: record.isExpedited,
      contents: record.contents.map { Answer.ProposalContent($0) },
      deposit: record.deposit.description,
      submittedAtHeight: record.submittedAt.height,
      depositEnd: record.depositEnd.text,
      votingStart: record.votingStart?.text,
      votingEnd: record.votingEnd?.text,
      tally: tally.map { Answer.Tally($0) },
      log: record.log
    )
  }
}

extension Answer.Tally {
  public init(_ tally: Tally) {
    self.init(
      yes: tally.yes.description,
      abstain: tally.abstain.description,
      no: tally.no.description,
      noWithVeto: tally.noWithVeto.description,
      bonded: tally.bonded.description
    )
  }
}

extension Answer.Vote {
  public init(_ voter: Address, _ options: [WeightedVoteOption]) {
    let weights = options.map { Answer.Event.Attribute(key: $0.option.name, value: $0.weight.description) }
    self.init(voter: voter.text(), options: weights)
  }
}

extension Answer.ProposalContent {
  public init(_ content: ProposalContent) {
    typealias Field = Answer.Event.Attribute
    switch content {
    case .text(let text): self.init(kind: "text", fields: [Field(key: "text", value: text)])
    case .parameters(let changes):
      self.init(kind: "parameters", fields: changes.map { Field(key: $0.key, value: $0.value) })
    case .addCurrency(let currency): self.init(kind: "add_currency", fields: Self.fields(of: currency))
    case .retireCurrency(let denomination):
      self.init(kind: "retire_currency", fields: [Field(key: "denomination", value: denomination.name)])
    case .communitySpend(let recipient, let amount):
      let coins = amount.map { Field(key: "amount", value: $0.description) }
      self.init(kind: "community_spend", fields: [Field(key: "recipient", value: recipient.text())] + coins)
    case .softwareUpgrade(let upgrade):
      self.init(
        kind: "software_upgrade",
        fields: [
          Field(key: "name", value: upgrade.name),
          Field(key: "height", value: String(upgrade.height)),
          Field(key: "protocol_version", value: String(upgrade.protocolVersion)),
          Field(key: "info", value: upgrade.info),
        ]
      )
    }
  }

  private static func fields(of currency: Currency) -> [Answer.Event.Attribute] {
    var fields: [Answer.Event.Attribute] = [
      .init(key: "denomination", value: currency.denomination.name),
      .init(key: "symbol", value: currency.symbol),
      .init(key: "exponent", value: String(currency.exponent)),
      .init(key: "minimum_deposit", value: currency.minimumDeposit.description),
      .init(key: "lease_deposit", value: currency.leaseDeposit.description),
      .init(key: "minimum_fee", value: currency.minimumFee.description),
      .init(key: "take_basis_points", value: currency.takeBasisPoints.map { String($0) } ?? "default"),
    ]
    for alias in currency.aliases { fields.append(.init(key: "alias", value: alias.name)) }
    if let issuer = currency.issuer {
      fields.append(.init(key: "issuer", value: issuer.text()))
      fields.append(.init(key: "mint_cap", value: currency.mintCap.description))
    }
    return fields
  }
}

extension Answer.Parameter {
  public init(_ status: ParameterStatus) {
    self.init(
      key: status.key,
      value: status.value,
      type: status.type,
      unit: status.unit,
      minimum: String(status.range.lowerBound),
      maximum: String(status.range.upperBound),
      standard: status.defaultValue,
      summary: status.summary,
      proposal: status.proposal == 0 ? nil : status.proposal
    )
  }
}

extension Answer.Currency {
  public init<State: StateReading>(_ status: LedgerQuery<State>.CurrencyStatus, supply: Amount) {
    let currency = status.currency
    self.init(
      denomination: currency.denomination.name,
      symbol: currency.symbol,
      exponent: currency.exponent,
      aliases: currency.aliases.map(\.name),
      minimumDeposit: currency.minimumDeposit.description,
      leaseDeposit: currency.leaseDeposit.description,
      minimumFee: currency.minimumFee.description,
      takeBasisPoints: status.takeBasisPoints,
      supply: supply.description,
      issuer: currency.issuer?.text(),
      mintCap: currency.mintCap.description,
      minted: status.minted.description,
      retired: currency.isRetired
    )
  }
}

extension Answer.Take {
  public init<State: StateReading>(_ status: LedgerQuery<State>.CurrencyStatus, communityPool: Amount) {
    self.init(
      denomination: status.currency.denomination.name,
      basisPoints: status.takeBasisPoints,
      collected: status.takeCollected.description,
      stakers: status.paidToStakers.description,
      communityPool: communityPool.description
    )
  }
}

extension Answer.Income {
  /// `day`: counted since the Unix epoch.
  public init(day: UInt64, coin: Coin) {
    let (name, amount) = (coin.denomination.name, coin.amount.description)
    self.init(day: CalendarDay.text(day), denomination: name, amount: amount)
  }
}

extension Answer.Grant {
  public init<State: StateReading>(_ grant: LedgerQuery<State>.GrantStatus) {
    self.init(
      granter: grant.granter.text(),
      grantee: grant.grantee.text(),
      kind: grant.kind.name,
      limit: Answer.Coin(grant.limit),
      expiresAt: grant.expiresAt.text
    )
  }
}

extension Answer.SignedAttributes {
  public init(_ signed: SignedAttributes) {
    self.init(
      provider: signed.provider.text(),
      auditor: signed.auditor.text(),
      attributes: signed.attributes.map { .init($0) }
    )
  }
}

/// Converts days since 1970-01-01 (UTC) to and from text such as `2026-11-24`.
public enum CalendarDay {
  public static func text(_ day: UInt64) -> String {
    Date(timeIntervalSince1970: Double(day) * 86_400).formatted(.iso8601.year().month().day())
  }

  /// Parses a date; nil when `text` is not a date like `2026-11-24`, or is before 1970.
  public static func number(_ text: String) -> UInt64? {
    guard let date = try? Date(text, strategy: .iso8601.year().month().day()), date.timeIntervalSince1970 >= 0
    else { return nil }
    return UInt64(date.timeIntervalSince1970 / 86_400)
  }
}

extension Answer.Proof {
  public init(_ evidence: CertifiedProof) {
    self.init(
      chainId: evidence.header.chain.text,
      kind: evidence.entry.kind.rawValue,
      key: evidence.entry.text,
      value: evidence.value.map { Hex.encode($0) },
      proof: Hex.encode(evidence.proof.encoded()),
      header: Hex.encode(evidence.header.encoded),
      certificate: Hex.encode(evidence.certificate.encoded),
      validators: Hex.encode(evidence.validators.encoded)
    )
  }

  /// The reason why a file is not a proof: the wrong field and the problem.
  public struct Fault: Error, CustomStringConvertible, Sendable {
    public var field: String
    public var problem: String
    public var description: String { "\(field): \(problem)" }
  }

  /// Decodes the proof without checking it; `CertifiedProof.verify` checks it. Throws `Fault`.
  public func decoded() throws -> CertifiedProof {
    func bytes(_ text: String, _ field: String) throws(Fault) -> [UInt8] {
      guard let bytes = Hex.decode(text) else { throw Fault(field: field, problem: "it is not hex") }
      return bytes
    }
    func decoded<Value>(
      _ text: String,
      _ field: String,
      _ decode: ([UInt8]) throws(DecodingError) -> Value
    ) throws(Fault) -> Value {
      let bytes = try bytes(text, field)
      do {
        return try decode(bytes)
      } catch {
        throw Fault(field: field, problem: "it does not decode: \(error)")
      }
    }
    guard let known = ProvenEntry.Kind(rawValue: kind) else {
      throw Fault(field: "kind", problem: "`\(kind)` is none of balance, lease and vote")
    }
    guard let entry = ProvenEntry(known, key) else {
      throw Fault(field: "key", problem: "`\(key)` is not \(known.form)")
    }
    return CertifiedProof(
      entry: entry,
      value: try value.map { try bytes($0, "value") },
      proof: try decoded(proof, "proof") { (bytes) throws(DecodingError) in
        try StateTreeProof(decoding: bytes)
      },
      header: try decoded(header, "header") { (bytes) throws(DecodingError) in try Header(decoding: bytes) },
      certificate: try decoded(certificate, "certificate") { (bytes) throws(DecodingError) in
        try Certificate(decoding: bytes)
      },
      validators: try decoded(validators, "validators") { (bytes) throws(DecodingError) in
        try ValidatorSet(decoding: bytes)
      }
    )
  }
}
