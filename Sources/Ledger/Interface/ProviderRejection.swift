public import Chain
public import Cryptography
import Primitives

/// Why a change of a provider's record or of an auditor's signed attributes is rejected.
///
/// The codes in the codespaces `provider`, `audit` and `akash` are Akash's; the others are in `supercloud`.
public enum ProviderRejection: CodedRejection {
  case invalidHostURI
  case hostURINotAbsolute
  case providerNotFound(Address)
  case providerExists(Address)
  case incompatibleAttributes(lease: LeaseID)
  case invalidWebsite
  case providerHasLeases(Address)
  case duplicateAttribute(key: String)
  case illegalAttributeKey(key: String)
  case tooManyAttributes(limit: Int)
  case signedRecordNotFound
  case signedAttributeNotFound(key: String)

  public var answer: (code: Rejection.Code, text: String) {
    switch self {
    case .invalidHostURI: (.init(.provider, 1), "the host URI must be https://host[:port] without a path")
    case .hostURINotAbsolute: (.init(.provider, 2), "the host URI has no scheme")
    case .providerNotFound(let address): (.init(.provider, 3), "\(address) is not a registered provider")
    case .providerExists(let address): (.init(.provider, 4), "\(address) is registered already")
    case .incompatibleAttributes(let lease):
      (.init(.provider, 7), "lease \(lease) needs attributes that would be gone")
    case .invalidWebsite: (.init(.provider, 8), "the web site is not a URL")
    case .providerHasLeases(let address): (.init(.supercloud, 20), "\(address) still has active leases")
    case .duplicateAttribute(let key): (.init(.akash, 1), "attribute \(key) is listed twice")
    case .illegalAttributeKey(let key): (.init(.akash, 2), "attribute key \(key) is not legal")
    case .tooManyAttributes(let limit): (.init(.supercloud, 21), "at most \(limit) attributes are kept")
    case .signedRecordNotFound: (.init(.audit, 1), "this auditor has signed nothing about this provider")
    case .signedAttributeNotFound(let key): (.init(.audit, 3), "attribute \(key) is not signed")
    }
  }
}
