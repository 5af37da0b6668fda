public import Foundation

// swift-protobuf holds `bytes` fields as Data; the other cores know arrays only.

extension Data {
  public init(wire bytes: [UInt8]) {
    self.init(bytes)
  }

  public var array: [UInt8] { [UInt8](self) }
}
