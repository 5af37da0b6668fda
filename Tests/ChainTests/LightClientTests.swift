import Chain
import Cryptography
import Primitives
import Testing

/// A chain of headers whose validators change as a test says, without anything in its blocks.
private struct HeaderChain {
  static let chain = ChainID("light-1")!
  static let genesis = Digest.sha256([1])
  private(set) var blocks: [LightBlock] = []
  private var next: ValidatorSet
  private var afterNext: ValidatorSet
  private var parent = Self.genesis

  static func key(_ number: Int) -> SigningKey {
    SigningKey(seed: Array(repeating: UInt8(number + 1), count: 32))!
  }

  static func update(_ number: Int, power: Int64 = 10) -> ValidatorUpdate {
    ValidatorUpdate(address: Address(key(number).publicKey), key: key(number).publicKey, power: power)
  }

  init(_ validators: Range<Int>) throws {
    next = try ValidatorSet(
      validators.map { Validator(address: Self.update($0).address, key: Self.update($0).key, power: 10) }
    )
    afterNext = next
    afterNext.advance()
  }

  /// Validators who begin at height 1.
  var trusted: LightClient.Trusted {
    LightClient.Trusted(
      height: 0,
      time: Timestamp(milliseconds: 1_000),
      block: Self.genesis,
      nextValidators: blocks.first?.validators ?? next
    )
  }

  /// Adds a block; `updates` take effect two heights later. `signers` are places in the set, all by default.
  mutating func extend(_ updates: [ValidatorUpdate] = [], signers: [Int]? = nil) throws {
    let height = Height(blocks.count) + 1
    let header = Header(
      version: 1,
      chain: Self.chain,
      height: height,
      time: Timestamp(milliseconds: 1_000 + 1_000 * height),
      parent: parent,
      stateRoot: .zero,
      receiptsRoot: .zero,
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: next.hash,
      nextValidatorsHash: afterNext.hash,
      proposer: next.members[0].address
    )
    let block = LightBlock(
      header: header,
      certificate: Self.certificate(header, next, signers ?? Array(0..<next.count)),
      validators: next,
      nextValidators: afterNext
    )
    blocks.append(block)
    parent = block.identifier
    next = afterNext
    afterNext = try afterNext.applying(updates)
    afterNext.advance()
  }

  static func certificate(_ header: Header, _ set: ValidatorSet, _ places: [Int]) -> Certificate {
    var signers = SignerSet(count: set.count)
    let body = Vote.signBody(height: header.height, round: 0, validRound: nil, block: header.identifier)
    var signatures: [Signature] = []
    for place in places.sorted() {
      signers.insert(ValidatorIndex(place))
      let key = (0..<40).map { Self.key($0) }.first { $0.publicKey == set.members[place].key }!
      signatures.append(key.sign(domain: .precommit, chain: chain.text, body))
    }
    return Certificate(
      kind: .precommit,
      height: header.height,
      round: 0,
      validRound: nil,
      block: header.identifier,
      signers: signers.bytes,
      signatures: signatures
    )
  }
}

struct LightClientTests {
  private static func client(_ chain: HeaderChain, trusting: UInt64 = 1_000_000) -> LightClient {
    LightClient(
      chain: HeaderChain.chain,
      trusted: chain.trusted,
      settings: LightClient.Settings(trustingMilliseconds: trusting)
    )
  }

  private static func expect(
    _ expected: LightClient.Outcome,
    of block: LightBlock,
    at time: Timestamp = LightClientTests.now,
    by client: inout LightClient
  ) throws {
    let outcome = try client.offer(block, at: time)
    #expect(outcome == expected)
  }

  private static let now = Timestamp(milliseconds: 100_000)

  @Test func `with the same validators any height is believed at once`() throws {
    var chain = try HeaderChain(0..<4)
    for _ in 0..<50 { try chain.extend() }
    var client = Self.client(chain)
    try Self.expect(.trusted, of: chain.blocks[49], by: &client)
    #expect(client.trusted.height == 50)
    #expect(client.trusted.block == chain.blocks[49].identifier)
  }

  @Test func `headers one after the other need no overlap`() throws {
    var chain = try HeaderChain(0..<4)
    try chain.extend(
      (0..<4).map { HeaderChain.update($0, power: 0) } + (4..<8).map { HeaderChain.update($0) }
    )
    for _ in 0..<5 { try chain.extend() }
    var client = Self.client(chain)
    for block in chain.blocks { try Self.expect(.trusted, of: block, by: &client) }
    #expect(client.trusted.height == 6)
  }

