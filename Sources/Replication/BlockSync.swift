import Chain
import Cryptography
import Primitives

/// Which committed blocks to ask whom for, while this node is behind.
///
/// A peer's claim of a height is worth a request and nothing more: progress is judged by verified certificates and
/// the own clock. A peer that does not answer in time is passed over for a while; one that sends a wrong block is
/// reported by whoever checked it.
struct BlockSync: Sendable {
  /// Blocks of one request; a response is also bounded by its frame.
  static let batch: UInt32 = 32
  static let requestsAtOnce = 4
  static let patience = Interval.seconds(2)

  struct Request: Hashable, Sendable {
    var peer: PublicKey
    var from: Height
    var count: UInt32
  }

  private struct Peer {
    var height: Height = 0
    var base: Height = 0
    var request: (from: Height, count: UInt32, at: Instant)?
    var idleUntil = Instant.zero
  }

  private var peers: [PublicKey: Peer] = [:]
  /// Blocks that arrived before their turn, by height.
  private var arrived: [Height: (block: CommittedBlock, from: PublicKey)] = [:]

  /// The greatest height that a peer claims.
  var claimedHeight: Height { peers.values.lazy.map(\.height).max() ?? 0 }

  mutating func statusArrived(from peer: PublicKey, height: Height, base: Height) {
    peers[peer, default: Peer()].height = height
    peers[peer]?.base = base
  }

  mutating func remove(_ peer: PublicKey) {
    peers[peer] = nil
  }

  /// The requests to send now, given the height that is committed here.
  mutating func requests(committed: Height, at now: Instant) -> [Request] {
    arrived = arrived.filter { $0.key > committed }
    var wanted: [Height] = []
    var next = committed + 1
    let window = Height(Self.batch) * Height(Self.requestsAtOnce)
    let inFlight = expireRequests(at: now)
    let top = min(claimedHeight, committed + window)
    while next <= top {
      if arrived[next] == nil, !inFlight.contains(where: { $0.contains(next) }) { wanted.append(next) }
      next += 1
    }
    var requests: [Request] = []
    for peer in peers.keys.sorted() {
      guard let first = wanted.first, let state = peers[peer] else { break }
      guard state.request == nil, state.idleUntil <= now, state.height >= first, state.base <= first else {
        continue
      }
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

  private mutating func expireRequests(at now: Instant) -> [Range<Height>] {
    var ranges: [Range<Height>] = []
    for peer in peers.keys.sorted() {
      guard let request = peers[peer]?.request else { continue }
      if request.at + Self.patience <= now {
        peers[peer]?.request = nil
        peers[peer]?.idleUntil = now + Self.patience
      } else {
        ranges.append(request.from..<request.from + Height(request.count))
      }
    }
    return ranges
  }

  /// Keeps what was asked for; false when the peer was not asked.
  mutating func responseArrived(
    from peer: PublicKey,
    heights: [(height: Height, block: CommittedBlock)],
    committed: Height
  ) -> Bool {
    guard let request = peers[peer]?.request else { return false }
    peers[peer]?.request = nil
    if heights.isEmpty {
      let claimed = peers[peer]?.height ?? 0
      peers[peer]?.height = min(claimed, committed)
    }
    for (height, block) in heights
    where height > committed && height >= request.from && height < request.from + Height(request.count) {
      arrived[height] = (block, peer)
    }
    return true
  }

  /// The block after `committed` when it has arrived.
  mutating func take(after committed: Height) -> (block: CommittedBlock, from: PublicKey)? {
    arrived.removeValue(forKey: committed + 1)
  }

  /// A block of this peer was wrong: everything it sent is dropped and it is not asked for a while.
  mutating func reject(_ peer: PublicKey, at now: Instant) {
    arrived = arrived.filter { $0.value.from != peer }
    peers[peer]?.idleUntil = now + .seconds(60)
    peers[peer]?.height = 0
  }
}
