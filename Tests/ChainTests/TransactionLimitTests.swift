import Chain
import Cryptography
import Primitives
import Testing
import Wire

@Suite struct TransactionLimitTests {
  private static let key = Samples.keys[0]
  private static let send = Action.send(
    Send(from: key.address, to: Samples.keys[1].address, amount: [Coin(5, .uakt)])
  )
  private static let draft = TransactionDraft(
    actions: [send],
    memo: "hello",
    timeoutHeight: 9,
    sequence: 3,
    fee: Fee(amount: Coin(100, .uakt))
  )

  /// What decoding the draft says once it is signed.
  private func expect(_ error: TransactionError?, _ change: (inout TransactionDraft) -> Void) {
    var draft = Self.draft
    change(&draft)
    let bytes = draft.signed(by: Self.key, chain: Samples.chain).encoded
    if let error {
      #expect(throws: error) { try Transaction(decoding: bytes, chain: Samples.chain) }
    } else {
      #expect(throws: Never.self) { try Transaction(decoding: bytes, chain: Samples.chain) }
    }
  }

  /// What decoding says when the parts of the signed draft are changed afterwards.
  private func expectParts(
    _ error: TransactionError,
    body changeBody: (inout Cosmos_Tx_V1beta1_TxBody) -> Void = { _ in },
    authorization changeAuthorization: (inout Cosmos_Tx_V1beta1_AuthInfo) -> Void = { _ in },
    raw changeRaw: (inout Cosmos_Tx_V1beta1_TxRaw) -> Void = { _ in }
  ) throws {
    let bytes = Self.draft.signed(by: Self.key, chain: Samples.chain).encoded
    var raw = try Cosmos_Tx_V1beta1_TxRaw(decoding: bytes, limit: bytes.count)
    var body = try Cosmos_Tx_V1beta1_TxBody(decoding: raw.bodyBytes.array, limit: bytes.count)
    var authorization = try Cosmos_Tx_V1beta1_AuthInfo(decoding: raw.authInfoBytes.array, limit: bytes.count)
    changeBody(&body)
    changeAuthorization(&authorization)
    raw.bodyBytes = .init(wire: body.encoded)
    raw.authInfoBytes = .init(wire: authorization.encoded)
    changeRaw(&raw)
    #expect(throws: error) { try Transaction(decoding: raw.encoded, chain: Samples.chain) }
  }

  @Test func `messages and memo are taken at their limit and refused above it`() {
    expect(nil) { $0.actions = Array(repeating: Self.send, count: 16) }
    expect(.tooManyMessages(limit: 16)) { $0.actions = Array(repeating: Self.send, count: 17) }
    expect(.noMessages) { $0.actions = [] }
    expect(nil) { $0.memo = String(repeating: "m", count: 256) }
    expect(.memoTooLong(limit: 256)) { $0.memo = String(repeating: "m", count: 257) }
  }

  @Test func `all messages are the signer's`() {
    expect(.signerMismatch) { draft in
      let other = Send(from: Samples.keys[1].address, to: Self.key.address, amount: [Coin(5, .uakt)])
      draft.actions.append(.send(other))
    }
  }

  @Test func `one signer with an Ed25519 key in direct mode, and one signature`() throws {
    try expectParts(.unsupportedSigner, authorization: { $0.signerInfos = [] })
    try expectParts(.unsupportedSigner, authorization: { $0.signerInfos.append($0.signerInfos[0]) })
    try expectParts(
      .unsupportedSigner,
      authorization: { $0.signerInfos[0].modeInfo.single.mode = .unspecified }
    )
    try expectParts(
      .unsupportedSigner,
      authorization: { $0.signerInfos[0].modeInfo.single.mode = .UNRECOGNIZED(127) }
    )
    try expectParts(.unsupportedSigner, authorization: { $0.signerInfos[0].clearModeInfo() })
    try expectParts(
      .unsupportedSigner,
      authorization: { authorization in
        var key = authorization.signerInfos[0].publicKey.typed
        key.type = "/cosmos.crypto.secp256k1.PubKey"
        authorization.signerInfos[0].publicKey = .init(key)
      }
    )
    try expectParts(.unsupportedSigner, raw: { $0.signatures = [] })
    try expectParts(.unsupportedSigner, raw: { $0.signatures.append($0.signatures[0]) })
    try expectParts(.unsupportedSigner, raw: { $0.signatures[0].removeLast() })
  }

  @Test func `an extension option that nobody knows is refused`() throws {
    try expectParts(
      .malformed(.invalid(field: "extension_options")),
      body: { $0.extensionOptions = [.init(TypedMessage(type: "/x", value: []))] }
    )
  }

  @Test func `the fee is at most one coin, paid by the signer or by a grant`() throws {
    try expectParts(.invalidFee, authorization: { $0.fee.amount.append($0.fee.amount[0]) })
    try expectParts(.invalidFee, authorization: { $0.fee.amount[0].amount = "-1" })
    try expectParts(.invalidFee, authorization: { $0.fee.payer = Samples.keys[1].address.text() })
    try expectParts(.invalidFee, authorization: { $0.fee.granter = "akash1" })
  }

  @Test func `unknown and illegal messages are named by type and field`() throws {
    try expectParts(
      .unknownMessage(type: "/akash.cert.v1.MsgCreateCertificate"),
      body: { $0.messages = [.init(TypedMessage(type: "/akash.cert.v1.MsgCreateCertificate", value: []))] }
    )
    let type = "/cosmos.bank.v1beta1.MsgSend"
    try expectParts(
      .invalidMessage(type: type, field: "from_address"),
      body: { $0.messages = [.init(TypedMessage(type: type, value: []))] }
    )
    try expectParts(
      .invalidMessage(type: type, field: "cosmos.bank.v1beta1.MsgSend"),
      body: { $0.messages = [.init(TypedMessage(type: type, value: [0xff]))] }
    )
  }

