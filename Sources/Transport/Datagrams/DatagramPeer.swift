import Cryptography
import NIOCore
import Primitives

/// The state of one peer: up to three sessions, one handshake, the rate limits and measurements.
///
/// A class, so that entries of the table can be changed in place.
final class DatagramPeer {
  /// The session in which a datagram was received.
  enum Slot {
    case current, previous, next
  }

  let id: PeerID
  var endpoint: IPEndpoint
  /// Whether this node reopens the session when it ends.
  var isWanted = false

  /// The session in which this node sends.
  private(set) var current: DatagramSession?
  /// The session before `current`; its datagrams are still accepted, since datagrams can arrive out of order.
  private(set) var previous: DatagramSession?
  /// A session prepared for an initiation that may be a replay; its first datagram makes it `current`.
  private(set) var next: DatagramSession?

  /// The sender index of the initiation that another thread is computing.
  var initiating: UInt32?
  /// The initiation that was sent and has no response yet.
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
  /// What the last report of loss covered: `received` datagrams, up to the replay window's `end`.
  var reported: (received: UInt64, end: UInt64) = (0, 0)
  /// How many of a thousand sent datagrams the peer reported as lost.
  var lossPerMille = 0
  /// When this node last sent the peer a datagram with a payload, not a control datagram.
  var lastDataSent: Instant = .zero
  /// When the peer last confirmed that it receives datagrams.
  var confirmedAt: Instant = .zero
  /// Pings sent since `confirmedAt`.
  var unansweredPings = 0
  var pingedAt: Instant = .zero
  /// Until when the TCP stream is used because of datagram loss; nil when the loss is small.
  var lossyUntil: Instant?
  /// Whether datagrams to the peer arrive, as of the last `usable` effect.
  var isUsable = true

  init(_ id: PeerID, at endpoint: IPEndpoint, datagramsPerSecond: UInt64, now: Instant) {
    self.id = id
    self.endpoint = endpoint
    self.datagramsPerSecond = datagramsPerSecond
    lastReceived = now
    lastSent = now
  }

  var isUp: Bool { current != nil }

  /// The indices of this peer's sessions and handshakes in the endpoint's table.
  var indices: [UInt32] {
    [current?.localIndex, previous?.localIndex, next?.localIndex, initiating, pending?.sender].compactMap {
      $0
    }
  }

  /// Decrypts a datagram of the session with that index.
  func open(_ index: UInt32, _ bytes: [UInt8]) throws(DatagramDrop) -> (Slot, [UInt8]) {
    if current?.localIndex == index, let plaintext = try current?.open(bytes) { return (.current, plaintext) }
    if next?.localIndex == index, let plaintext = try next?.open(bytes) { return (.next, plaintext) }
    if previous?.localIndex == index, let plaintext = try previous?.open(bytes) {
      return (.previous, plaintext)
    }
    throw .unknownSession
  }

  /// Encrypts in the current session; nil when there is none.
  func seal(_ type: UInt8, _ plaintext: [UInt8]) -> [UInt8]? { current?.seal(type, plaintext) }

  /// Makes `session` the current one and the current one the previous. Returns the old previous one's index.
  func adopt(_ session: DatagramSession) -> UInt32? {
    let removed = previous?.localIndex
    previous = current
    current = session
    reported = (0, 0)
    return removed
  }

  /// Makes the prepared session the current one and the current one the previous. Returns the index of the
  /// session that was the previous one before; it is dropped. Nil when there was none or none was prepared.
  func promote() -> UInt32? {
    guard let session = next else { return nil }
    next = nil
    return adopt(session)
  }

  /// Sets the prepared session. Returns the index of the one that it replaces.
  func replaceNext(with session: DatagramSession?) -> UInt32? {
    defer { next = session }
    return next?.localIndex
  }

  func forgetSessions() -> [UInt32] {
    let indices = [current?.localIndex, previous?.localIndex, next?.localIndex].compactMap { $0 }
    (current, previous, next) = (nil, nil, nil)
    backlog.removeAll()
    (unansweredPings, lossyUntil, isUsable) = (0, nil, true)
    return indices
  }

  /// Postpones the timeouts by `pause`, a time in which this process did not run.
  func shiftTimeouts(by pause: Interval, at now: Instant) {
    lastReceived = min(now, lastReceived + pause)
    pingedAt = min(now, pingedAt + pause)
  }
}
