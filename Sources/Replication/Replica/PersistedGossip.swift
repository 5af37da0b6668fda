public import Chain
import Cryptography
import Gossip
public import Primitives
import Wire

/// The gossip data that a node stores across a restart: the order book, the address book, and the peers to
/// dial first.
///
/// A node that has lost it gets it again from its neighbours. A digest over all bytes detects damage.
public struct PersistedGossip: Hashable, Sendable {
  /// The live objects of the order book, with verified signatures.
  public var objects: [SignedObject]
  /// The address book, encoded by `AddressBook.encoded`.
  public var addressBook: [UInt8]
  /// The peers to dial first after the restart.
  public var anchors: [PeerID]

  public init(objects: [SignedObject] = [], addressBook: [UInt8] = [], anchors: [PeerID] = []) {
    self.objects = objects
    self.addressBook = addressBook
    self.anchors = anchors
  }

  private static let version: UInt8 = 1
  private static let limit = 256 * 1024 * 1024

  /// The bytes to store: a version, the data, and a BLAKE2b digest of both.
  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.version)
    writer.write(UInt32(objects.count))
    for object in objects { writer.writeCounted(object.encoded) }
    writer.writeCounted(addressBook)
    writer.write(UInt32(anchors.count))
    for anchor in anchors { writer.writeCounted(anchor.bytes) }
    return writer.bytes + Digest.blake2b(writer.bytes).bytes
  }

  /// Decodes the bytes of `encoded`.
  ///
  /// - Throws: `DecodingError.invalid(field: "digest")` when the bytes are damaged; another `DecodingError`
  ///   when they are of another version or chain.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    guard bytes.count >= 32, Digest.blake2b(Array(bytes.dropLast(32))).bytes == Array(bytes.suffix(32)) else {
      throw .invalid(field: "digest")
    }
    var reader = ByteReader(Array(bytes.dropLast(32)))
    guard try reader.read(UInt8.self) == Self.version else { throw .outOfRange(field: "version") }
    self.init()
    for _ in 0..<(try reader.read(UInt32.self)) {
      objects.append(
        try SignedObject(decoding: reader.readCounted(limit: WireLimits.objectBytes), chain: chain)
      )
    }
    addressBook = try reader.readCounted(limit: Self.limit)
    for _ in 0..<(try reader.read(UInt32.self)) {
      guard let anchor = PeerID(try reader.readCounted(limit: 32)) else { throw .invalid(field: "anchors") }
      anchors.append(anchor)
    }
    try reader.finish()
  }
}

extension Replica {
  public var persistedGossip: PersistedGossip {
    PersistedGossip(objects: book.objects, addressBook: gossip.encodedBook, anchors: gossip.peers.nextAnchors)
  }

  /// Restores the data that was stored before a restart. Must be called before the replica is started.
  /// Objects are checked against the current state and time again, but their signatures are not.
  ///
  /// - Returns: The number of objects that are still live, and the error if the address book cannot be
  ///   decoded. The order book is restored in any case.
  mutating func restore(
    _ memory: PersistedGossip,
    _ turn: inout ReplicaTurn
  ) -> (live: Int, addressBook: DecodingError?) {
    var live: [SignedObject] = []
    for object in memory.objects where object.kind != .nodeRecord {
      if insert(object, ObjectContent(object), &turn).judgement == .accepted { live.append(object) }
    }
    stepGossip(.restored(live), &turn)
    stepGossip(.committed(tip.time), &turn)
    guard !memory.addressBook.isEmpty else { return (live.count, nil) }
    do throws(DecodingError) {
      try gossip.restore(
        book: memory.addressBook,
        anchors: memory.anchors,
        chain: configuration.genesis.chain,
        at: turn.now
      )
    } catch { return (live.count, error) }
    return (live.count, nil)
  }
}