  /// What decoding one action, once it is signed, says; the field for an illegal message.
  private func field(_ action: Action) -> String? {
    let draft = TransactionDraft(actions: [action], sequence: 0, fee: Fee(amount: nil))
    do throws(TransactionError) {
      _ = try Transaction(
        decoding: draft.signed(by: Self.key, chain: Samples.chain).encoded,
        chain: Samples.chain
      )
      return nil
    } catch {
      guard case .invalidMessage(action.typeURL, let field) = error else { return "\(error)" }
      return field
    }
  }

  @Test func `a currency occurs once in a payment, and there is something to pay`() {
    func send(_ coins: [Coin]) -> Action {
      .send(Send(from: Self.key.address, to: Self.key.address, amount: coins))
    }
    #expect(field(send([Coin(1, .uakt), Coin(2, .uusdc)])) == nil)
    #expect(field(send([Coin(1, .uakt), Coin(2, .uakt)])) == "amount")
    #expect(field(send([])) == "amount")
  }

  @Test func `only a provider's reasons may be given by one`() {
    let deployment = DeploymentID(owner: Samples.keys[1].address, sequence: 1)
    let lease = LeaseID(deployment: deployment, group: 1, order: 1, provider: Self.key.address)
    for reason in LeaseCloseReason.allCases {
      let expected = LeaseCloseReason.byProvider.contains(reason) ? nil : "reason"
      #expect(field(.resignLease(lease, reason: reason)) == expected)
      #expect(field(.startReclamation(lease, reason: reason)) == expected)
    }
  }

  @Test func `shares of a weighted vote are above 0, of different options, and sum to 1`() {
    func vote(_ options: [(VoteOption, String)]) -> Action {
      let options = options.map { WeightedVoteOption(option: $0.0, weight: Decimal18($0.1)!) }
      return .vote(id: 1, voter: Self.key.address, options: options)
    }
    #expect(field(vote([(.yes, "0.7"), (.no, "0.3")])) == nil)
    #expect(field(vote([(.yes, "0.7"), (.no, "0.2")])) == "options")
    #expect(field(vote([(.yes, "0.7"), (.no, "0.4")])) == "options")
    #expect(field(vote([(.yes, "0.5"), (.yes, "0.5")])) == "options")
    #expect(field(vote([(.yes, "1"), (.no, "0")])) == "options")
    #expect(field(vote([(.yes, "300000000000000000000")])) == "options")
    #expect(field(vote([])) == "options")
  }

  @Test func `an agreement's objects are of their kinds, and its choices among its bids`() {
    var samples = Samples(seed: 21)
    let good = samples.agreement(by: Self.key.address)
    func changed(_ change: (inout AgreeLease) -> Void) -> String? {
      var agreement = good
      change(&agreement)
      return field(.agreeLease(agreement))
    }
    #expect(changed { _ in } == nil)
    #expect(changed { $0.order = $0.bids[0] } == "order")
    #expect(changed { $0.bids[0] = $0.order } == "bids")
    #expect(changed { $0.bids = [] } == "bids")
    #expect(changed { $0.bids = Array(repeating: $0.bids[0], count: 21) } == "bids")
    #expect(changed { $0.choices[0].bid = UInt32($0.bids.count) } == "choices.bid")
    #expect(changed { $0.choices[0].group = 0 } == "choices.gseq")
    #expect(changed { $0.choices = [] } == "choices")
  }

  @Test func `a proposal's contents act in the name of the governance module`() throws {
    let proposal = SubmitProposal(
      proposer: Self.key.address,
      title: "t",
      summary: "s",
      contents: [.text("x")],
      deposit: []
    )
    #expect(field(.submitProposal(proposal)) == nil)
    var wire = Supercloud_Gov_V1_MsgText()
    wire.authority = Self.key.address.text()
    let message = TypedMessage(type: "/supercloud.gov.v1.MsgText", value: wire.encoded)
    #expect(throws: DecodingError.invalid(field: "messages.authority")) {
      try ProposalContent(decoding: message.encoded)
    }
    wire.authority = "akash10d07y265gmmuvt4z0w9aw880jnsr700jhe7z0f"
    let good = TypedMessage(type: "/supercloud.gov.v1.MsgText", value: wire.encoded)
    #expect(try ProposalContent(decoding: good.encoded) == .text(""))
  }

  @Test func `a take above 100 % is refused`() {
    var samples = Samples(seed: 22)
    var currency = samples.currency()
    currency.takeBasisPoints = 10_001
    #expect(throws: DecodingError.outOfRange(field: "messages.take_basis_points")) {
      try ProposalContent(decoding: ProposalContent.addCurrency(currency).encoded)
    }
    currency.takeBasisPoints = .max
    var writer = ByteWriter()
    currency.encode(into: &writer)
    var reader = ByteReader(writer.bytes)
    #expect(throws: Never.self) { try Currency(from: &reader) }
  }

  @Test func `a transaction above 256 KiB is refused`() {
    let bytes = [UInt8](repeating: 0, count: WireLimits.transactionBytes + 1)
    #expect(throws: TransactionError.malformed(.outOfRange(field: "cosmos.tx.v1beta1.TxRaw"))) {
      try Transaction(decoding: bytes, chain: Samples.chain)
    }
  }
}
