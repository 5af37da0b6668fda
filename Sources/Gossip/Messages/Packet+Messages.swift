import Chain
import Cryptography

extension Packet {
  /// The messages in which one peer is sent this content at the end of a step: as few as it fits into, the most urgent
  /// first.
  var messages: [(GossipMessage, GossipCore.Delivery)] {
    var packer = Packer()
    var large: [SignedObject] = []
    // Objects in the order of their urgency, then requests, then announcements.
    for urgency in 0...2 {
      for object in objects where Self.urgency(object.kind) == urgency {
        if Packer.cost(object) <= Self.byteLimit { packer.add(object) } else { large.append(object) }
      }
    }
    for want in wants { packer.add(want: want) }
    for digest in digests { packer.add(digest: digest) }
    packer.finish()
    return controlMessages + packer.messages + Self.frames(of: large).map { (.objects($0), .stream) }
  }

  /// Sends STOP and START over the stream, since a lost one would cause extra copies or missing objects for a
  /// while.
  private var controlMessages: [(GossipMessage, GossipCore.Delivery)] {
    var messages: [(GossipMessage, GossipCore.Delivery)] = []
    var stops = stops[...]
    var starts = starts[...]
    let limit = (Self.byteLimit - 16) / 8
    while !stops.isEmpty || !starts.isEmpty {
      var packet = Packet()
      packet.stops = Array(stops.prefix(limit))
      stops = stops.dropFirst(limit)
      let room = limit - packet.stops.count
      packet.starts = Array(starts.prefix(room))
      starts = starts.dropFirst(room)
      messages.append((.packet(packet), .stream))
    }
    return messages
  }

  /// Splits objects into stream frames of 256 KiB; a longer object has a frame of its own.
  static func frames(of objects: [SignedObject]) -> [[SignedObject]] {
    var frames: [[SignedObject]] = []
    var bytes = 0
    for object in objects {
      if frames.isEmpty || bytes + object.encoded.count > 256 * 1024 {
        frames.append([])
        bytes = 0
      }
      frames[frames.count - 1].append(object)
      bytes += object.encoded.count
    }
    return frames
  }

  private static func urgency(_ kind: SignedObject.Kind) -> Int {
    switch kind {
    case .order, .bid, .withdrawal: 0
    case .offer: 1
    case .nodeRecord: 2
    }
  }
}

/// Fills packets up to the datagram limit.
private struct Packer {
  private(set) var messages: [(GossipMessage, GossipCore.Delivery)] = []
  private var packet = Packet()
  private var bytes = 0

  /// The bytes of the protobuf tag and length of an array of short identifiers.
  private static let arrayHeader = 4

  /// The bytes of an object with its protobuf tag and length.
  static func cost(_ object: SignedObject) -> Int { object.encoded.count + 4 }

  mutating func add(_ object: SignedObject) {
    reserve(Self.cost(object))
    packet.objects.append(object)
  }

  mutating func add(want: UInt64) {
    reserve(packet.wants.isEmpty ? 8 + Self.arrayHeader : 8)
    packet.wants.append(want)
  }

  mutating func add(digest: UInt64) {
    reserve(packet.digests.isEmpty ? 8 + Self.arrayHeader : 8)
    packet.digests.append(digest)
  }

  mutating func finish() {
    guard !packet.isEmpty else { return }
    messages.append((.packet(packet), .datagram))
    packet = Packet()
    bytes = 0
  }

  private mutating func reserve(_ cost: Int) {
    if bytes + cost > Packet.byteLimit {
      finish()
      // The first element of an array also takes the array's header.
      bytes = Self.arrayHeader
    }
    bytes += cost
  }
}
