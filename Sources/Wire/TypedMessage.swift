public import Primitives
public import SwiftProtobuf

/// What an `Any` holds: bytes, and the name of the message type that they are of.
public struct TypedMessage: Hashable, Sendable {
  /// A type URL with its leading slash: `/cosmos.bank.v1beta1.MsgSend`.
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
  /// Reads the bytes of an `Any` and nothing else.
  public init(decoding bytes: [UInt8], limit: Int) throws(DecodingError) {
    self = try Google_Protobuf_Any(complete: bytes, limit: limit).typed
  }

  public var encoded: [UInt8] { Google_Protobuf_Any(self).encoded }
}
