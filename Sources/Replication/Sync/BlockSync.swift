import Chain
import Cryptography
import Primitives

/// Chooses which committed blocks to request from which peers while this node is behind.
///
/// The heights that peers claim are used only to choose whom to ask. A peer that does not answer in time, or
/// answers with no requested block, is not asked for a while, which doubles with every failure in a row. Its
/// late answer is dropped without any penalty. The caller checks the blocks and calls `reject` for the sender
/// of a wrong one.
struct BlockSync: Sendable {
  /// The number of blocks in one request. An answer may contain fewer, since it must fit into a frame.
  static let batch: UInt32 = 32
  /// The number of requests that can be pending for different heights.
  static let maximumRequests = 4
  /// How long to wait for an answer.
  static let requestTimeout = Interval.seconds(2)
  /// How long a validator waits before it requests a block from a peer that is only one height ahead. Most
  /// likely that peer decided a moment earlier, and this node is about to decide too.
  static let nextBlockDelay = Interval.milliseconds(300)
  /// How long a peer is not asked after it sent a wrong block.
  static let wrongBlockBackoff = Interval.seconds(60)
  private static let maximumDoublings = 5

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
    /// When the peer first claimed its current height.
    var claimedSince = Instant.zero
    var request: (from: Height, count: UInt32, at: Instant)?
    /// The peer is not asked before this instant.
    var backoffUntil = Instant.zero
    /// The number of requests in a row that gave no block.
    var failures = 0

    /// Stores the heights that the peer claims, and returns the height that it claimed before.
    mutating func updateClaim(_ height: Height, _ base: Height, at now: Instant) -> Height {
      defer { (self.height, self.base) = (height, base) }
      if self.height < height || claimedSince == .zero { claimedSince = now }
      return self.height
    }

