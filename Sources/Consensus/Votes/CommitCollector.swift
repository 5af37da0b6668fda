import Chain
import Cryptography

/// The last decided height's certificate, which grows while late precommits come in, so that the next block can
/// show who took part; and the precommits of its round that say something else, should their authors be in somebody
/// else's certificate.
struct CommitCollector: Sendable {
  private(set) var certificate: Certificate
  let validators: ValidatorSet?
  /// By validator; at most one each.
  private var dissent: [ValidatorIndex: Vote] = [:]

  /// Without validators, when the height was not decided here, the certificate does not grow.
  ///
  /// `votes`: precommits of its round.
  init(_ certificate: Certificate, validators: ValidatorSet?, votes: [Vote] = []) {
    self.certificate = certificate
    self.validators = validators
    for vote in votes { _ = add(vote) }
  }

  /// Takes a verified precommit of the round.
  ///
  /// - Returns: Evidence when its author precommitted something else as well.
  mutating func add(_ vote: Vote) -> Evidence? {
    guard vote.kind == .precommit, vote.height == certificate.height, vote.round == certificate.round else {
      return nil
    }
    guard let validators, Int(vote.validator) < validators.count else { return nil }
    guard var signers = SignerSet(bytes: certificate.signers, count: validators.count) else { return nil }
    let before = signers.indices.prefix { $0 < vote.validator }.count
    guard before <= certificate.signatures.count else { return nil }
    if vote.block != certificate.block {
      guard signers.contains(vote.validator) else {
        if dissent[vote.validator] == nil { dissent[vote.validator] = vote }
        return nil
      }
      var other = vote
      other.block = certificate.block
      other.signature = certificate.signatures[before]
      return .duplicateVote(other, vote)
    }
    if let other = dissent[vote.validator] { return .duplicateVote(vote, other) }
    guard signers.insert(vote.validator) else { return nil }
    certificate.signers = signers.bytes
    certificate.signatures.insert(vote.signature, at: before)
    return nil
  }

  /// Evidence that another verified certificate of the same decision gives together with what was precommitted here.
  func contradictions(with other: Certificate) -> [Evidence] {
    guard !dissent.isEmpty, other.round == certificate.round, other.block == certificate.block else {
      return []
    }
    return other.votes.compactMap { vote in dissent[vote.validator].map { .duplicateVote(vote, $0) } }
  }
}
