import Chain
public import Cryptography
import Gossip
import Primitives

/// The short name of a transaction: the first 16 bytes of its hash. Two transactions with the same name take
/// about 2⁶⁴ hashes to find, and only delay their own spread.
public struct TransactionName: Hashable, Sendable {
  static let byteCount = 16

  private let high: UInt64
  private let low: UInt64

  public init(_ hash: Digest) {
    high = hash.words[0]
    low = hash.words[1]
  }

  private init(from reader: inout ByteReader) throws(DecodingError) {
    high = try reader.read()
    low = try reader.read()
  }

  /// The number of names in one message: as many as fit into 1,200 bytes.
  static let batch = 1_200 / byteCount

  static func encode(_ names: [TransactionName]) -> [UInt8] {
    var writer = ByteWriter(capacity: names.count * byteCount)
    for name in names {
      writer.write(name.high)
      writer.write(name.low)
    }
    return writer.bytes
  }

  /// Decodes concatenated names, at most one batch.
  static func decode(_ bytes: [UInt8]) throws(DecodingError) -> [TransactionName] {
    guard bytes.count.isMultiple(of: byteCount), bytes.count <= batch * byteCount else {
      throw .invalid(field: "names")
    }
    var reader = ByteReader(bytes)
    var names: [TransactionName] = []
    names.reserveCapacity(bytes.count / byteCount)
    while reader.remaining > 0 { names.append(try TransactionName(from: &reader)) }
    return names
  }
}

/// The spread of transactions beyond the first hop: nodes announce names, and peers request what they lack.
///
/// The node of a user pushes a transaction to the validators that it is connected to (`TransactionAudience`).
/// All other nodes announce its name. A node that lacks it requests it from the peer that announced it first,
/// and from the next one if no answer comes. So a node receives one copy, and 16 bytes for each neighbour
/// that announces it.
///
/// A name waits `announceDelay` for others, so that up to 75 names share a message. A request waits
/// `requestDelay`, since the pushed copy is usually on its way or its signature is being checked.
public struct TransactionExchange: Sendable {
  /// How long a name waits for others to be announced together.
  static let announceDelay = Interval.milliseconds(5)
  /// How long to wait for the pushed copy before the first request.
  static let requestDelay = Interval.milliseconds(25)
  /// How long to wait for an answer before the next peer is asked.
  static let retryInterval = Interval.milliseconds(250)
  /// The largest number of names that the node waits for at the same time.
  static let wantedLimit = 16_384
  /// The largest number of those that one peer was the first to announce.
  static let wantedPerPeer = 4_096

  /// Totals since the start, for metrics.
  public struct Counters: Hashable, Sendable {
    /// The bytes of whole transactions that were sent to peers, pushed or on request.
    public internal(set) var sentBytes: UInt64 = 0
    /// The bytes of transactions that were added to the mempool.
    public internal(set) var distinctBytes: UInt64 = 0
    /// The number of names that were sent in announcements.
    public internal(set) var announced: UInt64 = 0
    /// The number of names that were sent in requests.
    public internal(set) var requested: UInt64 = 0
    /// The number of transactions that were sent on request.
    public internal(set) var supplied: UInt64 = 0
  }

  private struct Wanted {
    /// The peers that announced the transaction, in order of arrival.
    var announcers: [PeerID]
    /// The number of `announcers` that were asked.
    var asked = 0
    /// The time at which the next of `announcers` is asked.
    var due: Instant
  }

  private struct Answered: Hashable {
    let name: TransactionName
    let peer: PeerID
  }

  public internal(set) var counters = Counters()
  /// The transactions that were accepted or rejected lately. They are not requested.
  private var handled = Generations<TransactionName, Digest>(capacity: 131_072, period: .seconds(60))
  /// The requests that were answered lately. They are not answered again.
  private var answered = Generations<Answered, Void>(capacity: 65_536, period: .seconds(30))
  /// The names to announce to each peer.
  private var queues: [PeerID: [TransactionName]] = [:]
  /// The announced transactions that have not arrived.
  private var wanted: [TransactionName: Wanted] = [:]
  /// The number of `wanted` transactions that each peer was the first to announce.
  private var firstAnnouncedCounts: [PeerID: Int] = [:]
  /// The time at which `queues` are sent; nil when no sending is planned.
  private var flushAt: Instant?
  /// The time of the next search for due requests; never after the earliest of them.
  private var askAt: Instant?

  /// Notes that a transaction of `bytes` length was added to the mempool.
  mutating func recordAdded(_ hash: Digest, bytes: Int, at now: Instant) {
    counters.distinctBytes += UInt64(bytes)
    markHandled(hash, at: now)
  }

