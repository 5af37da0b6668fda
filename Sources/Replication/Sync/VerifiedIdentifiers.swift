import Chain
import Cryptography

/// The identifiers of arrived blocks that are proven to be in the chain. Each header contains the identifier
/// of its parent, so one verified certificate proves all blocks below it, as long as the validators do not
/// change.
struct VerifiedIdentifiers: Sendable {
  /// The identifiers by height.
  private var identifiers: [Height: Digest] = [:]

  func isKnown(_ identifier: Digest, at height: Height) -> Bool { identifiers[height] == identifier }

  mutating func forget(through height: Height) { identifiers = identifiers.filter { $0.key > height } }

  /// Follows the arrived blocks from `tip` upwards, as long as each names its parent and has the validators
  /// that follow from the tip's without a change. Verifies the certificate of the highest of them and, if it
  /// is valid, stores the identifiers of all.
  mutating func extend(
    from tip: Tip,
    arrivals: (Height) -> BlockSync.Arrival?,
    verify: (Certificate, ValidatorSet) -> Bool
  ) {
    // A single block is checked by its own certificate.
    guard identifiers[tip.height + 1] == nil, arrivals(tip.height + 2) != nil else { return }
    var run: [(height: Height, identifier: Digest)] = []
    var parent = tip.block
    var validators = tip.validators
    var next = tip.nextValidators
    var top: (certificate: Certificate, validators: ValidatorSet)?
    while run.count < Int(BlockSync.batch), let arrival = arrivals(tip.height + Height(run.count) + 1) {
      let header = arrival.block.header
      guard header.parent == parent, header.validatorsHash == validators.hash,
        header.nextValidatorsHash == next.hash
      else { break }
      let certificate = arrival.certificate
      guard certificate.isCommit(of: arrival.block) else { break }
      parent = arrival.block.identifier
      run.append((header.height, parent))
      top = (certificate, validators)
      validators = next
      next.advance()
    }
    guard run.count > 1, let top, verify(top.certificate, top.validators) else { return }
    for (height, identifier) in run { identifiers[height] = identifier }
  }
}

extension Certificate {
  /// Whether the certificate is a commit of `block`. Does not check signatures.
  func isCommit(of block: Block) -> Bool {
    kind == .precommit && height == block.header.height && self.block == block.identifier
  }
}
