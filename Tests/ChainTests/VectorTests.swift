import Chain
import Cryptography
import Primitives
import Testing

/// Bytes that must never change by accident: a difference here is a change of the protocol.
@Suite struct VectorTests {
  private static let signature = Signature((0..<64).map { UInt8($0) })!
  private static let digest = Digest.blake2b("supercloud".utf8)

  @Test func `a vote`() {
    let vote = Vote(
      kind: .prevote,
      height: 300,
      round: 2,
      validRound: 1,
      block: Self.digest,
      validator: 7,
      signature: Self.signature
    )
    let signed = "000000000000012c" + "00000002" + "00000002" + "01" + Self.digest.description
    #expect(Hex.encode(vote.signBody) == signed)
    let bytes = "080110ac02180220022a20" + Self.digest.description + "30073a40" + Self.signature.description
    #expect(Hex.encode(vote.encoded) == bytes)
  }

  @Test func `a certificate`() {
    let certificate = Certificate(
      kind: .precommit,
      height: 300,
      round: 0,
      validRound: nil,
      block: Self.digest,
      signers: [0b1000_0001],
      signatures: [Self.signature, Self.signature]
    )
    let signatures = "3a40" + Self.signature.description + "3a40" + Self.signature.description
    #expect(
      Hex.encode(certificate.encoded) == "080210ac022a20" + Self.digest.description + "320181" + signatures
    )
  }

  @Test func `an order`() {
    let order = LimitTests.order()
    #expect(
      Hex.encode(order.encoded)
        == "0a300a2c616b61736831783336736c7839617438373065397264353364323430356e3830733466663934"
        + "6e70797734701001126d080112690a016712020a001a600a3c080112080a060a04313030301a0e0a0c0a"
        + "0a3130373337343138323422170a0764656661756c74120c0a0a313037333734313832342a050a030a01"
        + "3010011a1e0a0475616b741216313030303030303030303030303030303030303030301a200000000000"
        + "000000000000000000000000000000000000000000000000000000220e0a0475616b7412063530303030"
        + "3028e807"
    )
    let object = SignedObject(
      kind: .order,
      body: order.encoded,
      signer: Samples.keys[0],
      chain: Samples.chain
    )
    #expect(
      object.identifier.description == "8ae1c12357e7dbd17b40a68d64bafe0991cc6339ddb5bebeeb15033cb7917e2b"
    )
    #expect(
      object.signature.description
        == "9cd63ef19e2ed551ff088e96216ca137a4786d08555300c342fae917bf8cc9ba3d416c728bd50d472636"
        + "6c8077765c533e51c1cc2548e3350f8532c04acd4504"
    )
  }

  @Test func `a bid`() {
    let resources = LimitTests.order().groups[0].spec.units[0].resources
    let bid = Bid(
      order: Self.digest,
      provider: Samples.keys[1].address,
      groups: [
        Bid.Group(
          sequence: 1,
          price: DecimalCoin(Decimal18("2.5")!, .uusdc),
          offer: [ResourceOffer(resources: resources, count: 1)]
        )
      ],
      expiresAt: Timestamp(milliseconds: 1_700_000_000_000),
      reclamationWindow: 3_600_000
    )
    #expect(
      Hex.encode(bid.encoded)
        == "0a20baf1eb6993628c41aaf668df86832b943ac185a98268fa7844be65f6b62dbcda122c616b61736831"
        + "64677571383430737478677a35387264343737666866726a6a676630306a3476347a326638661a620801"
        + "121c0a0575757364631213323530303030303030303030303030303030301a400a3c080112080a060a04"
        + "313030301a0e0a0c0a0a3130373337343138323422170a0764656661756c74120c0a0a31303733373431"
        + "3832342a050a030a013010012080d095ffbc312880dddb01"
    )
  }

  @Test func `a payment`() {
    let send = Send(from: Samples.keys[0].address, to: Samples.keys[1].address, amount: [Coin(5, .uakt)])
    let draft = TransactionDraft(actions: [.send(send)], sequence: 1, fee: Fee(amount: Coin(500, .uakt)))
    let transaction = draft.signed(by: Samples.keys[0], chain: Samples.chain)
    #expect(
      Hex.encode(transaction.encoded)
        == "0a8a010a87010a1c2f636f736d6f732e62616e6b2e763162657461312e4d736753656e6412670a2c616b"
        + "61736831783336736c7839617438373065397264353364323430356e38307334666639346e7079773470"
        + "122c616b6173683164677571383430737478677a35387264343737666866726a6a676630306a3476347a"
        + "326638661a090a0475616b7412013512620a4d0a430a1d2f636f736d6f732e63727970746f2e65643235"
        + "3531392e5075624b657912220a208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801"
        + "b40f6f5c12040a020801180112110a0b0a0475616b74120335303010c09a0c1a40a33e72105c878ab452"
        + "ab016557e73cf00c7485c83f7beb7072c1d7fd3fbaaf32269f34e647681e87c947f3338329142d040b03"
        + "ce2c77df076322ec105e7b7a04"
    )
    #expect(
      transaction.hash.description == "daf1c5536b497c901f692234ad39e7bee430cbe74451823b62bc31b17d8314ce"
    )
  }

  @Test func `a block, its three roots filled in`() {
    let header = Header(
      version: 1,
      chain: Samples.chain,
      height: 2,
      time: Timestamp(milliseconds: 1_700_000_000_000),
      parent: Self.digest,
      stateRoot: Self.digest,
      receiptsRoot: Block.receiptsRoot([[1], [2]]),
      transactionsRoot: .zero,
      evidenceRoot: .zero,
      lastCertificateHash: .zero,
      validatorsHash: Self.digest,
      nextValidatorsHash: Self.digest,
      proposer: Samples.keys[0].address
    )
    let block = Block(header: header, transactions: [[1, 2, 3], [4]], evidence: [], lastCertificate: nil)
    #expect(
      Hex.encode(block.header.encoded)
        == "0801120973616d706c65732d3118022080d095ffbc312a20baf1eb6993628c41aaf668df86832b943ac1"
        + "85a98268fa7844be65f6b62dbcda3220baf1eb6993628c41aaf668df86832b943ac185a98268fa7844be"
        + "65f6b62dbcda3a2046b4a264963905f089472e710665060e459aed58d9b39980881a1322c7ef0b1c4220"
        + "82e227da006084e405bd61dcd89ef1977b118fdf551c73454da1ff52b6ff76ff4a200e5751c026e543b2"
        + "e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8522000000000000000000000000000000000"
        + "000000000000000000000000000000005a20baf1eb6993628c41aaf668df86832b943ac185a98268fa78"
        + "44be65f6b62dbcda6220baf1eb6993628c41aaf668df86832b943ac185a98268fa7844be65f6b62dbcda"
        + "6a1434750f98bd59fcfc946da45aaabe933be154a4b5"
    )
    #expect(
      block.identifier.description == "ecdca124ff127532d72f5ccbf3e57aa9fe5bdeb2999a8aac1401da37aca1a45e"
    )
  }

  @Test func `a genesis, also of every standard parameter`() {
    #expect(
      GenesisTests.genesis.digest.description
        == "89dbaba5c570d615aaa7e9b8e3526c898a1ba726108a4005e3fa715306926fc4"
    )
  }
}
