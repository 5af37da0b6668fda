import Chain
import Cryptography
import Synchronization
import Testing

@Suite struct ValidatorSetVerificationTests {
  let chain = ChainID("supercloud-test")!
  let keys: [SigningKey]
  let set: ValidatorSet
  let block = Digest.sha256([1])
  let other = Digest.sha256([2])

  init() throws {
    let signing = (0..<10).map { SigningKey(seed: Array(repeating: UInt8($0 + 1), count: 32))! }
    let validators = signing.map {
      Validator(address: Address($0.publicKey), key: $0.publicKey, power: 10)
    }
    let made = try ValidatorSet(validators)
    set = made
    keys = made.members.map { member in signing.first { $0.publicKey == member.key }! }
  }

  func vote(
    _ index: Int,
    _ kind: Vote.Kind = .precommit,
    round: Round = 0,
    validRound: Round? = nil,
    block: Digest?,
    height: Height = 7
  ) -> Vote {
    let body = Vote.signBody(height: height, round: round, validRound: validRound, block: block)
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: validRound,
      block: block,
      validator: ValidatorIndex(index),
      signature: keys[index].sign(domain: kind.domain, chain: chain.text, body)
    )
  }

  func certificate(_ signers: [Int], round: Round = 0) -> Certificate {
    var bitmap = SignerSet(count: 10)
    for index in signers { bitmap.insert(ValidatorIndex(index)) }
    return Certificate(
      kind: .precommit,
      height: 7,
      round: round,
      validRound: nil,
      block: block,
      signers: bitmap.bytes,
      signatures: signers.map { vote($0, round: round, block: block).signature }
    )
  }

  @Test func `a quorum's certificate verifies, one signer fewer does not`() throws {
    try set.verify(certificate([0, 1, 2, 3, 5, 8, 9]), chain: chain)
    #expect(throws: ConsensusVerificationError.insufficientPower(60, needed: 67)) {
      try set.verify(certificate([0, 1, 2, 3, 5, 8]), chain: chain)
    }
  }

  @Test func `bitmaps of another size or with padding are refused`() {
    var certificate = certificate([0, 1, 2, 3, 4, 5, 6])
    let good = certificate.signers
    for bad in [[], Array(good.prefix(1)), good + [0], [good[0], good[1] | 0x80], [good[0], 0x04]] {
      certificate.signers = bad
      #expect(throws: ConsensusVerificationError.bitmap) { try set.verify(certificate, chain: chain) }
    }
  }

  @Test func `there are as many signatures as bits`() {
    var certificate = certificate([0, 1, 2, 3, 4, 5, 6])
    certificate.signatures.removeLast()
    #expect(throws: ConsensusVerificationError.signatureCount(expected: 7, found: 6)) {
      try set.verify(certificate, chain: chain)
    }
    certificate.signatures += [certificate.signatures[0], certificate.signatures[0]]
    #expect(throws: ConsensusVerificationError.signatureCount(expected: 7, found: 8)) {
      try set.verify(certificate, chain: chain)
    }
  }

  @Test func `every signature is checked, also those beyond a quorum`() {
    var certificate = certificate(Array(0..<10))
    certificate.signatures[9] = certificate.signatures[8]
    #expect(throws: ConsensusVerificationError.invalidSignature(9)) {
      try set.verify(certificate, chain: chain)
    }
  }

  @Test
  func
    `What a checked certificate has for the same vote is not checked again, and nothing else of it counts`()
    throws
  {
    let whole = certificate(Array(0..<10))
    var checked: [PublicKey] = []
    func verify(_ certificate: Certificate, known: [Certificate]) throws {
      let keys = Recorder()
      defer { checked = keys.keys }
      let checks = Checks { key, signature, domain, chain, body in
        keys.keys.append(key)
        return Checks.ed25519.checkSignature(key, signature, domain, chain, body)
      }
      try set.verify(certificate, chain: chain, known: known, using: checks)
    }
    try verify(whole, known: [certificate([0, 1, 2, 3, 4, 5, 6])])
    #expect(checked == [7, 8, 9].map { keys[$0].publicKey })
    // Of another round: not one signature of it helps.
    try verify(whole, known: [certificate(Array(0..<10), round: 1)])
    #expect(checked.count == 10)
    // A signature that differs from the known one is checked, and found wrong.
    var forged = whole
    forged.signatures[3] = whole.signatures[4]
    #expect(throws: ConsensusVerificationError.invalidSignature(3)) { try verify(forged, known: [whole]) }
    #expect(checked == [keys[3].publicKey])
  }

  @Test func `nothing of what is signed can be changed`() {
    let good = certificate([0, 1, 2, 3, 4, 5, 6])
    var changed = good
    changed.round = 1
    #expect(throws: ConsensusVerificationError.invalidSignature(0)) { try set.verify(changed, chain: chain) }
    changed = good
    changed.height = 8
    #expect(throws: ConsensusVerificationError.invalidSignature(0)) { try set.verify(changed, chain: chain) }
    changed = good
    changed.block = other
    #expect(throws: ConsensusVerificationError.invalidSignature(0)) { try set.verify(changed, chain: chain) }
    changed = good
    changed.kind = .prevote
    #expect(throws: ConsensusVerificationError.invalidSignature(0)) { try set.verify(changed, chain: chain) }
    changed = good
    changed.round = 3
    changed.validRound = 2
    #expect(throws: ConsensusVerificationError.malformed) { try set.verify(changed, chain: chain) }
    #expect(throws: ConsensusVerificationError.invalidSignature(0)) {
      try set.verify(good, chain: ChainID("supercloud-other")!)
    }
  }

  @Test func `a round certificate needs a quorum's precommits of the round before`() throws {
    func certificate(_ votes: [Vote]) -> RoundCertificate {
      RoundCertificate(height: 7, round: 3, votes: votes)
    }
    let votes = (0..<7).map { vote($0, round: 2, block: $0 < 3 ? block : nil) }
    try set.verify(certificate(votes), chain: chain)
    #expect(throws: ConsensusVerificationError.insufficientPower(60, needed: 67)) {
      try set.verify(certificate(Array(votes.dropLast())), chain: chain)
    }
    #expect(throws: ConsensusVerificationError.repeatedValidator(5)) {
      try set.verify(certificate(Array(votes.dropLast()) + [votes[5]]), chain: chain)
    }
    #expect(throws: ConsensusVerificationError.malformed) {
      try set.verify(
        certificate(Array(votes.dropLast()) + [vote(6, .prevote, round: 2, block: nil)]),
        chain: chain
      )
    }
  }

  @Test func `or an honest share's votes of that round or later`() throws {
    let votes = [
      vote(0, .prevote, round: 3, block: nil), vote(1, round: 4, block: block), vote(2, round: 3, block: nil),
      vote(3, .prevote, round: 9, validRound: 1, block: other),
    ]
    try set.verify(RoundCertificate(height: 7, round: 3, votes: votes), chain: chain)
    #expect(throws: ConsensusVerificationError.insufficientPower(30, needed: 34)) {
      try set.verify(RoundCertificate(height: 7, round: 3, votes: Array(votes.dropLast())), chain: chain)
    }
    #expect(throws: ConsensusVerificationError.malformed) {
      try set.verify(RoundCertificate(height: 7, round: 4, votes: votes), chain: chain)
    }
    #expect(throws: ConsensusVerificationError.malformed) {
      try set.verify(RoundCertificate(height: 7, round: 0, votes: votes), chain: chain)
    }
  }

  @Test func `votes of strangers and votes that contradict themselves prove nothing`() {
    var stranger = vote(0, block: block)
    stranger.validator = 10
    #expect(throws: ConsensusVerificationError.unknownValidator(10)) {
      try set.verify(stranger, chain: chain)
    }
    #expect(!vote(0, round: 2, validRound: 1, block: block).isWellFormed)
    #expect(!vote(0, .prevote, round: 2, validRound: 2, block: block).isWellFormed)
    #expect(!vote(0, .prevote, round: 2, validRound: 1, block: nil).isWellFormed)
    #expect(vote(0, .prevote, round: 2, validRound: 1, block: block).isWellFormed)
  }

  @Test func `evidence names its validator, and nobody who kept the rules`() throws {
    let double = Evidence.duplicateVote(vote(4, block: block), vote(4, block: other))
    #expect(try set.verify(double, chain: chain) == 4)
    let forgotten = Evidence.amnesia(
      precommit: vote(5, round: 1, block: block),
      prevote: vote(5, .prevote, round: 2, validRound: 0, block: other)
    )
    #expect(try set.verify(forgotten, chain: chain) == 5)
    let released = Evidence.amnesia(
      precommit: vote(5, round: 1, block: block),
      prevote: vote(5, .prevote, round: 2, validRound: 1, block: other)
    )
    #expect(throws: ConsensusVerificationError.noContradiction) { try set.verify(released, chain: chain) }
    let same = Evidence.duplicateVote(vote(4, block: block), vote(4, block: block))
    #expect(throws: ConsensusVerificationError.noContradiction) { try set.verify(same, chain: chain) }
    var forged = vote(4, block: other)
    forged.signature = vote(4, block: block).signature
    #expect(throws: ConsensusVerificationError.invalidSignature(4)) {
      try set.verify(.duplicateVote(vote(4, block: block), forged), chain: chain)
    }
  }
}

/// Whose signatures were checked; used by one test on one thread.
private final class Recorder: Sendable {
  private let storage = Mutex<[PublicKey]>([])

  var keys: [PublicKey] {
    get { storage.withLock { $0 } }
    set { storage.withLock { $0 = newValue } }
  }
}
