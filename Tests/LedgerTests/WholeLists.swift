import Chain
import Cryptography
import Primitives

@testable import Ledger

/// Lists as a whole: the node answers in pages.
extension LedgerQuery {
  func proposals(in status: ProposalRecord.Status? = nil) -> [(id: UInt64, record: ProposalRecord)] {
    (try? proposals(in: status, .everything).items) ?? []
  }

  func votes(onProposal id: UInt64) -> [(voter: Address, options: [WeightedVoteOption])] {
    (try? votes(onProposal: id, .everything).items) ?? []
  }

  func matches(_ spec: GroupSpec, requiresAuditedGPUs: Bool) -> [ProviderMatch] {
    (try? matches(spec, requiresAuditedGPUs: requiresAuditedGPUs, .everything).items) ?? []
  }

  func grants(granter: Address? = nil, grantee: Address? = nil) -> [GrantStatus] {
    (try? grants(granter: granter, grantee: grantee, .everything).items) ?? []
  }

  func takeIncome(
    in denomination: Denomination? = nil,
    days: ClosedRange<UInt64> = 0...UInt64.max - 1
  ) -> [(day: UInt64, coin: Coin)] {
    (try? takeIncome(in: denomination, days: days, .everything).items) ?? []
  }
}
