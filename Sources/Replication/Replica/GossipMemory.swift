public import Chain
import Cryptography
public import Gossip
public import Primitives
import Wire

/// What a node keeps of gossip across a restart: the order book, the address book, and whom to dial first.
///
/// All of it is soft state: a node without it asks its neighbours. A digest over everything finds damage.
public struct GossipMemory: Hashable, Sendable {
  public var orders: [SignedObject]
  /// As `AddressBook.encoded` gives it.
  public var peers: [UInt8]
  public var anchors: [PeerID]

  public init(orders: [SignedObject] = [], peers: [UInt8] = [], anchors: [PeerID] = []) {
    self.orders = orders
    self.peers = peers
    self.anchors = anchors
  }

  private static let version: UInt8 = 1
  private static let limit = 256 * 1024 * 1024

  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.version)
    writer.write(UInt32(orders.count))
    for order in orders { writer.writeCounted(order.encoded) }
    writer.writeCounted(peers)
    writer.write(UInt32(anchors.count))
    for anchor in anchors { writer.writeCounted(anchor.bytes) }
    return writer.bytes + Digest.blake2b(writer.bytes).bytes
  }

  /// Throws `invalid(field: "digest")` when the bytes are not as they were written.
  public init(decoding bytes: [UInt8], chain: ChainID) throws(DecodingError) {
    guard bytes.count >= 32, Digest.blake2b(Array(bytes.dropLast(32))).bytes == Array(bytes.suffix(32)) else {
      throw .invalid(field: "digest")
    }
    var reader = ByteReader(Array(bytes.dropLast(32)))
    guard try reader.read(UInt8.self) == Self.version else { throw .outOfRange(field: "version") }
    self.init()
    for _ in 0..<(try reader.read(UInt32.self)) {
      orders.append(
        try SignedObject(decoding: reader.readCounted(limit: WireLimits.objectBytes), chain: chain)
      )
    }
    peers = try reader.readCounted(limit: Self.limit)
    for _ in 0..<(try reader.read(UInt32.self)) {
      guard let anchor = PeerID(try reader.readCounted(limit: 32)) else { throw .invalid(field: "anchors") }
      anchors.append(anchor)
    }
    try reader.finish()
  }
}

extension Replica {
  /// What is to be kept now.
  public var gossipMemory: GossipMemory {
    GossipMemory(
      orders: book.objects,
      peers: gossip.encodedBook,
      anchors: gossip.peers.nextAnchors
    )
  }

  /// Takes what the last run kept, before the replica is started. Objects are judged again, since state and time have
  /// moved on; their signatures were checked before they were kept.
  ///
  /// - Returns: how many are live, and why the address book was not taken; the order book is taken all the same.
  mutating func restore(
    _ memory: GossipMemory,
    _ turn: inout Turn
  ) -> (live: Int, addressBook: DecodingError?) {
    var live: [SignedObject] = []
    for object in memory.orders where object.kind != .nodeRecord {
      if insert(object, &turn).judgement == .accepted { live.append(object) }
    }
    stepGossip(.restored(live), &turn)
    stepGossip(.committed(tip.time), &turn)
    guard !memory.peers.isEmpty else { return (live.count, nil) }
    do throws(DecodingError) {
      try gossip.restore(
        book: memory.peers,
        anchors: memory.anchors,
        chain: configuration.genesis.chain,
        at: turn.now
      )
    } catch {
      return (live.count, error)
    }
    return (live.count, nil)
  }
}
