import Chain
import Cryptography

/// The last decided height's certificate, which grows while late precommits come in, so that the next block can
/// show who took part.
struct CommitCollector: Sendable {
  private(set) var certificate: Certificate
  let validators: ValidatorSet?

  /// Without validators, when the height was not decided here, the certificate does not grow.
  init(_ certificate: Certificate, validators: ValidatorSet?) {
    self.certificate = certificate
    self.validators = validators
  }

  func concerns(_ vote: Vote) -> Bool {
    vote.kind == .precommit && vote.height == certificate.height && vote.round == certificate.round
      && vote.block == certificate.block
  }

  /// Adds a precommit that is verified and concerns the certificate.
  mutating func add(_ vote: Vote) {
    guard concerns(vote), let validators else { return }
    guard var signers = SignerSet(bytes: certificate.signers, count: validators.count) else { return }
    let before = signers.indices.prefix { $0 < vote.validator }.count
    guard before <= certificate.signatures.count, signers.insert(vote.validator) else { return }
    certificate.signers = signers.bytes
    certificate.signatures.insert(vote.signature, at: before)
  }
}
