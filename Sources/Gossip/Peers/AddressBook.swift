public import Chain
public import Cryptography
public import Primitives
import Wire

/// Signed node records, at most one per key, in tables of buckets that one attacker cannot fill. The design
/// is from Heilman et al., "Eclipse Attacks on Bitcoin's Peer-to-Peer Network" (2015), as in Bitcoin and
/// CometBFT.
///
/// *Tried* entries have answered a dial with the key that the record names; *new* entries have not. Records
/// from one group of senders reach only some of the new buckets, and addresses of one group only a few of the
/// tried buckets. Before a new entry replaces a tried one, the tried one is dialed; it stays if it answers.
public struct AddressBook: Sendable {
  public struct Settings: Hashable, Sendable {
    public var newBuckets = 256
    public var triedBuckets = 64
    public var bucketSize = 64
    /// The number of new buckets that records from one group of senders can reach.
    public var bucketsPerSource = 32
    /// The number of tried buckets that addresses of one group can reach.
    public var bucketsPerGroup = 4
    /// Whether addresses are grouped (`AddressGroup`). False on loopback, where all nodes have the same
    /// address.
    public var usesGroups = true

    public init() {}
  }

  public struct Entry: Hashable, Sendable {
    public let object: SignedObject
    public let record: NodeRecord
    public internal(set) var isTried = false
    /// The number of failed dials since the last success.
    public internal(set) var failures: UInt32 = 0
    public internal(set) var triedAt: Instant?
    public internal(set) var succeededAt: Instant?
    var source: AddressGroup
    var bucket: Int

    public var key: PeerID { object.key }
    /// The address for the next dial; the record's addresses take turns.
    public var address: String? {
      record.addresses.isEmpty ? nil : record.addresses[Int(failures) % record.addresses.count]
    }
  }

  public enum Insertion: Hashable, Sendable {
    case added
    /// The record is newer than the book's record of the same key.
    case updated
    /// The book's record of the same key is as new or newer.
    case stale
    case expired
    /// The bucket is full, and no entry in it has failed repeatedly.
    case full
  }

  public let settings: Settings
  private let secret: ShortHash
  private(set) var entries: [PeerID: Entry] = [:]
  /// The keys in each bucket, of new entries (false) and of tried ones (true).
  private var buckets: [Bool: [Int: [PeerID]]] = [false: [:], true: [:]]
  /// Entries that answered while their tried bucket was full (challengers), each with the entry of that
  /// bucket that it replaces if that entry (the incumbent) does not answer.
  private(set) var contests: [(challenger: PeerID, incumbent: PeerID)] = []

  /// `generator` gives the secret by which entries are assigned to buckets, so that nobody else can compute
  /// the buckets.
  public init(settings: Settings = Settings(), generator: inout SeededGenerator) {
    self.settings = settings
    var writer = ByteWriter(capacity: 16)
    writer.write(generator.next())
    writer.write(generator.next())
    secret = ShortHash(Digest.blake2b(writer.bytes))
  }

  public var count: Int { entries.count }
  public var triedCount: Int { (buckets[true] ?? [:]).values.reduce(0) { $0 + $1.count } }

  public subscript(key: PeerID) -> Entry? { entries[key] }

  /// Keys of all entries, ascending.
  public var keys: [PeerID] { entries.keys.sorted() }

  /// Inserts a record with a valid signature; `source` is the address group of the peer that sent it.
  public mutating func insert(
    _ object: SignedObject,
    _ record: NodeRecord,
    source: AddressGroup,
    time: Timestamp
  ) -> Insertion {
    guard record.expiresAt > time else { return .expired }
    if let known = entries[object.key] {
      guard record.sequence > known.record.sequence else { return .stale }
      // With new addresses, the entry is untried again and moves to the bucket of its address.
      let keepsTried = known.isTried && known.record.addresses == record.addresses
      removeFromBucket(known)
      var entry = Entry(object: object, record: record, source: source, bucket: 0)
      entry.failures = keepsTried ? known.failures : 0
      entry.succeededAt = keepsTried ? known.succeededAt : nil
      entries[object.key] = nil
      if keepsTried, place(&entry, tried: true) { return .updated }
      return place(&entry, tried: false) ? .updated : .full
    }
    var entry = Entry(object: object, record: record, source: source, bucket: 0)
    return place(&entry, tried: false) ? .added : .full
  }

