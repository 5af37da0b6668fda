import Cryptography
import Primitives
import Wire

/// The parts of an encoded transaction, nested as in the Cosmos SDK: `TxRaw` { `TxBody`, `AuthInfo`,
/// signatures }.
struct Envelope {
  /// The bytes of `TxRaw` before the signatures.
  let signed: ArraySlice<UInt8>
  let body: ArraySlice<UInt8>
  let authorization: ArraySlice<UInt8>
  let signatures: [ArraySlice<UInt8>]

  /// Decodes `TxRaw`. Its fields must be in the order of their numbers (Cosmos SDK, ADR-027).
  init(_ bytes: [UInt8]) throws(DecodingError) {
    var reader = MessageReader("cosmos.tx.v1beta1.TxRaw", bytes[...])
    var body: ArraySlice<UInt8> = []
    var authorization: ArraySlice<UInt8> = []
    var signatures: [ArraySlice<UInt8>] = []
    var last: UInt64 = 0
    var end = 0
    while let field = try reader.next() {
      guard field.number >= last else { throw reader.rejection }
      last = field.number
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)):
        body = try reader.once(1, bytes)
        end = bytes.endIndex
      case (2, .bytes(let bytes)):
        authorization = try reader.once(2, bytes)
        end = bytes.endIndex
      case (3, .bytes(let bytes)): signatures.append(bytes)
      default: throw reader.rejection
      }
    }
    signed = bytes[..<end]
    self.body = body
    self.authorization = authorization
    self.signatures = signatures
  }

  /// The signed bytes, `SignDoc`. It begins with the same two fields as `TxRaw`; then follow the chain's name
  /// and an account number, which is 0 and so left out.
  func signBytes(on chain: ChainID) -> [UInt8] {
    let name = chain.text.utf8
    var bytes: [UInt8] = []
    bytes.reserveCapacity(signed.count + 2 + name.count)
    bytes += signed
    // The length is one byte, because a chain's name has at most 48 bytes.
    bytes += [3 << 3 | 2, UInt8(truncatingIfNeeded: name.count)]
    bytes += name
    return bytes
  }
}

/// The messages and options of a transaction: `TxBody`.
struct TransactionBody {
  var messages: [TypedMessage] = []
  var memo = ""
  var timeoutHeight: Height = 0
  var hasExtensions = false

  init(_ bytes: ArraySlice<UInt8>) throws(DecodingError) {
    var reader = MessageReader("cosmos.tx.v1beta1.TxBody", bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): messages.append(try TypedMessage(reading: bytes))
      case (2, .bytes(let bytes)): memo = try reader.onceText(2, bytes)
      case (3, .number(let number)): timeoutHeight = try reader.once(3, number)
      // Field 1,023 holds critical extension options, which every program must know. Field 2,047 holds
      // options that a program may ignore.
      case (1_023, .bytes(let bytes)):
        _ = try TypedMessage(reading: bytes)
        hasExtensions = true
      case (2_047, .bytes(let bytes)): _ = try TypedMessage(reading: bytes)
      default: throw reader.rejection
      }
    }
  }
}

/// The signers, their signature modes and the fee: `AuthInfo`.
struct Authorization {
  struct Signer {
    var key = TypedMessage(type: "", value: [])
    var mode: UInt64 = 0
    var sequence: UInt64 = 0

    /// `SIGN_MODE_DIRECT`.
    static let direct: UInt64 = 1
  }

  struct Payment {
    var coins: [Cosmos_Base_V1beta1_Coin] = []
    var gasLimit: UInt64 = 0
    var payer = ""
    var granter = ""
  }

  var signers: [Signer] = []
  var payment = Payment()

  init(_ bytes: ArraySlice<UInt8>) throws(DecodingError) {
    var reader = MessageReader("cosmos.tx.v1beta1.AuthInfo", bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): signers.append(try Signer(bytes))
      case (2, .bytes(let bytes)): payment = try Payment(try reader.onceMessage(2, bytes))
      default: throw reader.rejection
      }
    }
  }
}

extension Authorization.Signer {
  fileprivate init(_ bytes: ArraySlice<UInt8>) throws(DecodingError) {
    var reader = MessageReader("cosmos.tx.v1beta1.SignerInfo", bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): key = try TypedMessage(reading: try reader.onceMessage(1, bytes))
      case (2, .bytes(let bytes)): mode = try Self.mode(try reader.onceMessage(2, bytes))
      case (3, .number(let number)): sequence = try reader.once(3, number)
      default: throw reader.rejection
      }
    }
  }

  /// Decodes the mode in `ModeInfo { Single { mode } }`.
  private static func mode(_ bytes: ArraySlice<UInt8>) throws(DecodingError) -> UInt64 {
    var reader = MessageReader("cosmos.tx.v1beta1.ModeInfo", bytes)
    var mode: UInt64 = 0
    while let field = try reader.next() {
      guard case (1, .bytes(let bytes)) = (field.number, field.value) else { throw reader.rejection }
      var single = MessageReader("cosmos.tx.v1beta1.ModeInfo.Single", try reader.onceMessage(1, bytes))
      while let field = try single.next() {
        guard case (1, .number(let number)) = (field.number, field.value) else { throw single.rejection }
        mode = try single.once(1, number)
      }
    }
    return mode
  }
}

extension Authorization.Payment {
  fileprivate init(_ bytes: ArraySlice<UInt8>) throws(DecodingError) {
    var reader = MessageReader("cosmos.tx.v1beta1.Fee", bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): coins.append(try Cosmos_Base_V1beta1_Coin(reading: bytes))
      case (2, .number(let number)): gasLimit = try reader.once(2, number)
      case (3, .bytes(let bytes)): payer = try reader.onceText(3, bytes)
      case (4, .bytes(let bytes)): granter = try reader.onceText(4, bytes)
      default: throw reader.rejection
      }
    }
  }
}

extension Cosmos_Base_V1beta1_Coin {
  init(reading bytes: ArraySlice<UInt8>) throws(DecodingError) {
    self.init()
    var reader = MessageReader("cosmos.base.v1beta1.Coin", bytes)
    while let field = try reader.next() {
      switch (field.number, field.value) {
      case (1, .bytes(let bytes)): denom = try reader.onceText(1, bytes)
      case (2, .bytes(let bytes)): amount = try reader.onceText(2, bytes)
      default: throw reader.rejection
      }
    }
  }
}

extension PublicKey {
  /// The Cosmos SDK's type URL of Ed25519 keys.
  static let typeURL = "/cosmos.crypto.ed25519.PubKey"

  init(_ message: TypedMessage, _ field: String) throws(DecodingError) {
    guard message.type == Self.typeURL else { throw .invalid(field: field) }
    // The message has one field of 32 bytes: its tag, its length and the key.
    guard message.value.count == 34, message.value.starts(with: [1 << 3 | 2, 32]) else {
      throw .invalid(field: field)
    }
    self = try Field.key(Array(message.value.dropFirst(2)), field)
  }

  var typed: TypedMessage { TypedMessage(type: Self.typeURL, value: [1 << 3 | 2, 32] + bytes) }
}
