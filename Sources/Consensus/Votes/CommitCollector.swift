import Chain
import Cryptography

/// The commit certificate of the last decided height. Precommits that arrive late are added to it, so that
/// the next block shows all validators that took part.
///
/// The collector also stores precommits of the same round for another block or nil. They become evidence if
/// the certificate of another node shows that their authors signed for the decided block too.
struct CommitCollector: Sendable {
  private(set) var certificate: Certificate
  let validators: ValidatorSet?
  /// Precommits of the certificate's round for something else than its block, at most one of each validator.
  private var conflictingPrecommits: [ValidatorIndex: Vote] = [:]

  /// `validators` is nil if the height was not decided here; then no precommits can be added. `votes` are
  /// precommits of the certificate's round.
  init(_ certificate: Certificate, validators: ValidatorSet?, votes: [Vote] = []) {
    self.certificate = certificate
    self.validators = validators
    for vote in votes { _ = add(vote) }
  }

  /// Adds a verified precommit. Ignores votes of other heights and rounds and prevotes.
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
        if conflictingPrecommits[vote.validator] == nil { conflictingPrecommits[vote.validator] = vote }
        return nil
      }
      var other = vote
      other.block = certificate.block
      other.signature = certificate.signatures[before]
      return .duplicateVote(other, vote)
    }
    if let other = conflictingPrecommits[vote.validator] { return .duplicateVote(vote, other) }
    guard signers.insert(vote.validator) else { return nil }
    certificate.signers = signers.bytes
    certificate.signatures.insert(vote.signature, at: before)
    return nil
  }

  /// The evidence that follows from the stored precommits and `other`, a verified certificate of the same
  /// decision: validators that signed both.
  func contradictions(with other: Certificate) -> [Evidence] {
    guard !conflictingPrecommits.isEmpty, other.round == certificate.round, other.block == certificate.block
    else { return [] }
    return other.votes.compactMap { vote in
      conflictingPrecommits[vote.validator].map { .duplicateVote(vote, $0) }
    }
  }
}
