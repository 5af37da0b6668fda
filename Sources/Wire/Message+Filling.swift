public import SwiftProtobuf

extension Message {
  /// A message that `body` fills in; swift-protobuf's `with`, visible where only this room is imported.
  public static func filled(_ body: (inout Self) -> Void) -> Self {
    var message = Self()
    body(&message)
    return message
  }
}