  @Test func `when too few of the trusted signed, the headers between are asked for by halves`() throws {
    var chain = try HeaderChain(0..<4)
    for step in 0..<16 {
      // One leaves and one comes, four heights apart.
      let isChange = step % 4 == 0
      try chain.extend(
        isChange ? [HeaderChain.update(step / 4, power: 0), HeaderChain.update(step / 4 + 4)] : []
      )
    }
    for _ in 0..<4 { try chain.extend() }
    var client = Self.client(chain)
    var wanted: [Height] = [20]
    var steps = 0
    while let height = wanted.last {
      steps += 1
      switch try client.offer(chain.blocks[Int(height) - 1], at: Self.now) {
      case .trusted: wanted.removeLast()
      case .needs(let between):
        #expect(between < height && between > client.trusted.height)
        wanted.append(between)
      }
    }
    #expect(client.trusted.height == 20)
    #expect(steps < 10, "\(steps) headers instead of 20")
  }

  /// Exactly a third is not enough: a third may be faulty.
  @Test func `an overlap of a third is not enough, one unit more is`() throws {
    for (power, isEnough) in [(Int64(10), false), (11, true)] {
      var chain = try HeaderChain(0..<3)
      // Of 30 (or 31) one stays.
      try chain.extend([HeaderChain.update(0, power: power)])
      try chain.extend()
      try chain.extend(
        [HeaderChain.update(1, power: 0), HeaderChain.update(2, power: 0), HeaderChain.update(8)]
      )
      for _ in 0..<3 { try chain.extend() }
      var client = Self.client(chain)
      for block in chain.blocks[0..<3] { try Self.expect(.trusted, of: block, by: &client) }
      let outcome = try client.offer(chain.blocks[5], at: Self.now)
      #expect(outcome == (isEnough ? .trusted : .needs(4)))
    }
  }

  @Test func `a quorum of the header's own set is needed beside the overlap`() throws {
    var chain = try HeaderChain(0..<4)
    for _ in 0..<4 { try chain.extend() }
    try chain.extend(signers: [0, 1])
    var client = Self.client(chain)
    #expect(throws: LightError.certificate(.insufficientPower(20, needed: 27))) {
      _ = try client.offer(chain.blocks[4], at: Self.now)
    }
  }

  @Test func `forged parts are refused, and the trusted header stays`() throws {
    var chain = try HeaderChain(0..<4)
    for _ in 0..<8 { try chain.extend() }
    var stranger = try HeaderChain(10..<14)
    for _ in 0..<8 { try stranger.extend() }
    let (good, foreign) = (chain.blocks[5], stranger.blocks[5])
    var client = Self.client(chain)
    func refuses(_ error: LightError, _ block: LightBlock) {
      #expect(throws: error) { _ = try client.offer(block, at: Self.now) }
      #expect(client.trusted.height == 0)
    }
    refuses(
      .mismatch(field: "validators_hash"),
      LightBlock(
        header: good.header,
        certificate: good.certificate,
        validators: foreign.validators,
        nextValidators: good.nextValidators
      )
    )
    refuses(
      .mismatch(field: "next_validators_hash"),
      LightBlock(
        header: good.header,
        certificate: good.certificate,
        validators: good.validators,
        nextValidators: foreign.nextValidators
      )
    )
    refuses(
      .mismatch(field: "certificate"),
      LightBlock(
        header: good.header,
        certificate: chain.blocks[4].certificate,
        validators: good.validators,
        nextValidators: good.nextValidators
      )
    )
    var certificate = good.certificate
    certificate.signatures[2] = certificate.signatures[1]
    refuses(
      .certificate(.invalidSignature(2)),
      LightBlock(
        header: good.header,
        certificate: certificate,
        validators: good.validators,
        nextValidators: good.nextValidators
      )
    )
    // A whole chain of strangers: no overlap, down to the first height, whose set is known.
    try Self.expect(.needs(3), of: foreign, by: &client)
    refuses(.mismatch(field: "validators_hash"), stranger.blocks[0])
  }

  @Test func `trust ends with its period, and clocks bound the future`() throws {
    var chain = try HeaderChain(0..<4)
    for _ in 0..<30 { try chain.extend() }
    var client = Self.client(chain, trusting: 20_000)
    #expect(throws: LightError.trustExpired) {
      _ = try client.offer(chain.blocks[29], at: Timestamp(milliseconds: 21_000))
    }
    #expect(throws: LightError.timeInFuture) {
      _ = try client.offer(chain.blocks[29], at: Timestamp(milliseconds: 20_999))
    }
    try Self.expect(.trusted, of: chain.blocks[18], at: Timestamp(milliseconds: 20_000), by: &client)
    #expect(throws: LightError.height) {
      _ = try client.offer(chain.blocks[18], at: Timestamp(milliseconds: 20_000))
    }
  }

  @Test func `a light block survives its encoding`() throws {
    var chain = try HeaderChain(0..<4)
    for _ in 0..<3 { try chain.extend() }
    let block = chain.blocks[2]
    #expect(try LightBlock(decoding: block.encoded) == block)
    for count in 0..<block.encoded.count {
      #expect(throws: DecodingError.self) { _ = try LightBlock(decoding: Array(block.encoded.prefix(count))) }
    }
  }
}
