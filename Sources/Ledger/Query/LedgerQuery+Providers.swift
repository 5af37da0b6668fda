public import Chain
public import Cryptography
public import Primitives

/// What an auditor vouches for about a provider.
public struct SignedAttributes: Hashable, Sendable {
  public var provider: Address
  public var auditor: Address
  /// Sorted by key.
  public var attributes: [Attribute]
}

/// Whether a registered provider can serve a group, by the ledger's rules.
public struct ProviderMatch: Hashable, Sendable {
  public var provider: Address
  /// The first reason against it; nil when it matches.
  public var reason: MismatchReason?
}

extension LedgerQuery {
  /// What auditors have signed about a provider, by the auditor's address as text.
  public func auditTexts(of provider: Address) -> [String: [Attribute]] {
    let signed = signedAttributes(provider: provider).map { ($0.auditor.text(), $0.attributes) }
    return Dictionary(signed, uniquingKeysWith: { $1 })
  }

  /// What auditors have signed, by provider, by auditor or by both.
  public func signedAttributes(provider: Address? = nil, auditor: Address? = nil) -> [SignedAttributes] {
    let keys: [Pair<Address, Address>]
    if let provider, let auditor {
      keys = [Pair(provider, auditor)]
    } else if let auditor {
      let prefix = Tables.signedByAuditor.prefix { $0.write(auditor) }
      keys = state.scan(Tables.signedByAuditor, prefix: prefix, limit: Self.pageLimit)
        .map { Pair($0.key.second, $0.key.first) }
    } else {
      let prefix = provider.map { provider in Tables.signedAttributes.prefix { $0.write(provider) } }
      keys = state.scan(Tables.signedAttributes, prefix: prefix, limit: Self.pageLimit).map(\.key)
    }
    return keys.compactMap { key in
      state.read(Tables.signedAttributes, key).map {
        SignedAttributes(provider: key.first, auditor: key.second, attributes: $0.attributes)
      }
    }
  }

  /// Every registered provider, and the first reason why it cannot serve a group.
  public func matches(_ spec: GroupSpec, requiresAuditedGPUs: Bool) -> [ProviderMatch] {
    var matches: [ProviderMatch] = []
    state.forEach(Tables.providers) { owner, entry in
      let signed = auditTexts(of: owner)
      let reason = Matching.whyNot(
        spec,
        attributes: entry.record.attributes,
        requiresAuditedGPUs: requiresAuditedGPUs,
        signed: { signed[$0] }
      )
      matches.append(ProviderMatch(provider: owner, reason: reason))
    }
    return matches
  }
}

// Grants.
extension LedgerQuery {
  /// What is left of a grant.
  public struct GrantStatus: Hashable, Sendable {
    public var granter: Address
    public var grantee: Address
    public var kind: Grant.Kind
    public var limit: Coin
    public var expiresAt: Timestamp
  }

  /// Grants that somebody gave or got.
  public func grants(granter: Address? = nil, grantee: Address? = nil) -> [GrantStatus] {
    let keys: [GrantKey]
    if let granter {
      let prefix = Tables.grants.prefix { writer in
        writer.write(granter)
        if let grantee { writer.write(grantee) }
      }
      keys = state.scan(Tables.grants, prefix: prefix, limit: Self.pageLimit).map(\.key)
    } else {
      let prefix = grantee.map { grantee in Tables.grantsByGrantee.prefix { $0.write(grantee) } }
      keys = state.scan(Tables.grantsByGrantee, prefix: prefix, limit: Self.pageLimit)
        .map(\.key.byGrantee)
    }
    return keys.compactMap { key in
      state.read(Tables.grants, key).map { record in
        GrantStatus(
          granter: key.granter,
          grantee: key.grantee,
          kind: key.kind,
          limit: Coin(record.limit, key.denomination),
          expiresAt: record.expiresAt
        )
      }
    }
  }
}
