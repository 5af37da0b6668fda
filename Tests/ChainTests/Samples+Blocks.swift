import Chain
import Cryptography
import Primitives

extension Samples {
  mutating func height() -> Height { number(1...(flag() ? 1_000 : UInt64(Int64.max))) }
  mutating func round() -> Round { Round(number(0...(flag() ? 3 : UInt64(Int32.max)))) }
  mutating func validator() -> ValidatorIndex { ValidatorIndex(number(0...1_023)) }

  /// A round before `round`, sometimes.
  private mutating func validRound(before round: Round) -> Round? {
    round > 0 && flag() ? Round(random.next(below: UInt64(round))) : nil
  }

  mutating func vote(height: Height? = nil) -> Vote {
    let kind = flag() ? Vote.Kind.prevote : .precommit
    let round = round()
    let block = optional { $0.digest() }
    return Vote(
      kind: kind,
      height: height ?? self.height(),
      round: round,
      validRound: kind == .prevote && block != nil ? validRound(before: round) : nil,
      block: block,
      validator: validator(),
      signature: signature()
    )
  }

  mutating func proposal() -> Proposal {
    let round = round()
    return Proposal(
      height: height(),
      round: round,
      validRound: validRound(before: round),
      block: digest(),
      validator: validator(),
      signature: signature()
    )
  }

  mutating func certificate() -> Certificate {
    let kind = flag() ? Vote.Kind.prevote : .precommit
    let round = round()
    let signers = bytes(count(1...4)) + [1]
    return Certificate(
      kind: kind,
      height: height(),
      round: round,
      validRound: kind == .prevote ? validRound(before: round) : nil,
      block: digest(),
      signers: signers,
      signatures: (0..<signers.reduce(0) { $0 + $1.nonzeroBitCount }).map { _ in signature() }
    )
  }

  mutating func roundCertificate() -> RoundCertificate {
    let height = height()
    return RoundCertificate(height: height, round: round(), votes: list(1...7) { $0.vote(height: height) })
  }

  mutating func evidence() -> Evidence {
    if flag() {
      let first = proposal()
      var second = first
      second.block = digest()
      return .duplicateProposal(first, second)
    }
    var first = vote()
    first.block = digest()
    var second = first
    second.signature = signature()
    second.block = optional { $0.digest() }
    if second.block == nil { second.validRound = nil }
    if flag() { return .duplicateVote(first, second) }
    first.kind = .precommit
    first.round = 3 + first.round / 2
    first.validRound = nil
    second.kind = .prevote
    second.round = first.round + 1
    second.validRound = optional { Round($0.number(0...2)) }
    second.block = digest()
    return .amnesia(precommit: first, prevote: second)
  }

  mutating func header() -> Header {
    Header(
      version: ordinal(),
      chain: Self.chain,
      height: height(),
      time: time(),
      parent: digest(),
      stateRoot: digest(),
      receiptsRoot: digest(),
      transactionsRoot: digest(),
      evidenceRoot: digest(),
      lastCertificateHash: digest(),
      validatorsHash: digest(),
      nextValidatorsHash: digest(),
      proposer: address()
    )
  }

  mutating func block() -> Block {
    Block(
      header: header(),
      transactions: list(0...5) { $0.bytes($0.count(0...300)) },
      evidence: list(0...3) { $0.evidence() },
      lastCertificate: optional { $0.certificate() }
    )
  }
}
