import Chain
import Cryptography

/// What one peer is to be sent at the end of a step, packed into as few messages as fit.
struct Outbox {
  private var objects: [SignedObject] = []
  private var digests: [UInt64] = []
  private var wants: [UInt64] = []
  private var stops: [OriginTag] = []
  private var starts: [OriginTag] = []

  /// Objects of one stream frame, in bytes.
  private static let frameBytes = 256 * 1024

  mutating func push(_ object: SignedObject) { objects.append(object) }
  mutating func announce(_ shorts: [UInt64]) { digests += shorts }
  mutating func want(_ shorts: [UInt64]) { wants += shorts }
  mutating func stop(_ tags: [OriginTag]) { stops += tags }
  mutating func start(_ tags: [OriginTag]) { starts += tags }

  /// Calls `send` with each message, the most urgent first.
  func flush(_ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    flushControl(send)
    var packer = Packer()
    var large: [SignedObject] = []
    // Objects in the order of their urgency, then requests, then announcements.
    for urgency in 0...2 {
      for object in objects where Self.urgency(object.kind) == urgency {
        guard Packer.cost(object) <= Packet.byteLimit else {
          large.append(object)
          continue
        }
        packer.add(object, send)
      }
    }
    for want in wants { packer.add(want: want, send) }
    for digest in digests { packer.add(digest: digest, send) }
    packer.finish(send)
    Self.frames(of: large) { send(.objects($0), .stream) }
  }

  /// STOP and START go over the stream, since the loss of one would cost copies or objects for a while.
  private func flushControl(_ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    var stops = stops[...]
    var starts = starts[...]
    let limit = (Packet.byteLimit - 16) / 8
    while !stops.isEmpty || !starts.isEmpty {
      var packet = Packet()
      packet.stops = Array(stops.prefix(limit))
      stops = stops.dropFirst(limit)
      let room = limit - packet.stops.count
      packet.starts = Array(starts.prefix(room))
      starts = starts.dropFirst(room)
      send(.packet(packet), .stream)
    }
  }

  /// Splits objects into frames of moderate size.
  static func frames(of objects: [SignedObject], _ body: ([SignedObject]) -> Void) {
    var frame: [SignedObject] = []
    var bytes = 0
    for object in objects {
      if bytes + object.encoded.count > frameBytes, !frame.isEmpty {
        body(frame)
        frame = []
        bytes = 0
      }
      frame.append(object)
      bytes += object.encoded.count
    }
    if !frame.isEmpty { body(frame) }
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
  private var packet = Packet()
  private var bytes = 0

  /// Tag and length of an array of short identifiers.
  private static let arrayHeader = 4

  /// An object with its tag and length.
  static func cost(_ object: SignedObject) -> Int { object.encoded.count + 4 }

  mutating func add(_ object: SignedObject, _ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    reserve(Self.cost(object), send)
    packet.objects.append(object)
  }

  mutating func add(want: UInt64, _ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    reserve(packet.wants.isEmpty ? 8 + Self.arrayHeader : 8, send)
    packet.wants.append(want)
  }

  mutating func add(digest: UInt64, _ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    reserve(packet.digests.isEmpty ? 8 + Self.arrayHeader : 8, send)
    packet.digests.append(digest)
  }

  mutating func finish(_ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    guard !packet.isEmpty else { return }
    send(.packet(packet), .datagram)
    packet = Packet()
    bytes = 0
  }

  private mutating func reserve(_ cost: Int, _ send: (GossipMessage, GossipCore.Delivery) -> Void) {
    if bytes + cost > Packet.byteLimit {
      finish(send)
      // The first element of an array also takes the array's header.
      bytes = Self.arrayHeader
    }
    bytes += cost
  }
}
