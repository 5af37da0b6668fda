import Chain
import Consensus
import Cryptography
import Primitives

/// Validators, signatures and blocks that are cheap and known in advance.
enum Fixture {
  static let chain = ChainID("supercloud-test")!

  static func key(_ number: Int) -> PublicKey {
    PublicKey([UInt8(number + 1)] + Array(repeating: 7, count: 31))!
  }

  /// Of equal power, so that number i has index i in every height's set.
  static func validators(_ count: Int) -> ValidatorSet {
    try! ValidatorSet(
      (0..<count).map { number in
        let address = Address([UInt8(number + 1)] + Array(repeating: 0, count: 19))!
        return Validator(address: address, key: key(number), power: 1)
      }
    )
  }

  /// Stands for a signature: a digest that includes the key, so that nobody signs for others by mistake.
  static func signature(_ number: Int, _ domain: SigningDomain, _ body: [UInt8]) -> Signature {
    let half = Digest.sha256(key(number).bytes + domain.tag + body).bytes
    return Signature(half + half)!
  }

  static let check = Checks { key, signature, domain, _, body in
    let half = Digest.sha256(key.bytes + (domain?.tag ?? []) + body).bytes
    return signature.bytes == half + half
  }

  static func block(_ number: UInt64) -> Digest {
    var writer = ByteWriter()
    writer.write(number)
    return Digest.sha256(writer.bytes)
  }

  static func vote(
    _ number: Int,
    _ kind: Vote.Kind,
    round: Round,
    block: Digest?,
    validRound: Round? = nil,
    height: Height = 1
  ) -> Vote {
    let body = Vote.signBody(height: height, round: round, validRound: validRound, block: block)
    return Vote(
      kind: kind,
      height: height,
      round: round,
      validRound: validRound,
      block: block,
      validator: ValidatorIndex(number),
      signature: signature(number, kind.domain, body)
    )
  }

  static func proposal(
    _ number: Int,
    round: Round,
    block: Digest,
    validRound: Round? = nil,
    height: Height = 1
  ) -> Proposal {
    let body = Vote.signBody(height: height, round: round, validRound: validRound, block: block)
    return Proposal(
      height: height,
      round: round,
      validRound: validRound,
      block: block,
      validator: ValidatorIndex(number),
      signature: signature(number, .proposal, body)
    )
  }

  static func certificate(
    _ numbers: [Int],
    _ kind: Vote.Kind,
    round: Round,
    block: Digest,
    validRound: Round? = nil,
    height: Height = 1,
    of count: Int = 4
  ) -> Certificate {
    var signers = SignerSet(count: count)
    for number in numbers { signers.insert(ValidatorIndex(number)) }
    let signatures = numbers.map {
      vote($0, kind, round: round, block: block, validRound: validRound, height: height).signature
    }
    return Certificate(
      kind: kind,
      height: height,
      round: round,
      validRound: validRound,
      block: block,
      signers: signers.bytes,
      signatures: signatures
    )
  }

  static func configuration(_ number: Int?) -> TendermintConfiguration {
    TendermintConfiguration(
      chain: chain,
      key: number.map { key($0) },
      timeouts: .lan,
      maximumBlockInterval: .seconds(2),
      statusInterval: .milliseconds(250)
    )
  }

  static func sign(_ request: SigningRequest) -> SignedMessage {
    request.message(with: signature(Int(request.validator), request.domain, request.signBody))!
  }
}

/// One machine whose signing requests are granted at once: what it says is collected.
struct Bench {
  var machine: Mutant
  var effects: [Effect] = []
  var signed: [SignedMessage] = []
  /// Grants signing requests at once.
  var grants = true
  var log: [LogRecord] = []

  /// The machine of validator `number`; `awake` announces work at once.
  init(
    _ number: Int?,
    of count: Int = 4,
    absent: [ValidatorIndex] = [],
    awake: Bool = true,
    breaking mutation: Mutation? = nil
  ) {
    machine = Mutant(Tendermint(configuration: Fixture.configuration(number)), mutation)
    let start = HeightStart(
      height: 1,
      validators: Fixture.validators(count),
      previousTime: Timestamp(milliseconds: 1_000_000),
      lastCommit: nil,
      absent: absent
    )
    feed(.beginHeight(start))
    if awake { feed(.workAvailable) }
  }

  mutating func feed(_ input: Input) {
    var turn = Tendermint.Turn(at: .zero)
    machine.step(input, &turn)
    effects.append(contentsOf: turn.effects)
    for effect in turn.effects {
      if case .log(let record) = effect { log.append(record) }
      guard case .sign(let request) = effect, grants else { continue }
      let message = Fixture.sign(request)
      signed.append(message)
      feed(.signed(message))
    }
  }

  mutating func feed(_ votes: [Vote]) {
    for vote in votes { feed(.vote(vote)) }
  }

  /// A timely proposal by whoever's turn it is, its block valid unless said otherwise.
  mutating func propose(
    _ block: Digest,
    by number: Int,
    round: Round,
    validRound: Round? = nil,
    isValid: Bool? = true,
    time: UInt64 = 2_000_000,
    receivedAt: UInt64 = 2_000_000
  ) {
    feed(
      .proposal(
        Fixture.proposal(number, round: round, block: block, validRound: validRound),
        time: Timestamp(milliseconds: time),
        receivedAt: Timestamp(milliseconds: receivedAt)
      )
    )
    if let isValid { feed(.blockValidated(block, isValid: isValid)) }
  }

  mutating func fire(_ kind: Timer.Kind, round: Round) {
    feed(.timeout(Timer(kind, height: 1, round: round)))
  }

  mutating func votes(
    _ kind: Vote.Kind,
    round: Round,
    _ block: Digest?,
    by numbers: [Int],
    validRound: Round? = nil
  ) {
    feed(numbers.map { Fixture.vote($0, kind, round: round, block: block, validRound: validRound) })
  }

  var votes: [Vote] {
    signed.compactMap { if case .vote(let vote) = $0 { vote } else { nil } }
  }

  func vote(_ kind: Vote.Kind, _ round: Round) -> Vote? {
    votes.last { $0.kind == kind && $0.round == round }
  }

  var decision: Digest? {
    for case .decide(_, _, let block, _) in effects { return block }
    return nil
  }

  var timers: [Timer] {
    effects.compactMap { if case .schedule(let timer, _) = $0 { timer } else { nil } }
  }
}

extension Vote {
  /// What it says, for comparison.
  var content: String {
    "\(kind) \(round) \(block.map { String($0.description.prefix(8)) } ?? "nil")"
      + (validRound.map { " on \($0)" } ?? "")
  }
}
