import Chain
import Cryptography
import Primitives
import Testing

/// The Cosmos SDK's envelope, built here by hand from its field numbers and compared byte for byte.
@Suite struct SignDocTests {
  private static func varint(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(content.count)) + content
  }

  private static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
  private static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] {
    varint(number << 3) + varint(value)
  }

  private static func any(_ type: String, _ value: [UInt8]) -> [UInt8] { field(1, type) + field(2, value) }
  private static func coin(_ denomination: String, _ amount: String) -> [UInt8] {
    field(1, denomination) + field(2, amount)
  }

  @Test func `a payment has the SDK's bytes: TxBody, AuthInfo, SignDoc, TxRaw`() throws {
    let key = Samples.keys[0]
    let recipient = Samples.keys[1].address
    let chain = try #require(ChainID("akashnet-2"))
    let draft = TransactionDraft(
      actions: [
        .send(Send(from: key.address, to: recipient, amount: [Coin(1_500_000, .uakt), Coin(7, .uusdc)]))
      ],
      memo: "for you",
      timeoutHeight: 12_345,
      sequence: 300,
      fee: Fee(amount: Coin(5_000, .uakt), gasLimit: 200_000)
    )
    let transaction = draft.signed(by: key, chain: chain)

    let message =
      Self.field(1, key.address.text()) + Self.field(2, recipient.text())
      + Self.field(3, Self.coin("uakt", "1500000")) + Self.field(3, Self.coin("uusdc", "7"))
    let body =
      Self.field(1, Self.any("/cosmos.bank.v1beta1.MsgSend", message)) + Self.field(2, "for you")
      + Self.field(3, 12_345)
    let publicKey = Self.any("/cosmos.crypto.ed25519.PubKey", Self.field(1, key.publicKey.bytes))
    // ModeInfo { single { mode: SIGN_MODE_DIRECT } }
    let mode = Self.field(1, Self.field(1, 1))
    let signerInfo = Self.field(1, publicKey) + Self.field(2, mode) + Self.field(3, 300)
    let fee = Self.field(1, Self.coin("uakt", "5000")) + Self.field(2, 200_000)
    let authorization = Self.field(1, signerInfo) + Self.field(2, fee)
    // Account number 0 is left out.
    let document = Self.field(1, body) + Self.field(2, authorization) + Self.field(3, "akashnet-2")
    #expect(Hex.encode(transaction.signBytes) == Hex.encode(document))

    let signature = key.sign(document)
    let raw = Self.field(1, body) + Self.field(2, authorization) + Self.field(3, signature.bytes)
    #expect(Hex.encode(transaction.encoded) == Hex.encode(raw))
    #expect(transaction.hash == Digest.sha256(raw))
    #expect(try Transaction(decoding: raw, chain: chain) == transaction)
  }

  @Test func `a body in another legal order of fields is read, and signed as it was sent`() throws {
    let key = Samples.keys[0]
    let message =
      Self.field(3, Self.coin("uakt", "1")) + Self.field(2, Samples.keys[1].address.text())
      + Self.field(1, key.address.text())
    let body = Self.field(2, "memo") + Self.field(1, Self.any("/cosmos.bank.v1beta1.MsgSend", message))
    let publicKey = Self.any("/cosmos.crypto.ed25519.PubKey", Self.field(1, key.publicKey.bytes))
    let mode = Self.field(1, Self.field(1, 1))
    let authorization = Self.field(2, []) + Self.field(1, Self.field(2, mode) + Self.field(1, publicKey))
    let document = Self.field(1, body) + Self.field(2, authorization) + Self.field(3, Samples.chain.text)
    let raw = Self.field(1, body) + Self.field(2, authorization) + Self.field(3, key.sign(document).bytes)
    let transaction = try Transaction(decoding: raw, chain: Samples.chain)
    #expect(transaction.isAuthentic(on: Samples.chain))
    #expect(transaction.memo == "memo")
    #expect(transaction.fee == Fee(amount: nil, gasLimit: 0))
    // The outermost message is not under the signature: it has one form only.
    let swapped =
      Self.field(2, authorization) + Self.field(1, body) + Self.field(3, transaction.signature.bytes)
    #expect(throws: TransactionError.malformed(.invalid(field: "cosmos.tx.v1beta1.TxRaw"))) {
      try Transaction(decoding: swapped, chain: Samples.chain)
    }
  }

  @Test func `a field that this version does not know is not ignored`() throws {
    let key = Samples.keys[0]
    let publicKey = Self.any("/cosmos.crypto.ed25519.PubKey", Self.field(1, key.publicKey.bytes))
    let mode = Self.field(1, Self.field(1, 1))
    func decode(message extra: [UInt8] = [], body: [UInt8] = [], authorization: [UInt8] = []) throws {
      let message =
        Self.field(1, key.address.text()) + Self.field(2, Samples.keys[1].address.text())
        + Self.field(3, Self.coin("uakt", "1")) + extra
      let body = Self.field(1, Self.any("/cosmos.bank.v1beta1.MsgSend", message)) + body
      let info = Self.field(1, publicKey) + Self.field(2, mode)
      let raw =
        Self.field(1, body) + Self.field(2, Self.field(1, info) + Self.field(2, []) + authorization)
        + Self.field(3, Array(repeating: 1, count: 64))
      _ = try Transaction(decoding: raw, chain: Samples.chain)
    }
    #expect(throws: Never.self) { try decode() }
    let type = "/cosmos.bank.v1beta1.MsgSend"
    #expect(throws: TransactionError.invalidMessage(type: type, field: "cosmos.bank.v1beta1.MsgSend")) {
      try decode(message: Self.field(4, "x"))
    }
    #expect(throws: TransactionError.malformed(.invalid(field: "cosmos.tx.v1beta1.TxBody"))) {
      try decode(body: Self.field(4, 1))
    }
    #expect(throws: TransactionError.malformed(.invalid(field: "cosmos.tx.v1beta1.AuthInfo"))) {
      // A tip, as some versions of the SDK had it.
      try decode(authorization: Self.field(3, Self.field(2, "x")))
    }
  }

  @Test func `validators are named under the operators' prefix, accounts under the accounts'`() throws {
    let key = Samples.keys[0]
    let validator = Samples.keys[1].address
    let action = Action.delegate(delegator: key.address, validator: validator, amount: Coin(1, .uakt))
    let draft = TransactionDraft(actions: [action], sequence: 0, fee: Fee(amount: nil))
    let message =
      Self.field(1, key.address.text()) + Self.field(2, validator.text(prefix: "akashvaloper"))
      + Self.field(3, Self.coin("uakt", "1"))
    let body = Self.field(1, Self.any("/cosmos.staking.v1beta1.MsgDelegate", message))
    let transaction = draft.signed(by: key, chain: Samples.chain)
    #expect(transaction.signBytes.starts(with: Self.field(1, body)))
  }

  @Test func `every action travels under its own type URL`() {
    var samples = Samples(seed: 31)
    let actions = samples.actions(by: Samples.keys[0].address)
    let types = actions.map(\.typeURL)
    #expect(Set(types).count == types.count)
    #expect(types.count == 30)
    #expect(
      types.allSatisfy { $0.hasPrefix("/cosmos.") || $0.hasPrefix("/akash.") || $0.hasPrefix("/supercloud.") }
    )
    #expect(types.contains("/akash.provider.v1beta4.MsgCreateProvider"))
    #expect(types.contains("/akash.market.v1beta5.MsgCloseBid"))
    #expect(types.contains("/cosmos.gov.v1.MsgVoteWeighted"))
  }
}
