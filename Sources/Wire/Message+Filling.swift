public import SwiftProtobuf

extension Message {
  /// Makes a message that `body` fills in. It is swift-protobuf's `with`, for modules that import only Wire.
  public static func filled(_ body: (inout Self) -> Void) -> Self {
    var message = Self()
    body(&message)
    return message
  }
}
