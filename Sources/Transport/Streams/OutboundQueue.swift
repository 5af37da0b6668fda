import NIOCore

/// The most bytes that may wait to be sent to a peer, per traffic class.
public struct QueueLimits: Hashable, Sendable {
  public static let standard = QueueLimits()

  // Each must be at least the largest message of its class, or such a message cannot be sent.
  var consensus = 8 << 20
  var blocks = 8 << 20
  var gossip = 1 << 20
  var sync = 8 << 20
  var lease = 8 << 20

  /// The limit for all classes together. With the received bytes and one incomplete message it bounds a
  /// session's memory: 38 MiB with the default settings, of which an honest peer needs a few KiB.
  public var total: Int { consensus + blocks + gossip + sync + lease }

  func bytes(of traffic: TrafficClass) -> Int {
    switch traffic {
    case .consensus: consensus
    case .blocks: blocks
    case .gossip: gossip
    case .sync: sync
    case .lease: lease
    }
  }
}

/// The messages that wait to be sent to one peer, in a bounded queue for each class.
///
/// Consensus messages are sent first. The other classes share the rest by deficit round robin (Shreedhar and Varghese,
/// SIGCOMM 1995), so that none starves.
struct OutboundQueue {
  enum Admission: Hashable {
    /// Queued; this many of the oldest messages were dropped to make room.
    case queued(displaced: Int)
    /// Not queued: the queue is full, and its messages must not be dropped.
    case refused
    /// Not queued: the queue is full, and the session has to be ended.
    case overflow
  }

  private struct Message {
    let type: UInt8
    let bytes: [UInt8]
    /// How many bytes of a message that is sent in pieces have been sent.
    var sent = 0
    var isInPieces: Bool { bytes.count > FrameLimits.piece }
    var cost: Int { bytes.count + FrameHeader.count }
  }

  private let limits: QueueLimits
  private var queues: [CircularBuffer<Message>]
  private var queuedBytes: [Int]
  private var deficits: [Int]
  /// The class whose turn it is in the round robin.
  private var turn = 1
  private static let classes = TrafficClass.allCases.count
  /// The quantum of each class, in bytes per round; 0 for consensus, which does not take part.
  private static let quanta = [0, 128 << 10, 64 << 10, 32 << 10, 64 << 10]

  init(limits: QueueLimits) {
    self.limits = limits
    queues = Array(repeating: CircularBuffer(initialCapacity: 4), count: Self.classes)
    queuedBytes = Array(repeating: 0, count: Self.classes)
    deficits = Array(repeating: 0, count: Self.classes)
  }

  var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }

  var totalBytes: Int { queuedBytes.reduce(0, +) }

  mutating func enqueue(type: UInt8, bytes: [UInt8], class traffic: TrafficClass) -> Admission {
    let slot = Int(traffic.rawValue)
    let limit = limits.bytes(of: traffic)
    let message = Message(type: type, bytes: bytes)
    var dropped = 0
    if queuedBytes[slot] + message.cost > limit {
      switch traffic {
      case .consensus, .lease: return .overflow
      case .blocks, .sync: return .refused
      case .gossip:
        dropped = makeRoom(for: message.cost, within: limit, slot)
        guard queuedBytes[slot] + message.cost <= limit else { return .refused }
      }
    }
    queues[slot].append(message)
    queuedBytes[slot] += message.cost
    return .queued(displaced: dropped)
  }

  /// Drops the oldest messages until `cost` bytes fit, but never one whose first piece was already sent.
  private mutating func makeRoom(for cost: Int, within limit: Int, _ slot: Int) -> Int {
    guard cost <= limit else { return 0 }
    var dropped = 0
    while queuedBytes[slot] + cost > limit, let oldest = queues[slot].first {
      if oldest.sent > 0 {
        guard queues[slot].count > 1 else { break }
        let second = queues[slot].index(after: queues[slot].startIndex)
        queuedBytes[slot] -= queues[slot].remove(at: second).cost
      } else {
        queuedBytes[slot] -= queues[slot].removeFirst().cost
      }
      dropped += 1
    }
    return dropped
  }

  /// The plaintext of the next record; nil when nothing waits.
  ///
  /// A record has several small messages of up to 16 KiB together, or one message, or one piece of a large one.
  mutating func nextRecord() -> [UInt8]? {
    var record: [UInt8] = []
    while let slot = nextClass() {
      guard let head = queues[slot].first else { break }
      let room = max(0, FrameLimits.coalescedRecord - record.count)
      if head.isInPieces {
        guard record.isEmpty else { break }
        appendPiece(of: head, slot, to: &record)
        break
      }
      guard record.isEmpty || head.cost <= room else { break }
      if record.isEmpty {
        record.reserveCapacity(max(head.cost, min(totalBytes, FrameLimits.coalescedRecord)))
      }
      FrameHeader.append(type: head.type, length: head.bytes.count, to: &record)
      record.append(contentsOf: head.bytes)
      remove(slot)
      charge(slot, head.cost)
    }
    return record.isEmpty ? nil : record
  }

  private mutating func appendPiece(of head: Message, _ slot: Int, to record: inout [UInt8]) {
    guard let traffic = TrafficClass(rawValue: UInt8(slot)) else { return }
    let end = min(head.bytes.count, head.sent + FrameLimits.piece)
    record.reserveCapacity(end - head.sent + 16)
    if head.sent == 0 {
      FrameHeader.appendBegin(type: head.type, total: head.bytes.count, class: traffic, to: &record)
    }
    FrameHeader.append(type: FrameHeader.Control.piece, length: end - head.sent + 1, to: &record)
    record.append(traffic.rawValue)
    record.append(contentsOf: head.bytes[head.sent..<end])
    charge(slot, end - head.sent)
    if end == head.bytes.count { remove(slot) } else { queues[slot][queues[slot].startIndex].sent = end }
  }

  private mutating func remove(_ slot: Int) {
    queuedBytes[slot] -= queues[slot].removeFirst().cost
    if queues[slot].isEmpty { deficits[slot] = 0 }
  }

  private mutating func charge(_ slot: Int, _ cost: Int) {
    if slot != 0, !queues[slot].isEmpty { deficits[slot] -= cost }
  }

  /// The class that sends next; nil when nothing waits.
  private mutating func nextClass() -> Int? {
    if !queues[0].isEmpty { return 0 }
    guard !isEmpty else { return nil }
    while true {
      // A class keeps its turn until its deficit is used up, and is given its quantum when its turn comes again.
      if !queues[turn].isEmpty, deficits[turn] > 0 { return turn }
      turn = turn + 1 < Self.classes ? turn + 1 : 1
      if !queues[turn].isEmpty { deficits[turn] += Self.quanta[turn] }
    }
  }
}
