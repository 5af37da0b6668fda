import Chain
import Cryptography
import Primitives
import Testing
import Wire

@Suite struct ConsensusLimitTests {
  private static func vote(_ change: (inout Vote) -> Void = { _ in }) -> Vote {
    var vote = Vote(
      kind: .prevote,
      height: 5,
      round: 2,
      validRound: 1,
      block: Digest.blake2b([1]),
      validator: 3,
      signature: Samples.keys[0].sign([1])
    )
    change(&vote)
    return vote
  }

  private func expect(_ error: DecodingError?, _ change: (inout Vote) -> Void) {
    let vote = Self.vote(change)
    if let error {
      #expect(throws: error) { try Vote(decoding: vote.encoded) }
      #expect(!vote.isWellFormed || vote.validator >= 1_024)
    } else {
      #expect(throws: Never.self) { try Vote(decoding: vote.encoded) }
      #expect(vote.isWellFormed)
    }
  }

  @Test
  func `a vote's numbers stay in their ranges, and only a prevote for a block has an earlier valid round`() {
    expect(nil) { _ in }
    expect(.outOfRange(field: "height")) { $0.height = 0 }
    expect(nil) { $0.height = Height(Int64.max) }
    expect(.outOfRange(field: "height")) { $0.height = Height(Int64.max) + 1 }
    expect(nil) { $0.round = Round(Int32.max) }
    expect(.outOfRange(field: "round")) { $0.round = Round(Int32.max) + 1 }
    expect(.outOfRange(field: "valid_round")) { $0.validRound = 2 }
    expect(.invalid(field: "valid_round")) { $0.kind = .precommit }
    expect(.invalid(field: "valid_round")) { $0.block = nil }
    expect(nil) { $0.validator = 1_023 }
    expect(.outOfRange(field: "validator")) { $0.validator = 1_024 }
  }

  @Test func `votes of unknown kind and digests and signatures of wrong size are refused`() throws {
    let good = Self.vote().wire
    var wire = good
    wire.kind = .unspecified
    #expect(throws: DecodingError.invalid(field: "kind")) { try Vote(wire) }
    wire.kind = .UNRECOGNIZED(3)
    #expect(throws: DecodingError.invalid(field: "kind")) { try Vote(wire) }
    wire = good
    wire.block.removeLast()
    #expect(throws: DecodingError.invalid(field: "block")) { try Vote(wire) }
    wire = good
    wire.signature.append(0)
    #expect(throws: DecodingError.invalid(field: "signature")) { try Vote(wire) }
    wire = good
    wire.validRound = .max
    #expect(throws: DecodingError.outOfRange(field: "valid_round")) { try Vote(wire) }
    #expect(throws: Never.self) { try Vote(good) }
  }

  @Test func `sign bodies differ in every field that they cover`() {
    let changes: [(inout Vote) -> Void] = [
      { $0.height = 6 }, { $0.round = 3 }, { $0.validRound = nil }, { $0.validRound = 0 },
      { $0.block = Digest.blake2b([2]) }, { $0.block = nil },
    ]
    let bodies = changes.map { Self.vote($0).signBody } + [Self.vote().signBody]
    #expect(Set(bodies).count == bodies.count)
    #expect(bodies.allSatisfy { $0.count == 49 })
    #expect(Self.vote { $0.block = .zero }.signBody != Self.vote { $0.block = nil }.signBody)
  }

  private static func certificate(signers: [UInt8], signatures: Int) -> Certificate {
    Certificate(
      kind: .precommit,
      height: 5,
      round: 0,
      validRound: nil,
      block: .zero,
      signers: signers,
      signatures: Array(repeating: Samples.keys[0].sign([1]), count: signatures)
    )
  }