    mutating func recordFailure(at now: Instant) {
      let doublings = min(failures, BlockSync.maximumDoublings)
      backoffUntil = now + Interval(nanoseconds: BlockSync.requestTimeout.nanoseconds << UInt64(doublings))
      failures += 1
    }
  }

  private var peers: [PublicKey: Peer] = [:]
  /// By height: blocks that have arrived and cannot be committed before the ones below them.
  private var arrived: [Height: Arrival] = [:]

  /// The greatest height that any peer claims.
  private(set) var claimedHeight: Height = 0

  mutating func handleStatus(from peer: PublicKey, height: Height, base: Height, at now: Instant) {
    let before = peers[peer, default: Peer()].updateClaim(height, base, at: now)
    if height >= claimedHeight {
      claimedHeight = height
    } else if before == claimedHeight {
      updateClaimedHeight()
    }
  }

  private mutating func updateClaimedHeight() {
    claimedHeight = peers.values.reduce(0) { max($0, $1.height) }
  }

  mutating func remove(_ peer: PublicKey) {
    peers[peer] = nil
    updateClaimedHeight()
    arrived = arrived.filter { $0.value.from != peer }
  }

  /// The requests to send now.
  ///
  /// `committed` is the height that is committed here. `isValidator` is true if this node is a validator,
  /// which most likely decides the next height itself.
  mutating func requests(committed: Height, isValidator: Bool = true, at now: Instant) -> [Request] {
    if arrived.contains(where: { $0.key <= committed }) { arrived = arrived.filter { $0.key > committed } }
    var wanted: [Height] = []
    let inFlight = expireRequests(at: now)
    let window = Height(Self.batch) * Height(Self.maximumRequests)
    let top = min(claimedHeight, committed + window)
    var next = committed + 1
    while next <= top {
      if arrived[next] == nil, !inFlight.contains(where: { $0.contains(next) }) { wanted.append(next) }
      next += 1
    }
    guard !wanted.isEmpty else { return [] }
    var requests: [Request] = []
    for (peer, state) in availablePeers(above: committed, isValidator: isValidator, at: now) {
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

  /// The peers that may be asked now; those with the fewest failures come first.
  private func availablePeers(
    above committed: Height,
    isValidator: Bool,
    at now: Instant
  ) -> [(key: PublicKey, value: Peer)] {
    peers.filter { _, state in
      guard state.request == nil, state.backoffUntil <= now, state.height > committed else { return false }
      return !isValidator || state.height > committed + 1 || state.claimedSince + Self.nextBlockDelay <= now
    }.sorted { left, right in
      let failures = (left.value.failures, right.value.failures)
      return failures.0 == failures.1 ? left.key < right.key : failures.0 < failures.1
    }
  }

  private mutating func expireRequests(at now: Instant) -> [Range<Height>] {
    var ranges: [Range<Height>] = []
    for (peer, state) in peers {
      guard let request = state.request else { continue }
      if request.at + Self.requestTimeout <= now {
        peers[peer]?.request = nil
        peers[peer]?.recordFailure(at: now)
      } else {
        ranges.append(request.from..<request.from + Height(request.count))
      }
    }
    return ranges
  }

  /// Stores the requested blocks of an answer; false when the peer was not asked.
  mutating func handleResponse(
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
    if isUseful { peers[peer]?.failures = 0 } else { peers[peer]?.recordFailure(at: now) }
    return true
  }

  func arrival(at height: Height) -> Arrival? { arrived[height] }

  /// Removes and returns the block after the height `committed`; nil when it has not arrived.
  mutating func take(after committed: Height) -> Arrival? { arrived.removeValue(forKey: committed + 1) }

  /// Handles that a block of this peer was wrong: drops all blocks that it sent, and does not ask it for
  /// `wrongBlockBackoff`.
  mutating func reject(_ peer: PublicKey, at now: Instant) {
    arrived = arrived.filter { $0.value.from != peer }
    peers[peer]?.backoffUntil = now + Self.wrongBlockBackoff
    peers[peer]?.failures += 1
  }
}

/// The identifiers of arrived blocks that are proven to be in the chain. Each header contains the identifier
/// of its parent, so one verified certificate proves all blocks below it, as long as the validators do not
/// change.
struct VerifiedIdentifiers: Sendable {
  /// The identifiers by height.
  private var identifiers: [Height: Digest] = [:]

  func isKnown(_ identifier: Digest, at height: Height) -> Bool { identifiers[height] == identifier }

  mutating func forget(through height: Height) { identifiers = identifiers.filter { $0.key > height } }

  /// Follows the arrived blocks from `tip` upwards, as long as each names its parent and has the validators
  /// that follow from the tip's without a change. Verifies the certificate of the highest of them and, if it
  /// is valid, stores the identifiers of all.
  mutating func extend(
    from tip: Tip,
    arrivals: (Height) -> BlockSync.Arrival?,
    verify: (Certificate, ValidatorSet) -> Bool
  ) {
    // A single block is checked by its own certificate.
    guard identifiers[tip.height + 1] == nil, arrivals(tip.height + 2) != nil else { return }
    var run: [(height: Height, identifier: Digest)] = []
    var parent = tip.block
    var validators = tip.validators
    var next = tip.nextValidators
    var top: (certificate: Certificate, validators: ValidatorSet)?
    while run.count < Int(BlockSync.batch), let arrival = arrivals(tip.height + Height(run.count) + 1) {
      let header = arrival.block.header
      guard header.parent == parent, header.validatorsHash == validators.hash,
        header.nextValidatorsHash == next.hash
      else { break }
      let certificate = arrival.certificate
      guard certificate.isCommit(of: arrival.block) else { break }
      parent = arrival.block.identifier
      run.append((header.height, parent))
      top = (certificate, validators)
      validators = next
      next.advance()
    }
    guard run.count > 1, let top, verify(top.certificate, top.validators) else { return }
    for (height, identifier) in run { identifiers[height] = identifier }
  }
}

extension Certificate {
  /// Whether the certificate is a commit of `block`. Does not check signatures.
  func isCommit(of block: Block) -> Bool {
    kind == .precommit && height == block.header.height && self.block == block.identifier
  }
}
