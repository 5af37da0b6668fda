import NIOCore
import Primitives

/// What is known of one peer on the datagram side: up to three sessions, one handshake, its pace.
///
/// A class so that the table's entries are changed in place.
final class DatagramPeer {
  /// Which of the sessions a datagram came in.
  enum Slot {
    case current, previous, next
  }

  let id: PeerID
  var endpoint: IPEndpoint
  /// This node opens the session anew when it ends.
  var isWanted = false

  /// The session that is sent in.
  private(set) var current: DatagramSession?
  /// Still read, since datagrams overtake each other.
  private(set) var previous: DatagramSession?
  /// Answered but not yet used by its initiator, who may be a replay.
  private(set) var next: DatagramSession?

  /// The index of the initiation that is being made.
  var initiating: UInt32?
  /// The initiation that was sent and not answered yet.
  var pending: DatagramHandshake.Pending?
  var attempts = 0
  var retryAt: Instant = .zero
  var cookie: (bytes: [UInt8], at: Instant)?
  var lastInitiation: UInt64 = 0

  var pace = TokenBucket()
  var datagramsPerSecond: UInt64
  var backlog = CircularBuffer<[UInt8]>(initialCapacity: 2)
  var inbound = TokenBucket()
  var lastReceived: Instant
  var lastSent: Instant
  /// What the last loss report covered: datagrams received, and the counter's end.
  var reported: (received: UInt64, end: UInt64) = (0, 0)
  /// Of a thousand datagrams sent, how many the peer says it missed.
  var lossPerMille = 0
  /// When the last datagram of the owner went out, and when the peer last proved that one had come.
  var lastData: Instant = .zero
  var provenAt: Instant = .zero
  /// Pings since then, and when the last one was sent.
  var unanswered = 0
  var askedAt: Instant = .zero
  /// While too much is lost.
  var lossyUntil: Instant?
  /// As the owner was told.
  var isUsable = true

  init(_ id: PeerID, at endpoint: IPEndpoint, datagramsPerSecond: UInt64, now: Instant) {
    self.id = id
    self.endpoint = endpoint
    self.datagramsPerSecond = datagramsPerSecond
    lastReceived = now
    lastSent = now
  }

  var isUp: Bool { current != nil }

  /// The indices by which datagrams find this peer.
  var indices: [UInt32] {
    [current?.localIndex, previous?.localIndex, next?.localIndex, initiating, pending?.sender].compactMap {
      $0
    }
  }

  /// Opens a datagram for the session of that index.
  func open(_ index: UInt32, _ bytes: [UInt8]) throws(DatagramDrop) -> (Slot, [UInt8]) {
    if current?.localIndex == index, let plaintext = try current?.open(bytes) { return (.current, plaintext) }
    if next?.localIndex == index, let plaintext = try next?.open(bytes) { return (.next, plaintext) }
    if previous?.localIndex == index, let plaintext = try previous?.open(bytes) {
      return (.previous, plaintext)
    }
    throw .unknownSession
  }

  /// Seals in the current session; nil when there is none.
  func seal(_ type: UInt8, _ plaintext: [UInt8]) -> [UInt8]? {
    current?.seal(type, plaintext)
  }

  /// The session becomes the one to send in; gives back the index that nothing answers to any more.
  func adopt(_ session: DatagramSession) -> UInt32? {
    let retired = previous?.localIndex
    previous = current
    current = session
    reported = (0, 0)
    return retired
  }

  /// The prepared session has proven itself.
  func promote() -> UInt32? {
    guard let session = next else { return nil }
    next = nil
    return adopt(session)
  }

  /// Keeps an answered session until its initiator uses it; gives back the index of the one it displaces.
  func prepare(_ session: DatagramSession) -> UInt32? {
    let displaced = next?.localIndex
    next = session
    return displaced
  }

  func forgetNext() -> UInt32? {
    defer { next = nil }
    return next?.localIndex
  }

  func forgetSessions() -> [UInt32] {
    let indices = [current?.localIndex, previous?.localIndex, next?.localIndex].compactMap { $0 }
    current = nil
    previous = nil
    next = nil
    backlog.removeAll()
    (unanswered, lossyUntil, isUsable) = (0, nil, true)
    return indices
  }

  /// Time in which this node did not run does not count.
  func excuse(_ pause: Interval, at now: Instant) {
    lastReceived = min(now, lastReceived + pause)
    askedAt = min(now, askedAt + pause)
  }
}
