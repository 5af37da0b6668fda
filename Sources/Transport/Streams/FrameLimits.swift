/// The size limit of each frame type, and the limits that hold for all types.
///
/// The table comes from the owner, who defines the types; this room only knows their numbers.
public struct FrameLimits: Hashable, Sendable {
  /// The size limit of any message, also if the table allows more.
  public static let maximumMessage = 4 << 20
  /// The largest encrypted record, including 17 bytes of overhead of the encryption.
  public static let maximumRecord = 1 << 20
  /// Small frames are put together into records of up to this size.
  static let coalescedRecord = 16 << 10
  /// The most frames in a record. Bounds the memory that a record of tiny frames expands to.
  static let framesPerRecord = coalescedRecord / FrameHeader.count
  /// Larger messages are sent in pieces of this size, so that more urgent ones can be sent in between.
  static let piece = 64 << 10
  /// Types from here on are control frames.
  static let firstReservedType: UInt8 = 0xF0
  /// A node skips frames of unknown types from here up to the reserved ones, and refuses frames of other unknown types.
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

  /// The same limit for every type below `0xF0`.
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

  /// Nil for a type that the table does not name.
  public func maximum(of type: UInt8) -> Int? {
    let size = maximum[Int(type)]
    return size < 0 ? nil : Int(size)
  }
}

/// How a peer broke the protocol of the stream. Authentication proves that the peer did it; the session is ended.
public enum FrameViolation: String, Error, CaseIterable, Hashable, Sendable {
  /// The announced length of a record is above 1 MiB or below the overhead of encryption.
  case recordLength = "record_length"
  /// Decryption of a record failed.
  case notAuthentic = "not_authentic"
  /// A frame extends beyond its record, or a control frame has the wrong size.
  case malformed = "malformed"
  /// A type that is neither in the table nor optional.
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
  /// Market objects and digests; a full queue drops the oldest, which reconciliation recovers.
  case gossip = 2
  /// Answers to requests for history; a full queue refuses new ones.
  case sync = 3
  /// Tenant–provider streams; a peer whose queue is full is disconnected, since a gap would corrupt the stream.
  case lease = 4
}
