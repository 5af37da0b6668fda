public import Primitives
public import SwiftProtobuf

/// The content of an `Any`: a message's bytes and the name of its type.
public struct TypedMessage: Hashable, Sendable {
  /// The type URL with its leading slash: `/cosmos.bank.v1beta1.MsgSend`.
  public var type: String
  public var value: [UInt8]

  public init(type: String, value: [UInt8]) {
    self.type = type
    self.value = value
  }
}

extension Google_Protobuf_Any {
  public init(_ message: TypedMessage) {
    self.init()
    typeURL = message.type
    value = .init(wire: message.value)
  }

  public var typed: TypedMessage { TypedMessage(type: typeURL, value: value.array) }
}

extension TypedMessage {
  /// Decodes the bytes of an `Any`, which must have no other fields.
  public init(decoding bytes: [UInt8], limit: Int) throws(DecodingError) {
    self = try Google_Protobuf_Any(complete: bytes, limit: limit).typed
  }

  public var encoded: [UInt8] { Google_Protobuf_Any(self).encoded }
}
