/// How large a frame of each type may be, and the sizes that hold for all.
///
/// The table belongs to whoever gives the types their meaning; this room knows numbers only.
public struct FrameLimits: Hashable, Sendable {
  /// No message is larger, whatever the table says.
  public static let maximumMessage = 4 << 20
  /// The largest encrypted record, its 17 bytes of sealing included.
  public static let maximumRecord = 1 << 20
  /// Small frames share a record up to this size.
  static let coalescedRecord = 16 << 10
  /// A record of the smallest frames has no more of them, so that a record cannot unfold to many times its size.
  static let framesPerRecord = coalescedRecord / FrameHeader.count
  /// Larger messages travel in pieces of this size, so that more urgent ones slip in between.
  static let piece = 64 << 10
  /// Types from here on are the room's own.
  static let firstReservedType: UInt8 = 0xF0
  /// Types from here up to the reserved ones may be skipped by a node that does not know them.
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

  /// The same table with room for `count` more bytes in each type, as far as messages may go at all.
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

/// How a peer broke the rules of the stream: always its own fault, always the end of the session.
public enum FrameViolation: String, Error, CaseIterable, Hashable, Sendable {
  /// A record was announced that is larger than 1 MiB or too small to be one.
  case recordLength = "record_length"
  /// A record that was not sealed with the session's key at this place.
  case notAuthentic = "not_authentic"
  /// A frame reaches beyond its record, or a control frame has the wrong size.
  case malformed = "malformed"
  /// A type that is neither in the table nor optional.
  case unknownType = "unknown_type"
  /// A frame or an announced message is larger than its type may be.
  case tooLarge = "too_large"
  /// A piece without a beginning, a second beginning, or more bytes than announced.
  case fragment = "fragment"
  /// Bytes after the stream's end.
  case afterEnd = "after_end"
}

/// The priority of what is sent. Classes have queues of their own, bounded separately.
public enum TrafficClass: UInt8, Hashable, Sendable, CaseIterable {
  /// Proposals, votes, certificates: always first; a peer that cannot take them is disconnected.
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