  /// Notes that the transaction is not needed any more, whether it was accepted or rejected.
  mutating func markHandled(_ hash: Digest, at now: Instant) {
    let name = TransactionName(hash)
    handled.set(name, to: hash, at: now)
    forget(name)
  }

  /// Queues the announcement of a transaction to `peers`.
  mutating func announce(_ hash: Digest, to peers: [PeerID], at now: Instant) {
    guard !peers.isEmpty else { return }
    let name = TransactionName(hash)
    for peer in peers { queues[peer, default: []].append(name) }
    if flushAt == nil { flushAt = now + Self.announceDelay }
  }

  /// Notes that `peer` has announced these transactions. Ignores names beyond the limits.
  mutating func handleAnnouncement(_ names: [TransactionName], by peer: PeerID, at now: Instant) {
    for name in names where handled[name] == nil {
      if let entry = wanted[name] {
        // No more than four peers are asked for one transaction.
        if entry.announcers.count < 4, !entry.announcers.contains(peer) {
          wanted[name]?.announcers.append(peer)
        }
        continue
      }
      guard wanted.count < Self.wantedLimit, firstAnnouncedCounts[peer, default: 0] < Self.wantedPerPeer
      else { return }
      let due = now + Self.requestDelay
      wanted[name] = Wanted(announcers: [peer], due: due)
      askAt = min(askAt ?? due, due)
      firstAnnouncedCounts[peer, default: 0] += 1
    }
  }

  /// The hashes of the transactions that `peer` asks for and that this node has handled lately. Each is given
  /// once to each peer, since the connection loses no messages.
  mutating func answerRequest(_ names: [TransactionName], by peer: PeerID, at now: Instant) -> [Digest] {
    names.compactMap { name in
      let answer = Answered(name: name, peer: peer)
      guard let hash = handled[name], !answered.contains(answer, at: now) else { return nil }
      answered.insert(answer, at: now)
      return hash
    }
  }

  /// Forgets a peer that has disconnected. Transactions that only it announced are not waited for any more.
  mutating func remove(_ peer: PeerID) {
    queues[peer] = nil
    guard firstAnnouncedCounts[peer] != nil else { return }
    for (name, entry) in wanted where entry.announcers.contains(peer) {
      let wasFirst = entry.announcers.first == peer
      wanted[name]?.announcers.removeAll { $0 == peer }
      if wasFirst, let next = wanted[name]?.announcers.first { firstAnnouncedCounts[next, default: 0] += 1 }
      if wanted[name]?.announcers.isEmpty == true { wanted[name] = nil }
    }
    firstAnnouncedCounts[peer] = nil
  }

  /// The time at which `takeDue` must be called next; nil when nothing is queued or waited for.
  var deadline: Instant? {
    guard let flushAt, let askAt else { return flushAt ?? askAt }
    return min(flushAt, askAt)
  }

  /// Takes the names to announce and the names to request that are due, in messages of at most one batch,
  /// sorted by peer.
  mutating func takeDue(at now: Instant) -> (
    tell: [(PeerID, [TransactionName])], ask: [(PeerID, [TransactionName])]
  ) {
    var tell: [(PeerID, [TransactionName])] = []
    if let flushAt, flushAt <= now {
      self.flushAt = nil
      tell = batches(queues)
      counters.announced += UInt64(queues.values.reduce(0) { $0 + $1.count })
      queues = [:]
    }
    guard let askAt, askAt <= now else { return (tell, []) }
    var asks: [PeerID: [TransactionName]] = [:]
    for name in wanted.filter({ $0.value.due <= now }).map(\.key) {
      guard let entry = wanted[name] else { continue }
      guard entry.asked < entry.announcers.count else {
        forget(name)
        continue
      }
      asks[entry.announcers[entry.asked], default: []].append(name)
      wanted[name]?.asked += 1
      wanted[name]?.due = now + Self.retryInterval
    }
    self.askAt = wanted.values.lazy.map(\.due).min()
    counters.requested += UInt64(asks.values.reduce(0) { $0 + $1.count })
    return (tell, batches(asks))
  }

  private func batches(_ names: [PeerID: [TransactionName]]) -> [(PeerID, [TransactionName])] {
    var result: [(PeerID, [TransactionName])] = []
    for (peer, all) in names.sorted(by: { $0.key < $1.key }) {
      for start in stride(from: 0, to: all.count, by: TransactionName.batch) {
        result.append((peer, Array(all[start..<min(start + TransactionName.batch, all.count)])))
      }
    }
    return result
  }

  private mutating func forget(_ name: TransactionName) {
    guard let entry = wanted.removeValue(forKey: name), let first = entry.announcers.first else { return }
    firstAnnouncedCounts[first, default: 1] -= 1
    if firstAnnouncedCounts[first] ?? 0 <= 0 { firstAnnouncedCounts[first] = nil }
  }
}