  /// Records that the node with this key answered a dial.
  public mutating func succeeded(_ key: PeerID, at now: Instant) {
    guard var entry = entries[key] else { return }
    contests.removeAll { $0.incumbent == key }
    entry.failures = 0
    entry.triedAt = now
    entry.succeededAt = now
    guard !entry.isTried else {
      entries[key] = entry
      return
    }
    let bucket = triedBucket(of: entry)
    if let members = buckets[true]?[bucket], members.count >= settings.bucketSize {
      entries[key] = entry
      // Heilman et al. call this "test before evict": the incumbent that answered longest ago is dialed
      // first.
      guard contests.count < 64, !contests.contains(where: { $0.challenger == key }) else { return }
      guard let oldest = members.min(by: { lastSuccess($0) < lastSuccess($1) }) else { return }
      contests.append((key, oldest))
      return
    }
    removeFromBucket(entry)
    entries[key] = nil
    _ = place(&entry, tried: true)
  }

  /// Records a failed dial. New entries are dropped after several failures. A tried entry loses its place to
  /// its challenger at once, or becomes new again after several failures.
  public mutating func failed(_ key: PeerID, at now: Instant) {
    guard var entry = entries[key] else { return }
    entry.failures += 1
    entry.triedAt = now
    entries[key] = entry
    if let contest = contests.firstIndex(where: { $0.incumbent == key }) {
      let challenger = contests.remove(at: contest).challenger
      demote(key)
      succeeded(challenger, at: now)
    } else if entry.isTried, entry.failures >= 8 {
      demote(key)
    } else if !entry.isTried, entry.failures >= 8 {
      remove(key)
    }
  }

  public mutating func remove(_ key: PeerID) {
    guard let entry = entries.removeValue(forKey: key) else { return }
    removeFromBucket(entry)
    contests.removeAll { $0.challenger == key || $0.incumbent == key }
  }

  /// Removes the records that have expired, and returns their identifiers.
  public mutating func expire(at time: Timestamp) -> [Digest] {
    let expired = entries.values.filter { $0.record.expiresAt <= time }.sorted { $0.key < $1.key }
    for entry in expired { remove(entry.key) }
    return expired.map(\.object.identifier)
  }

  private func lastSuccess(_ key: PeerID) -> Instant { entries[key]?.succeededAt ?? .zero }

  private mutating func demote(_ key: PeerID) {
    guard var entry = entries[key] else { return }
    removeFromBucket(entry)
    entries[key] = nil
    entry.isTried = false
    _ = place(&entry, tried: false)
  }

  private mutating func removeFromBucket(_ entry: Entry) {
    // Capture only the key: with the whole entry, the optimizer of Swift 6.3.1 stops with an ownership error.
    let key = entry.key
    buckets[entry.isTried]?[entry.bucket]?.removeAll { $0 == key }
  }

  /// Puts an entry into its bucket and the table; false when there is no room.
  private mutating func place(_ entry: inout Entry, tried: Bool) -> Bool {
    let bucket = tried ? triedBucket(of: entry) : newBucket(of: entry)
    if let members = buckets[tried]?[bucket], members.count >= settings.bucketSize {
      // Only a new entry that failed repeatedly gives way: a flood of records displaces nothing that may work.
      let worst = members.compactMap { entries[$0] }.filter { !tried && $0.failures >= 3 }
        .max { ($0.failures, $0.key) < ($1.failures, $1.key) }
      guard let worst else { return false }
      remove(worst.key)
    }
    buckets[tried]?[bucket, default: []].append(entry.key)
    entry.isTried = tried
    entry.bucket = bucket
    entries[entry.key] = entry
    return true
  }

