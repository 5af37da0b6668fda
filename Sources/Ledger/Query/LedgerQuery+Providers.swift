public import Chain
public import Cryptography
import Primitives

extension LedgerQuery {
  /// What auditors have signed about a provider, by the auditor's address as text.
  public func auditTexts(of provider: Address) -> [String: [Attribute]] {
    let prefix = Tables.signedAttributes.prefix { $0.write(provider) }
    let records = state.scan(Tables.signedAttributes, prefix: prefix, limit: Self.pageLimit)
    return Dictionary(records.map { ($0.key.second.text(), $0.value.attributes) }, uniquingKeysWith: { $1 })
  }
}
