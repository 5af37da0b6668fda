import Chain
public import Cryptography
import Gossip
import Primitives

/// The beginning of a transaction's hash. Two transactions with one name take 2⁶⁴ hashes to make, and harm their maker.
public struct TransactionName: Hashable, Sendable {
  static let byteCount = 16

  private let high: UInt64
  private let low: UInt64

  public init(_ hash: Digest) {
    let bytes = hash.bytes
    high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }

  init(from reader: inout ByteReader) throws(DecodingError) {
    high = try reader.read()
    low = try reader.read()
  }

  func write(to writer: inout ByteWriter) {
    writer.write(high)
    writer.write(low)
  }

  /// As many as 1,200 bytes hold.
  static let batch = 1_200 / byteCount

  static func encode(_ names: [TransactionName]) -> [UInt8] {
    var writer = ByteWriter(capacity: names.count * byteCount)
    for name in names { name.write(to: &writer) }
    return writer.bytes
  }

  /// Names one after the other, at most a batch.
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

/// Transactions beyond their first hop: announced by name, pulled once.
///
/// The node that a user hands a transaction to pushes it to the validators that it is connected to: each needs a copy,
/// and gets one. Everybody else only tells what it has; who lacks it asks the first who told, and the next one when
/// nothing comes. So a receiver takes one copy however many neighbours have it, at 16 bytes for each that tells.
///
/// Names wait `gather` for company and up to 75 share a frame. A pull waits `patience`, since the pushed copy is
/// usually on its way or in its signature check.
public struct TransactionExchange: Sendable {
  struct Settings: Hashable, Sendable {
    var gather = Interval.milliseconds(5)
    var patience = Interval.milliseconds(25)
    var retry = Interval.milliseconds(250)
    /// Names that are waited for, in all and those that one peer was the first to tell of.
    var wantedLimit = 16_384
    var wantedPerPeer = 4_096
  }

  /// What was carried, for metrics.
  public struct Counters: Hashable, Sendable {
    /// Bytes of whole transactions that this node sent, pushed or pulled, and of those that it took into its pool.
    public internal(set) var sentBytes: UInt64 = 0
    public internal(set) var distinctBytes: UInt64 = 0
    public internal(set) var announced: UInt64 = 0
    public internal(set) var requested: UInt64 = 0
    public internal(set) var supplied: UInt64 = 0
  }

  private struct Wanted {
    var announcers: [PeerID]
    var asked = 0
    var due: Instant
  }

  private struct Answered: Hashable {
    let name: TransactionName
    let peer: PeerID
  }

  let settings: Settings
  public internal(set) var counters = Counters()
  /// Transactions that were taken or judged lately; they are not asked for.
  private var held = GenerationTable<TransactionName, Digest>(capacity: 131_072, period: .seconds(60))
  private var answered = GenerationSet<Answered>(capacity: 65_536, period: .seconds(30))
  private var queues: [PeerID: [TransactionName]] = [:]
  private var wanted: [TransactionName: Wanted] = [:]
  private var firsts: [PeerID: Int] = [:]
  private var flushAt: Instant?
  /// Not later than the first of those that are waited for is due.
  private var askAt: Instant?

  init(settings: Settings = Settings()) {
    self.settings = settings
  }

  /// The pool has taken the transaction.
  mutating func took(_ hash: Digest, bytes: Int, at now: Instant) {
    counters.distinctBytes += UInt64(bytes)
    refuse(hash, at: now)
  }

  /// Nothing more is wanted of the transaction, whatever became of it.
  mutating func refuse(_ hash: Digest, at now: Instant) {
    let name = TransactionName(hash)
    held.insert(hash, for: name, at: now)
    forget(name)
  }

  /// `peers` are to be told of it.
  mutating func announce(_ hash: Digest, to peers: [PeerID], at now: Instant) {
    guard !peers.isEmpty else { return }
    let name = TransactionName(hash)
    for peer in peers { queues[peer, default: []].append(name) }
    if flushAt == nil { flushAt = now + settings.gather }
  }

  /// `peer` has these.
  mutating func announced(_ names: [TransactionName], by peer: PeerID, at now: Instant) {
    for name in names where held[name] == nil {
      if let entry = wanted[name] {
        // As many as are ever asked.
        if entry.announcers.count < 4, !entry.announcers.contains(peer) {
          wanted[name]?.announcers.append(peer)
        }
        continue
      }
      guard wanted.count < settings.wantedLimit, firsts[peer, default: 0] < settings.wantedPerPeer else {
        return
      }
      let due = now + settings.patience
      wanted[name] = Wanted(announcers: [peer], due: due)
      askAt = min(askAt ?? due, due)
      firsts[peer, default: 0] += 1
    }
  }

  /// Hashes of what `peer` asks for and this node holds; each once per peer: the stream loses nothing.
  mutating func requested(_ names: [TransactionName], by peer: PeerID, at now: Instant) -> [Digest] {
    names.compactMap { name in
      let answer = Answered(name: name, peer: peer)
      guard let hash = held[name], !answered.contains(answer, at: now) else { return nil }
      answered.insert(answer, at: now)
      return hash
    }
  }

  mutating func unlink(_ peer: PeerID) {
    queues[peer] = nil
    guard firsts[peer] != nil else { return }
    for (name, entry) in wanted where entry.announcers.contains(peer) {
      let wasFirst = entry.announcers.first == peer
      wanted[name]?.announcers.removeAll { $0 == peer }
      if wasFirst, let next = wanted[name]?.announcers.first { firsts[next, default: 0] += 1 }
      if wanted[name]?.announcers.isEmpty == true { wanted[name] = nil }
    }
    firsts[peer] = nil
  }

  /// When there is something to do; nil when not before something happens.
  var deadline: Instant? {
    guard let flushAt, let askAt else { return flushAt ?? askAt }
    return min(flushAt, askAt)
  }

  /// What is due: names to tell and names to ask for, by peer in a fixed order.
  mutating func due(at now: Instant) -> (
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
      wanted[name]?.due = now + settings.retry
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
    firsts[first, default: 1] -= 1
    if firsts[first] ?? 0 <= 0 { firsts[first] = nil }
  }
}
