public import Chain
public import Cryptography
public import Primitives

extension GossipCore {
  /// Restores the address book of the last run, and the outbound peers to dial first (`anchors`). Call it
  /// before `start`, after the time of the last committed block is known.
  ///
  /// Throws when `book` is damaged; the entries read before the damage stay.
  public mutating func restore(book: [UInt8], anchors: [PeerID], chain: ChainID, at now: Instant)
    throws(DecodingError)
  {
    peers.restoreAnchors(anchors)
    try peers.restoreBook(book, chain: chain, at: now)
  }

  /// Adds authentic node records that did not come through gossip to the address book.
  public mutating func learn(_ records: [SignedObject], at now: Instant) {
    for object in records {
      guard case .nodeRecord(let content) = ObjectContent(object) else { continue }
      _ = peers.insert(.init(object: object, content: content), from: nil)
    }
  }

  /// The address book, to be kept for the next run.
  public var encodedBook: [UInt8] { peers.book.encoded }

  /// The time during which a new neighbour gets a backfill, and the bytes that it gets beyond the size of the
  /// live objects.
  public static var backfillTime: Interval { AnswerBudget.backfillTime }
  public static var extraBackfill: Int { Int(AnswerBudget.extraBackfill) }

  /// An estimate of the bytes of the tables and the objects in them. Objects that the order book also holds
  /// are counted here too.
  public var footprint: Int { dissemination.footprint + reconciliation.liveCount * 40 + peers.book.footprint }
}

extension GossipCore.Settings {
  /// The most bytes that one neighbour can make gossip's tables hold, whatever it sends: 7 MiB with the usual settings.
  ///
  /// These are announcements from it and to it, its objects that wait for a check (a quarter of all that may wait),
  /// objects that it announced first and did not deliver, and objects that reconciliation still wants from it. Accepted
  /// objects are not counted: the order book bounds them per account.
  public var bytesPerPeer: Int {
    let dissemination = dissemination
    let link = 1_024 + dissemination.announcedPerPeer * (64 + 32)
    let pending = 2 * (dissemination.pendingBytes / 4) + (dissemination.pendingLimit / 4) * 512
    let missing = dissemination.missingPerPeer * 128
    let wanted = reconciliation.neededLimit * 32 + reconciliation.chunk * 64
    return link + pending + missing + wanted
  }
}

extension Dissemination {
  /// An estimate in bytes: tables by their capacity, objects by their size.
  var footprint: Int {
    var bytes =
      live.capacity * 40 + liveShorts.capacity * 48 + seen.footprint + refused.footprint + checked.footprint
    bytes += live.values.reduce(0) { $0 + Self.bytes(of: $1) }
    bytes += pending.values.reduce(0) { $0 + Self.bytes(of: $1.object) + 256 }
    bytes += recent.count * 200 + missing.capacity * 96 + (fresh.count + retries.count) * 16
    bytes += routes.values.reduce(routes.capacity * 8) { $0 + $1.footprint }
    bytes += links.reduce(0) { $0 + ($1?.footprint ?? 0) }
    return bytes
  }

  /// The bytes as received, the decoded fields, and an estimate for the rest.
  static func bytes(of object: SignedObject) -> Int { 2 * object.encoded.count + 256 }
}

extension Route { var footprint: Int { 256 + tableBytes } }

extension Link {
  /// An estimate in bytes of the tables that the neighbour can fill.
  var footprint: Int { 512 + queue.count * 32 + announced.count * 64 }
}

extension AddressBook {
  var footprint: Int {
    entries.values.reduce(entries.capacity * 64) { $0 + 512 + Dissemination.bytes(of: $1.object) }
  }
}
