public import Chain
public import Cryptography
import Primitives

/// Why a change of a provider's record or of an auditor's signed attributes is rejected.
///
/// The codes in the codespaces `provider`, `audit` and `akash` are those of the reference chain; others are
/// in `supercloud`.
public enum ProviderRejection: Error, Hashable, Sendable, CustomStringConvertible {
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

  public var code: Rejection.Code {
    switch self {
    case .invalidHostURI: .init(.provider, 1)
    case .hostURINotAbsolute: .init(.provider, 2)
    case .providerNotFound: .init(.provider, 3)
    case .providerExists: .init(.provider, 4)
    case .incompatibleAttributes: .init(.provider, 7)
    case .invalidWebsite: .init(.provider, 8)
    case .providerHasLeases: .init(.supercloud, 20)
    case .duplicateAttribute: .init(.akash, 1)
    case .illegalAttributeKey: .init(.akash, 2)
    case .tooManyAttributes: .init(.supercloud, 21)
    case .signedRecordNotFound: .init(.audit, 1)
    case .signedAttributeNotFound: .init(.audit, 3)
    }
  }

  public var description: String {
    switch self {
    case .invalidHostURI: "the host URI must be https://host[:port] without a path"
    case .hostURINotAbsolute: "the host URI has no scheme"
    case .providerNotFound(let address): "\(address) is not a registered provider"
    case .providerExists(let address): "\(address) is registered already"
    case .incompatibleAttributes(let lease): "lease \(lease) needs attributes that would be gone"
    case .invalidWebsite: "the web site is not a URL"
    case .providerHasLeases(let address): "\(address) still has active leases"
    case .duplicateAttribute(let key): "attribute \(key) is listed twice"
    case .illegalAttributeKey(let key): "attribute key \(key) is not legal"
    case .tooManyAttributes(let limit): "at most \(limit) attributes are kept"
    case .signedRecordNotFound: "this auditor has signed nothing about this provider"
    case .signedAttributeNotFound(let key): "attribute \(key) is not signed"
    }
  }
}