  @Test func `a certificate has one signature for each bit and at most 1,024 bits`() {
    func decode(_ signers: [UInt8], _ signatures: Int) throws(DecodingError) -> Certificate {
      try Certificate(decoding: Self.certificate(signers: signers, signatures: signatures).encoded)
    }
    #expect(throws: Never.self) { try decode([0b101], 2) }
    #expect(throws: DecodingError.invalid(field: "signatures")) { try decode([0b101], 1) }
    #expect(throws: DecodingError.invalid(field: "signatures")) { try decode([0b101], 3) }
    #expect(throws: DecodingError.outOfRange(field: "signers")) { try decode([], 0) }
    #expect(throws: Never.self) { try decode(Array(repeating: 255, count: 128), 1_024) }
    #expect(throws: DecodingError.outOfRange(field: "signers")) {
      try decode(Array(repeating: 0, count: 128) + [1], 1)
    }
    var prevotes = Self.certificate(signers: [1], signatures: 1)
    prevotes.round = 3
    prevotes.validRound = 1
    #expect(throws: DecodingError.invalid(field: "valid_round")) {
      try Certificate(decoding: prevotes.encoded)
    }
    prevotes.kind = .prevote
    #expect(throws: Never.self) { try Certificate(decoding: prevotes.encoded) }
  }

  @Test func `a round certificate has votes, all of its height`() {
    var certificate = RoundCertificate(height: 5, round: 2, votes: [Self.vote()])
    #expect(throws: Never.self) { try RoundCertificate(decoding: certificate.encoded) }
    certificate.height = 6
    #expect(throws: DecodingError.invalid(field: "votes.height")) {
      try RoundCertificate(decoding: certificate.encoded)
    }
    certificate.votes = []
    #expect(throws: DecodingError.outOfRange(field: "votes")) {
      try RoundCertificate(decoding: certificate.encoded)
    }
  }

  @Test func `two votes are a contradiction only where honest validators never cast both`() {
    let vote = Self.vote()
    func duplicate(_ change: (inout Vote) -> Void) -> Bool {
      Evidence.duplicateVote(vote, Self.vote(change)).isContradiction
    }
    #expect(duplicate { $0.block = nil })
    #expect(duplicate { $0.block = .zero })
    #expect(duplicate { $0.validRound = nil })
    #expect(!duplicate { _ in })
    #expect(!duplicate { $0.signature = Samples.keys[1].sign([2]) })
    #expect(
      !duplicate {
        $0.validator = 4; $0.block = nil
      }
    )
    #expect(!duplicate { $0.round = 3 })
    #expect(!duplicate { $0.height = 6 })
    #expect(
      !duplicate {
        $0.kind = .precommit; $0.validRound = nil
      }
    )

    let locked = Self.vote {
      $0.kind = .precommit; $0.validRound = nil
    }
    func amnesia(_ change: (inout Vote) -> Void) -> Bool {
      var prevote = Self.vote {
        $0.round = 4; $0.block = .zero; $0.validRound = nil
      }
      change(&prevote)
      return Evidence.amnesia(precommit: locked, prevote: prevote).isContradiction
    }
    #expect(amnesia { _ in })
    #expect(amnesia { $0.validRound = 1 })
    // A polka in the round of the precommit or later frees from the lock.
    #expect(!amnesia { $0.validRound = 2 })
    #expect(!amnesia { $0.validRound = 3 })
    #expect(!amnesia { $0.block = nil })
    #expect(!amnesia { $0.block = locked.block })
    #expect(!amnesia { $0.round = 2 })
    #expect(!amnesia { $0.validator = 4 })
    #expect(throws: DecodingError.invalid(field: "votes")) {
      try Evidence(decoding: Evidence.duplicateVote(vote, vote).encoded)
    }
    #expect(throws: DecodingError.invalid(field: "kind")) { try Evidence(decoding: []) }
  }

  @Test func `a block's body is the one that its header names`() throws {
    var samples = Samples(seed: 11)
    let block = Block(
      header: samples.header(),
      transactions: [[1], [2, 3]],
      evidence: [samples.evidence()],
      lastCertificate: samples.certificate()
    )
    #expect(block.header.transactionsRoot == MerkleTree.root([.sha256([1]), .sha256([2, 3])]))
    #expect(block.header.evidenceRoot == Block.evidenceRoot(block.evidence))
    #expect(block.header.lastCertificateHash == block.lastCertificate?.digest)
    let good = try Supercloud_Chain_V1_Block(decoding: block.encoded, limit: WireLimits.blockBytes)
    var wire = good
    wire.transactions.swapAt(0, 1)
    #expect(throws: DecodingError.invalid(field: "transactions_root")) { try Block(decoding: wire.encoded) }
    wire = good
    wire.transactions.removeLast()
    #expect(throws: DecodingError.invalid(field: "transactions_root")) { try Block(decoding: wire.encoded) }
    wire = good
    wire.evidence = []
    #expect(throws: DecodingError.invalid(field: "evidence_root")) { try Block(decoding: wire.encoded) }
    wire = good
    wire.lastCertificate.removeAll()
    #expect(throws: DecodingError.invalid(field: "last_certificate_hash")) {
      try Block(decoding: wire.encoded)
    }
  }

  @Test func `a block of more transactions than can be, or of one too large, is refused`() throws {
    var samples = Samples(seed: 12)
    let header = samples.header()
    let many = Block(
      header: header,
      transactions: Array(repeating: [], count: ChainLimits.blockTransactions + 1),
      evidence: [],
      lastCertificate: nil
    )
    #expect(throws: DecodingError.outOfRange(field: "transactions")) { try Block(decoding: many.encoded) }
    let large = Block(
      header: header,
      transactions: [Array(repeating: 0, count: WireLimits.transactionBytes + 1)],
      evidence: [],
      lastCertificate: nil
    )
    #expect(throws: DecodingError.outOfRange(field: "transactions")) { try Block(decoding: large.encoded) }
    let standard = Parameters()[.maximumBlockBytes]
    #expect(ParameterKey.maximumBlockBytes.definition.range.upperBound < WireLimits.blockBytes)
    #expect(standard >= WireLimits.transactionBytes)
  }
}
