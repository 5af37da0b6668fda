import Primitives
import Testing
import Wire

@Suite struct BoundedDecodingTests {
  private static let coin: Cosmos_Base_V1beta1_Coin = {
    var coin = Cosmos_Base_V1beta1_Coin()
    coin.denom = "uakt"
    coin.amount = "5"
    return coin
  }()

  @Test func `a message within its limit comes back as it was`() throws {
    let bytes = Self.coin.encoded
    #expect(try Cosmos_Base_V1beta1_Coin(decoding: bytes, limit: bytes.count) == Self.coin)
    #expect(try Cosmos_Base_V1beta1_Coin(canonical: bytes, limit: bytes.count) == Self.coin)
    #expect(Hex.encode(bytes) == "0a0475616b74120135")
  }

  @Test func `one byte above the limit is refused before it is decoded`() {
    let bytes = Self.coin.encoded
    #expect(throws: DecodingError.outOfRange(field: "cosmos.base.v1beta1.Coin")) {
      try Cosmos_Base_V1beta1_Coin(decoding: bytes, limit: bytes.count - 1)
    }
  }

  @Test func `bytes that are not the message are refused: cut off, broken UTF-8, no tag`() {
    for text in ["0a0475616b", "0a02c328", "0aff", "ff"] {
      #expect(throws: DecodingError.invalid(field: "cosmos.base.v1beta1.Coin")) {
        try Cosmos_Base_V1beta1_Coin(decoding: Hex.decode(text)!, limit: 100)
      }
    }
  }

  @Test func `a length of more bytes than there are is refused without allocating them`() {
    #expect(throws: DecodingError.self) {
      try Supercloud_Chain_V1_Block(decoding: Hex.decode("0affffffff07")!, limit: WireLimits.blockBytes)
    }
  }

  @Test(
    arguments: [
      ("0a0475616b74120135", true), ("1201350a0475616b74", true),
      // A field twice, an unknown one, one of another type, a default spelled out, a needlessly long length.
      ("0a0178" + "0a0475616b74120135", false), ("0a0475616b74120135" + "1801", false),
      ("0a0475616b74120135" + "1004", false), ("0a0475616b74" + "1200", false),
      ("0a840075616b74120135", false),
    ]
  )
  func `complete decoding takes fields in any order and refuses what it would have to ignore`(
    text: String,
    isLegal: Bool
  ) throws {
    let bytes = try #require(Hex.decode(text))
    #expect(((try? Cosmos_Base_V1beta1_Coin(complete: bytes, limit: 100)) != nil) == isLegal)
  }

  @Test(
    arguments: [
      // Fields in another order.
      "1201350a0475616b74",
      // A field twice.
      "0a0178" + "0a0475616b74120135",
      // An unknown field.
      "0a0475616b74120135" + "1801",
      // A default spelled out.
      "0a0475616b74120135" + "1200",
      // A length with a needless byte.
      "0a840075616b74120135",
    ]
  )
  func `canonical decoding refuses other bytes of the same value`(text: String) throws {
    let bytes = try #require(Hex.decode(text))
    #expect(throws: Never.self) { try Cosmos_Base_V1beta1_Coin(decoding: bytes, limit: 100) }
    #expect(throws: DecodingError.invalid(field: "cosmos.base.v1beta1.Coin")) {
      try Cosmos_Base_V1beta1_Coin(canonical: bytes, limit: 100)
    }
  }

  @Test func `unknown fields are not kept`() throws {
    let bytes = Self.coin.encoded + Hex.decode("1801")!
    #expect(try Cosmos_Base_V1beta1_Coin(decoding: bytes, limit: 100).encoded == Self.coin.encoded)
  }

  @Test func `nesting deeper than the limit is refused`() {
    // Groups (wire types 3 and 4) are legal unknown fields that may nest.
    for (depth, isLegal) in [(4, true), (200, false)] {
      let bytes = Array(repeating: UInt8(0x1b), count: depth) + Array(repeating: UInt8(0x1c), count: depth)
      let message = try? Cosmos_Base_V1beta1_Coin(decoding: bytes, limit: 1_000)
      #expect((message != nil) == isLegal, "depth \(depth)")
    }
  }

  @Test func `an Any keeps its type and bytes`() throws {
    let message = TypedMessage(type: "/cosmos.bank.v1beta1.MsgSend", value: [1, 2, 3])
    #expect(try TypedMessage(decoding: message.encoded, limit: 100) == message)
    #expect(Hex.encode(TypedMessage(type: "/a", value: [7]).encoded) == "0a022f61120107")
    var body = Cosmos_Tx_V1beta1_TxBody()
    body.messages = [.init(message)]
    #expect(
      try Cosmos_Tx_V1beta1_TxBody(decoding: body.encoded, limit: 100).messages.map(\.typed) == [message]
    )
  }
}
