import API
import Chain
import Cryptography
import Ledger
import Primitives
import Replication

// Queries about parameters, currencies, validators and proposals.
extension NodeService {
  func take() async throws -> [Answer.Take] {
    await query { query, _ in
      query.currencies.map { status in
        let pool = query.balance(of: .communityPool, in: status.currency.denomination)
        return Answer.Take(status, communityPool: pool)
      }
    }
  }

  func income(denomination: String?, from: String?, to: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Income>
  {
    func day(_ text: String?, _ standard: UInt64) throws -> UInt64 {
      guard let text else { return standard }
      guard let day = CalendarDay.number(text) else {
        throw ServingError.invalid("`\(text)` is not a day", fix: "a date such as 2026-11-24, UTC")
      }
      return day
    }
    let first = try day(from, 0)
    let last = try day(to, UInt64(UInt32.max))
    guard first <= last else {
      throw ServingError.invalid("the period ends before it begins", fix: "from= must not be after to=")
    }
    let wanted = try denomination.map { try self.denomination($0) }
    let line = { @Sendable (income: (day: UInt64, coin: Coin)) in
      Answer.Income(day: income.day, coin: income.coin)
    }
    return try await self.page(page, of: line) { (request, query, _) throws(PageFault) in
      let own = wanted.map { wanted in query.currency(wanted)?.currency.denomination ?? wanted }
      return try query.takeIncome(in: own, days: first...last, request)
    }
  }

  func denomination(_ text: String) throws -> Denomination {
    guard let denomination = Denomination(text) else {
      throw ServingError.invalid("`\(text)` is not a denomination", fix: "such as uakt or uusdc")
    }
    return denomination
  }

  func parameters() async throws -> [Answer.Parameter] {
    await query { query, _ in query.parameterStatuses.map { Answer.Parameter($0) } }
  }

  func currencies() async throws -> [Answer.Currency] {
    await query { query, _ in
      query.currencies.map { Answer.Currency($0, supply: query.supply(of: $0.currency.denomination)) }
    }
  }

  func currency(_ text: String) async throws -> Answer.Currency {
    let found = await query { query, _ in
      let status =
        Denomination(text).flatMap { query.currency($0) }
        ?? query.currencies.first { $0.currency.symbol.lowercased() == text.lowercased() }
      return status.map { Answer.Currency($0, supply: query.supply(of: $0.currency.denomination)) }
    }
    guard let found else { throw ServingError.notFound("no currency is called \(text)") }
    return found
  }

  /// A page of validators. Pages follow each other by address; within a page the most powerful come first.
  func validators(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Validator> {
    let known = ValidatorRecord.Status.allCases.map(\.name) + ["jailed"]
    let fix = "bonded, unbonding, unbonded or jailed"
    _ = try value(named: status, \.self, among: known, "a validator's status", fix: fix)
    return try await self.page(page) { (request, replica) throws(PageFault) in
      let set = replica.tip.validators
      let found = try LedgerQuery(state: replica.view).validators(request)
      let fitting = found.items.filter {
        status == nil || $0.record.status.name == status || (status == "jailed" && $0.record.isJailed)
      }
      let lines = fitting.map { Answer.Validator($0.address, $0.record, power: set.power(of: $0.address)) }
      let sorted = lines.sorted { ($0.power, $1.operatorAddress) > ($1.power, $0.operatorAddress) }
      return Page(items: sorted, next: found.next)
    }
  }

  func validator(_ text: String) async throws -> Answer.Validator {
    let address = try address(text)
    let found = await host.read { replica in
      LedgerQuery(state: replica.view).validator(address).map {
        Answer.Validator(address, $0, power: replica.tip.validators.power(of: address))
      }
    }
    guard let found else { throw ServingError.notFound("\(text) is not a validator's operator") }
    return found
  }

  func delegations(to text: String, _ page: PageQuery) async throws -> Answer.Page<Answer.Delegation> {
    let address = try address(text)
    return try await self.page(page, of: { Answer.Delegation($0) }) { (request, query, _) throws(PageFault) in
      try query.delegations(to: address, request)
    }
  }

  func stake(of text: String) async throws -> Answer.Stake {
    let address = try address(text)
    return await query { query, _ in Answer.Stake(of: address, in: query) }
  }

  func proposals(status: String?, _ page: PageQuery) async throws -> Answer.Page<Answer.Proposal> {
    let all = ProposalRecord.Status.allCases
    let fix = all.map(\.name).joined(separator: ", ")
    let wanted = try value(named: status, \.name, among: all, "a proposal's status", fix: fix)
    return try await self.page(
      page,
      { (request, query, _) throws(PageFault) in try query.proposals(in: wanted, request) },
      { proposal, _, _ in Answer.Proposal(proposal.id, proposal.record, tally: proposal.record.tally) }
    )
  }

  func proposal(_ id: UInt64) async throws -> Answer.Proposal {
    let found = await query { query, _ in
      query.proposal(id).map { record in
        Answer.Proposal(id, record, tally: record.votingStart == nil ? nil : query.tally(ofProposal: id))
      }
    }
    guard let found else { throw ServingError.notFound("there is no proposal \(id)") }
    return found
  }

  func votes(onProposal id: UInt64, _ page: PageQuery) async throws -> Answer.Page<Answer.Vote> {
    guard await query({ query, _ in query.proposal(id) != nil }) else {
      throw ServingError.notFound("there is no proposal \(id)")
    }
    return try await self.page(
      page,
      { (request, query, _) throws(PageFault) in try query.votes(onProposal: id, request) },
      { vote, _, _ in Answer.Vote(vote.voter, vote.options) }
    )
  }
}

// Queries about grants and auditors.
extension NodeService {
  func grants(granter: String?, grantee: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.Grant>
  {
    let granter = try granter.map { try address($0) }
    let grantee = try grantee.map { try address($0) }
    return try await self.page(page, of: { Answer.Grant($0) }) { (request, query, _) throws(PageFault) in
      try query.grants(granter: granter, grantee: grantee, request)
    }
  }

  func signedAttributes(provider: String?, auditor: String?, _ page: PageQuery) async throws
    -> Answer.Page<Answer.SignedAttributes>
  {
    let provider = try provider.map { try address($0) }
    let auditor = try auditor.map { try address($0) }
    return try await self.page(page, of: { Answer.SignedAttributes($0) }) {
      (request, query, _) throws(PageFault) in
      try query.signedAttributes(provider: provider, auditor: auditor, request)
    }
  }
}

extension ValidatorSet {
  /// The voting power of a validator; 0 when it is not in the set.
  fileprivate func power(of address: Address) -> Int64 {
    index(ofAddress: address).flatMap { self[$0]?.power } ?? 0
  }
}
