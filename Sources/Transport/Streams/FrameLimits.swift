/// The size limit of each frame type, and the limits that hold for all types.
///
/// The caller of this module defines the types and supplies the table; this module knows only their numbers.
public struct FrameLimits: Hashable, Sendable {
  /// The most bytes of any message, even if the table allows more.
  public static let maximumMessage = 4 << 20
  /// The most bytes of an encrypted record, including the 17 bytes that encryption adds.
  public static let maximumRecord = 1 << 20
  /// Small frames are gathered into records of up to this many bytes.
  static let coalescedRecord = 16 << 10
  /// The most frames in a record. Bounds the memory that a record of tiny frames expands to.
  static let framesPerRecord = coalescedRecord / FrameHeader.count
  /// Messages above this many bytes are sent in pieces of this size, so that urgent ones can go in between.
  static let piece = 64 << 10
  /// Types from here on are control frames.
  static let firstReservedType: UInt8 = 0xF0
  /// Unknown frame types from this one up to the reserved ones are skipped; lower unknown types are refused.
  public static let firstOptionalType: UInt8 = 0x80

  private var maximum: [Int32]

  /// - Parameter maximums: the largest payload per type, in bytes; types that are not in the table are refused, or
  ///   skipped when they are `0x80...0xEF`.
  /// - Precondition: types are below `0xF0`, sizes within `0...4 MiB`.
  public init(_ maximums: [UInt8: Int]) {
    maximum = Array(repeating: -1, count: 256)
    for (type, size) in maximums {
      precondition(type < Self.firstReservedType, "frame type \(type) is reserved")
      precondition((0...Self.maximumMessage).contains(size), "frame size \(size) is out of range")
      maximum[Int(type)] = Int32(size)
    }
  }

  /// A table with the same limit, in bytes, for every type below `0xF0`.
  public static func uniform(_ size: Int) -> FrameLimits {
    FrameLimits(Dictionary(uniqueKeysWithValues: (0..<firstReservedType).map { ($0, size) }))
  }

  /// The same table with `count` bytes more for each type, up to `maximumMessage`.
  func extended(by count: Int) -> FrameLimits {
    var extended = self
    for type in extended.maximum.indices where extended.maximum[type] >= 0 {
      extended.maximum[type] = Int32(min(Self.maximumMessage, Int(extended.maximum[type]) + count))
    }
    return extended
  }

  /// The largest payload of a type, in bytes; nil for a type that is not in the table.
  public func maximum(of type: UInt8) -> Int? {
    let size = maximum[Int(type)]
    return size < 0 ? nil : Int(size)
  }
}

/// How an authenticated peer broke the protocol of the stream. The session is then ended.
public enum FrameViolation: String, Error, CaseIterable, Hashable, Sendable {
  /// The announced length of a record is above 1 MiB or below the overhead of encryption.
  case recordLength = "record_length"
  /// Decryption of a record failed.
  case notAuthentic = "not_authentic"
  /// A frame extends beyond its record, or a control frame has the wrong size.
  case malformed = "malformed"
  /// A frame type that is neither in the table nor in the optional range.
  case unknownType = "unknown_type"
  /// A frame or an announced message is larger than its type may be.
  case tooLarge = "too_large"
  /// A piece without a begin frame, a second begin frame, or more bytes than announced.
  case fragment = "fragment"
  /// Bytes after the stream's last record.
  case afterEnd = "after_end"
}

/// The priority of a message. Each class has a bounded queue of its own.
public enum TrafficClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Proposals, votes, certificates: sent before all others. A peer whose queue of them is full is disconnected.
  case consensus = 0
  /// Blocks and block parts; a full queue refuses new ones.
  case blocks = 1
  /// Orders, bids and digests of gossip; a full queue drops the oldest, which reconciliation recovers.
  case gossip = 2
  /// Answers to requests for history; a full queue refuses new ones.
  case sync = 3
  /// Tenant–provider streams; a peer whose queue is full is disconnected, since a gap would corrupt the stream.
  case lease = 4
}
