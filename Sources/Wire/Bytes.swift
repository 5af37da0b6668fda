public import Foundation

// swift-protobuf stores `bytes` fields as Data; the rest of the program uses arrays.

extension Data {
  public init(wire bytes: [UInt8]) { self.init(bytes) }

  public var array: [UInt8] { [UInt8](self) }
}
