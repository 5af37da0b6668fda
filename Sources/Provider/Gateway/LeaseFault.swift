import Chain
import Cryptography
import Primitives

/// Why a lease request was rejected or refused, with advice.
public struct LeaseFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: UInt8, Hashable, Sendable, CaseIterable {
    case badRequest = 1
    case notOwner = 2
    case unknownLease = 3
    case malformedManifest = 4
    case hashMismatch = 5
    case manifestMismatch = 6
    case imageMissing = 7
    case unsupported = 8
    /// The provider does not know the chain's current state yet.
    case notReady = 9
    case failed = 10
  }

  public var code: Code
  public var message: String
  public var fix: String

  public init(_ code: Code, _ message: String, fix: String) {
    self.code = code
    self.message = message
    self.fix = fix
  }

  public var description: String { "\(message); \(fix)" }

  static func badRequest(_ error: DecodingError) -> LeaseFault {
    let problem = "the request cannot be decoded: \(error)"
    return LeaseFault(.badRequest, problem, fix: "use the same version of supercloud")
  }

  static func notOwner(_ asking: Address, _ lease: LeaseID) -> LeaseFault {
    let problem = "lease \(lease) belongs to \(lease.deployment.owner), not to \(asking)"
    return LeaseFault(.notOwner, problem, fix: "connect with the key of the deployment's owner")
  }

  static func unknown(_ lease: LeaseID, provider: Address) -> LeaseFault {
    guard lease.provider == provider else {
      let problem = "lease \(lease) is another provider's; this is \(provider)"
      return LeaseFault(.unknownLease, problem, fix: "connect to the provider that the lease names")
    }
    let fix = "if it was agreed a moment ago, try again; `supercloud lease list` shows its state"
    return LeaseFault(.unknownLease, "lease \(lease) is not active here", fix: fix)
  }

  static func hashes(chain: Digest, sent: Digest) -> LeaseFault {
    let problem = "the chain has manifest hash \(chain), the manifest sent has \(sent)"
    let fix = "send the manifest of the deploy.yaml that was ordered, or update the deployment first"
    return LeaseFault(.hashMismatch, problem, fix: fix)
  }

  static func obstacle(_ obstacle: String, _ lease: LeaseID) -> LeaseFault {
    let close = "`supercloud lease close \(lease.deployment.sequence) --group \(lease.group)`"
    let problem = "nothing new is started here: the provider \(obstacle)"
    return LeaseFault(.unsupported, problem, fix: "\(close) ends the lease, if the provider has not yet")
  }

  static func workload(_ error: WorkloadError) -> LeaseFault {
    switch error {
    case .imageMissing: LeaseFault(.imageMissing, "\(error)", fix: "name an image that the provider has")
    case .unsupported:
      LeaseFault(.unsupported, "\(error)", fix: "change the deploy.yaml and update the deployment")
    case .unknownService:
      LeaseFault(.badRequest, "\(error)", fix: "leave out the service to get the logs of all")
    case .notPrepared: LeaseFault(.failed, "no manifest came yet", fix: "send the manifest")
    case .launch, .stuck, .files: LeaseFault(.failed, "\(error)", fix: "ask the provider, or close the lease")
    }
  }
}
