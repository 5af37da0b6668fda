public import Chain
public import Cryptography
public import Primitives

/// The attributes that an auditor has signed about a provider.
public struct SignedAttributes: Hashable, Sendable {
  public var provider: Address
  public var auditor: Address
  /// Sorted by key.
  public var attributes: [Attribute]
}

/// A registered provider, and whether it can serve a group by the ledger's rules.
public struct ProviderMatch: Hashable, Sendable {
  public var provider: Address
  /// The first reason why the provider cannot serve the group; nil when it can.
  public var reason: MismatchReason?
}

extension LedgerQuery {
  /// The attributes that auditors have signed about a provider. The keys are the auditors' addresses as text.
  public func signedAttributesByAuditor(of provider: Address) -> [String: [Attribute]] {
    let signed = signedAttributes(provider: provider).map { ($0.auditor.text(), $0.attributes) }
    return Dictionary(signed, uniquingKeysWith: { $1 })
  }

  /// Signed attributes by provider, by auditor or by both.
  public func signedAttributes(
    provider: Address? = nil,
    auditor: Address? = nil,
    _ request: PageRequest
  ) throws(PageFault) -> Page<SignedAttributes> {
    func signed(_ key: Pair<Address, Address>) -> SignedAttributes? {
      state.read(Tables.signedAttributes, key).map {
        SignedAttributes(provider: key.first, auditor: key.second, attributes: $0.attributes)
      }
    }
    guard let auditor else {
      let prefix = provider.map { Tables.signedAttributes.prefix($0) }
      return try state.page(Tables.signedAttributes, prefix: prefix, request) { key, _ in signed(key) }
    }
    let prefix =
      provider.map { Tables.signedByAuditor.prefix(auditor, $0) } ?? Tables.signedByAuditor.prefix(auditor)
    return try state.page(Tables.signedByAuditor, prefix: prefix, request) { key, _ in
      signed(Pair(key.second, key.first))
    }
  }

  public func signedAttributes(provider: Address? = nil, auditor: Address? = nil) -> [SignedAttributes] {
    (try? signedAttributes(provider: provider, auditor: auditor, .everything).items) ?? []
  }

  /// All registered providers, each with the first reason why it cannot serve a group, or nil.
  public func matches(
    _ spec: GroupSpec,
    requiresAuditedGPUs: Bool,
    _ request: PageRequest
  ) throws(PageFault) -> Page<ProviderMatch> {
    try state.page(Tables.providers, request) { owner, entry in
      let signed = signedAttributesByAuditor(of: owner)
      let reason = Matching.mismatch(
        spec,
        attributes: entry.record.attributes,
        requiresAuditedGPUs: requiresAuditedGPUs,
        signed: { signed[$0] }
      )
      return ProviderMatch(provider: owner, reason: reason)
    }
  }
}

// Grants.
extension LedgerQuery {
  /// A grant with the rest of its limit.
  public struct GrantStatus: Hashable, Sendable {
    public var granter: Address
    public var grantee: Address
    public var kind: Grant.Kind
    public var limit: Coin
    public var expiresAt: Timestamp
  }

  /// Grants by granter, by grantee or by both.
  public func grants(
    granter: Address? = nil,
    grantee: Address? = nil,
    _ request: PageRequest
  ) throws(PageFault) -> Page<GrantStatus> {
    func status(_ key: GrantKey) -> GrantStatus? {
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
    guard let granter else {
      let prefix = grantee.map { Tables.grantsByGrantee.prefix($0) }
      return try state.page(Tables.grantsByGrantee, prefix: prefix, request) { key, _ in
        status(key.byGrantee)
      }
    }
    let prefix = grantee.map { Tables.grants.prefix(granter, $0) } ?? Tables.grants.prefix(granter)
    return try state.page(Tables.grants, prefix: prefix, request) { key, _ in status(key) }
  }
}
