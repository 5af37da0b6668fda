import Chain
import Cryptography
import Primitives
import Testing

/// What is decoded is what was encoded, for legal values drawn from printed seeds.
@Suite struct CodingTests {
  static let seeds: [UInt64] = Array(1...40)

  @Test(arguments: seeds)
  func `orders come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let order = samples.order()
    #expect(try Order(decoding: order.encoded) == order, "seed \(seed)")
  }

  @Test(arguments: seeds)
  func `bids come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let bid = samples.bid()
    #expect(try Bid(decoding: bid.encoded) == bid, "seed \(seed)")
  }

  @Test(arguments: seeds)
  func `withdrawals, offers and node records come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let withdrawal = samples.withdrawal()
    #expect(try Withdrawal(decoding: withdrawal.encoded) == withdrawal, "seed \(seed)")
    let offer = samples.offer()
    #expect(try Offer(decoding: offer.encoded) == offer, "seed \(seed)")
    let record = samples.nodeRecord()
    #expect(try NodeRecord(decoding: record.encoded) == record, "seed \(seed)")
  }

  @Test(arguments: seeds)
  func `group specs and resource offers come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let spec = samples.groupSpec()
    #expect(try GroupSpec(decoding: spec.encoded) == spec, "seed \(seed)")
    let offer = samples.resourceOffer()
    #expect(try ResourceOffer(decoding: offer.encoded) == offer, "seed \(seed)")
  }

  @Test(arguments: seeds)
  func `signed objects come back as they were, authentic on their chain alone`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for kind in SignedObject.Kind.allCases {
      let object = samples.signed(kind)
      let decoded = try SignedObject(decoding: object.encoded, chain: Samples.chain)
      #expect(decoded == object, "seed \(seed)")
      #expect(decoded.isAuthentic(on: Samples.chain))
      let other = ChainID("samples-2")!
      let elsewhere = try SignedObject(decoding: object.encoded, chain: other)
      #expect(!elsewhere.isAuthentic(on: other))
      #expect(elsewhere.identifier != object.identifier)
    }
  }

  @Test(arguments: seeds)
  func `votes and proposals come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for _ in 0..<20 {
      let vote = samples.vote()
      #expect(try Vote(decoding: vote.encoded) == vote, "seed \(seed)")
      let proposal = samples.proposal()
      #expect(try Proposal(decoding: proposal.encoded) == proposal, "seed \(seed)")
    }
  }

  @Test(arguments: seeds)
  func `certificates and evidence come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for _ in 0..<5 {
      let certificate = samples.certificate()
      #expect(try Certificate(decoding: certificate.encoded) == certificate, "seed \(seed)")
      let rounds = samples.roundCertificate()
      #expect(try RoundCertificate(decoding: rounds.encoded) == rounds, "seed \(seed)")
      let evidence = samples.evidence()
      #expect(try Evidence(decoding: evidence.encoded) == evidence, "seed \(seed)")
    }
  }

  @Test(arguments: seeds)
  func `blocks and headers come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let block = samples.block()
    let decoded = try Block(decoding: block.encoded)
    #expect(decoded.identifier == block.identifier, "seed \(seed)")
    #expect(decoded.header == block.header)
    #expect(decoded.transactions == block.transactions)
    #expect(decoded.transactionHashes == block.transactionHashes)
    #expect(decoded.evidence == block.evidence)
    #expect(decoded.lastCertificate == block.lastCertificate)
    #expect(decoded.encoded == block.encoded)
    #expect(try Header(decoding: block.header.encoded) == block.header)
    #expect(block.header.identifier == block.identifier)
  }

  @Test(arguments: seeds)
  func `every action comes back as it was`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let key = samples.pick(Samples.keys)
    for action in samples.actions(by: key.address) {
      let draft = TransactionDraft(actions: [action], sequence: samples.wide(), fee: samples.fee())
      let transaction = draft.signed(by: key, chain: Samples.chain)
      let decoded = try Transaction(decoding: transaction.encoded, chain: Samples.chain)
      #expect(decoded.actions == [action], "seed \(seed), \(action.typeURL)")
    }
  }

  @Test(arguments: seeds)
  func `transactions come back as they were and are authentic on their chain alone`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    let transaction = samples.transaction()
    let decoded = try Transaction(decoding: transaction.encoded, chain: Samples.chain)
    #expect(decoded == transaction, "seed \(seed)")
    #expect(decoded.isAuthentic(on: Samples.chain))
    #expect(decoded.hash == Digest.sha256(transaction.encoded))
    let elsewhere = try Transaction(decoding: transaction.encoded, chain: ChainID("samples-2")!)
    #expect(!elsewhere.isAuthentic(on: ChainID("samples-2")!))
  }

  @Test(arguments: seeds)
  func `proposal contents come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    for content in samples.contents() {
      #expect(try ProposalContent(decoding: content.encoded) == content, "seed \(seed)")
    }
  }

  @Test(arguments: seeds)
  func `registry entries come back as they were`(seed: UInt64) throws {
    var samples = Samples(seed: seed)
    var currency = samples.currency()
    currency.isRetired = samples.flag()
    var writer = ByteWriter()
    currency.encode(into: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(try Currency(from: &reader) == currency, "seed \(seed)")
    try reader.finish()
  }
}