  func group(of entry: Entry) -> AddressGroup {
    guard settings.usesGroups, let address = entry.record.addresses.first else {
      return AddressGroup(text: "key:\(entry.key.originTag)")
    }
    return AddressGroup(address: address)
  }

  private func newBucket(of entry: Entry) -> Int {
    let source = settings.usesGroups ? entry.source : group(of: entry)
    let slot = hash("new", group(of: entry).text, source.text) % UInt64(settings.bucketsPerSource)
    return Int(hash("slot", source.text, String(slot)) % UInt64(settings.newBuckets))
  }

  private func triedBucket(of entry: Entry) -> Int {
    let group = group(of: entry).text
    let slot = hash("tried", group, String(entry.key.originTag)) % UInt64(settings.bucketsPerGroup)
    return Int(hash("slot", group, String(slot)) % UInt64(settings.triedBuckets))
  }

  private func hash(_ parts: String...) -> UInt64 {
    var writer = ByteWriter()
    for part in parts { writer.write(part) }
    return secret(writer.bytes)
  }

  private static let version: UInt8 = 1

  /// The encoded entries in ascending order of their key, to be stored across a restart.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 256 * entries.count + 16)
    writer.write(Self.version)
    writer.write(UInt32(entries.count))
    for entry in entries.values.sorted(by: { $0.key < $1.key }) {
      writer.write(entry.isTried)
      writer.write(entry.source.text)
      writer.writeCounted(entry.object.encoded)
    }
    return writer.bytes
  }

  /// Adds the entries in the bytes of `encoded`. Their signatures were checked before they were stored.
  ///
  /// - Throws: `DecodingError` when the bytes are damaged; the entries read before the damage stay.
  public mutating func restore(_ bytes: [UInt8], chain: ChainID, time: Timestamp, at now: Instant)
    throws(DecodingError)
  {
    var reader = ByteReader(bytes)
    guard try reader.read(UInt8.self) == Self.version else { throw .outOfRange(field: "version") }
    for _ in 0..<(try reader.read(UInt32.self)) {
      let isTried = try reader.readFlag()
      let source = AddressGroup(text: try reader.readText(limit: 512))
      let object = try SignedObject(decoding: reader.readCounted(limit: WireLimits.objectBytes), chain: chain)
      let record = try NodeRecord(decoding: object.body)
      _ = insert(object, record, source: source, time: time)
      if isTried { succeeded(object.key, at: now) }
    }
    try reader.finish()
  }
}

/// A group of addresses that one party probably controls together: a /16 of IPv4, a /32 of IPv6, or a domain.
public struct AddressGroup: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let text: String

  init(text: String) { self.text = text }

  public var description: String { text }

  /// The group of `host:port`, `host:tcpPort/udpPort`, `[v6]:port` or a bare host.
  public init(address: String) {
    let host = NetworkAddress(record: address)?.host ?? address
    if let octets = Self.octets(of: host) {
      text = octets[0] == 127 ? "loopback" : "v4:\(octets[0]).\(octets[1])"
    } else if host.contains(":") {
      let groups = host.lowercased().split(separator: ":", omittingEmptySubsequences: false)
      text = host == "::1" ? "loopback" : "v6:" + groups.prefix(2).joined(separator: ":")
    } else if host == "localhost" {
      text = "loopback"
    } else {
      text = "name:" + host.lowercased().split(separator: ".").suffix(2).joined(separator: ".")
    }
  }

  private static func octets(of host: String) -> [UInt8]? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    let octets = parts.compactMap { UInt8($0) }
    return octets.count == 4 ? octets : nil
  }

  public static func < (left: AddressGroup, right: AddressGroup) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
}
