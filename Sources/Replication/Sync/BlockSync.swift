import Chain
import Cryptography
import Primitives

/// Which committed blocks to ask whom for, while this node is behind.
///
/// A peer's claim of a height is worth a request and nothing more: progress is judged by verified certificates and
/// the own clock. A peer that does not answer, or with nothing that was asked for, is passed over for a while that
/// doubles; what comes late from it is dropped and costs it nothing. One that sends a wrong block is reported by
/// whoever checked it.
struct BlockSync: Sendable {
  /// Blocks of one request; a response is also bounded by its frame.
  static let batch: UInt32 = 32
  static let requestsAtOnce = 4
  static let patience = Interval.seconds(2)
  /// A peer that is one height ahead has most likely only decided a moment earlier.
  static let hesitation = Interval.milliseconds(300)
  /// After a wrong block.
  static let punishment = Interval.seconds(60)
  private static let longestDoubling = 5

  struct Request: Hashable, Sendable {
    var peer: PublicKey
    var from: Height
    var count: UInt32
  }

  struct Arrival: Sendable {
    var block: Block
    var certificate: Certificate
    var from: PublicKey
  }

  private struct Peer {
    var height: Height = 0
    var base: Height = 0
    var reachedAt = Instant.zero
    var request: (from: Height, count: UInt32, at: Instant)?
    var idleUntil = Instant.zero
    /// Requests in a row that brought nothing.
    var failures = 0

    /// Takes what the peer claims; returns what it claimed before.
    mutating func claim(_ height: Height, _ base: Height, at now: Instant) -> Height {
      defer { (self.height, self.base) = (height, base) }
      if self.height < height || reachedAt == .zero { reachedAt = now }
      return self.height
    }

    mutating func fail(at now: Instant) {
      let doublings = min(failures, BlockSync.longestDoubling)
      idleUntil = now + Interval(nanoseconds: BlockSync.patience.nanoseconds << UInt64(doublings))
      failures += 1
    }
  }

  private var peers: [PublicKey: Peer] = [:]
  /// Blocks that arrived before their turn, by height.
  private var arrived: [Height: Arrival] = [:]

  /// The greatest height that a peer claims.
  private(set) var claimedHeight: Height = 0

  mutating func statusArrived(from peer: PublicKey, height: Height, base: Height, at now: Instant) {
    let before = peers[peer, default: Peer()].claim(height, base, at: now)
    if height >= claimedHeight {
      claimedHeight = height
    } else if before == claimedHeight {
      findClaimedHeight()
    }
  }

  private mutating func findClaimedHeight() {
    claimedHeight = peers.values.reduce(0) { max($0, $1.height) }
  }

  mutating func remove(_ peer: PublicKey) {
    peers[peer] = nil
    findClaimedHeight()
    arrived = arrived.filter { $0.value.from != peer }
  }

  /// The requests to send now, given the height that is committed here.
  ///
  /// `decides`: this node takes part in consensus, which most likely brings the next height sooner.
  mutating func requests(committed: Height, decides: Bool = true, at now: Instant) -> [Request] {
    if arrived.contains(where: { $0.key <= committed }) { arrived = arrived.filter { $0.key > committed } }
    var wanted: [Height] = []
    let inFlight = expireRequests(at: now)
    let window = Height(Self.batch) * Height(Self.requestsAtOnce)
    let top = min(claimedHeight, committed + window)
    var next = committed + 1
    while next <= top {
      if arrived[next] == nil, !inFlight.contains(where: { $0.contains(next) }) { wanted.append(next) }
      next += 1
    }
    guard !wanted.isEmpty else { return [] }
    var requests: [Request] = []
    for (peer, state) in free(above: committed, decides: decides, at: now) {
      guard let first = wanted.first else { break }
      guard state.height >= first, state.base <= first else { continue }
      var count: UInt32 = 0
      while count < Self.batch, wanted.first == first + Height(count), first + Height(count) <= state.height {
        wanted.removeFirst()
        count += 1
      }
      peers[peer]?.request = (first, count, now)
      requests.append(Request(peer: peer, from: first, count: count))
    }
    return requests
  }

  /// Those who may be asked now; who answered well comes first.
  private func free(
    above committed: Height,
    decides: Bool,
    at now: Instant
  ) -> [(key: PublicKey, value: Peer)] {
    peers.filter { _, state in
      guard state.request == nil, state.idleUntil <= now, state.height > committed else { return false }
      return !decides || state.height > committed + 1 || state.reachedAt + Self.hesitation <= now
    }
    .sorted { left, right in
      let failures = (left.value.failures, right.value.failures)
      return failures.0 == failures.1 ? left.key < right.key : failures.0 < failures.1
    }
  }

  private mutating func expireRequests(at now: Instant) -> [Range<Height>] {
    var ranges: [Range<Height>] = []
    for (peer, state) in peers {
      guard let request = state.request else { continue }
      if request.at + Self.patience <= now {
        peers[peer]?.request = nil
        peers[peer]?.fail(at: now)
      } else {
        ranges.append(request.from..<request.from + Height(request.count))
      }
    }
    return ranges
  }

  /// Keeps what was asked for; false when the peer was not asked.
  mutating func responseArrived(
    from peer: PublicKey,
    blocks: [(block: Block, certificate: Certificate)],
    committed: Height,
    at now: Instant
  ) -> Bool {
    guard let request = peers[peer]?.request else { return false }
    peers[peer]?.request = nil
    let range = request.from..<request.from + Height(request.count)
    var isUseful = false
    for (block, certificate) in blocks where range.contains(block.header.height) {
      isUseful = true
      guard block.header.height > committed else { continue }
      arrived[block.header.height] = Arrival(block: block, certificate: certificate, from: peer)
    }
    if isUseful {
      peers[peer]?.failures = 0
    } else {
      peers[peer]?.fail(at: now)
    }
    return true
  }

  func arrival(at height: Height) -> Arrival? { arrived[height] }

  /// The block after `committed` when it has arrived.
  mutating func take(after committed: Height) -> Arrival? {
    arrived.removeValue(forKey: committed + 1)
  }

  /// A block of this peer was wrong: everything it sent is dropped and it is not asked for a while.
  mutating func reject(_ peer: PublicKey, at now: Instant) {
    arrived = arrived.filter { $0.value.from != peer }
    peers[peer]?.idleUntil = now + Self.punishment
    peers[peer]?.failures += 1
  }
}
