import Primitives

/// A binary Merkle tree over a list, with the shape of RFC 6962 and the hash function BLAKE2b.
///
/// A leaf is hashed as 0x00 ‖ digest and an inner node as 0x01 ‖ left ‖ right, so that one cannot be
/// presented as the other. The left subtree of *n* leaves has the largest power of two below *n* as its size.
public struct MerkleTree: Sendable {
  /// `levels[0]` has the hashed leaves, the last level the root. A node without a neighbour is the same in
  /// the next level.
  private let levels: [[Digest]]

  public init(_ leaves: [Digest]) {
    Sodium.start()
    var level = leaves.map { NodeHash.leaf($0) }
    var levels = [level]
    while level.count > 1 {
      level = Self.parents(of: level)
      levels.append(level)
    }
    self.levels = levels
  }

  public var count: Int { levels[0].count }

  /// The root; for an empty list, the hash of no bytes.
  public var root: Digest { levels[levels.count - 1].first ?? .blake2b(EmptyCollection()) }

  /// The root of `leaves`, computed without storing the tree.
  public static func root(_ leaves: [Digest]) -> Digest {
    Sodium.start()
    guard !leaves.isEmpty else { return .blake2b(EmptyCollection()) }
    var level = leaves.map { NodeHash.leaf($0) }
    while level.count > 1 { level = parents(of: level) }
    return level[0]
  }

  /// The proof that the root covers the leaf at `index`; nil when there is no such leaf.
  public func proof(at index: Int) -> MerkleProof? {
    guard index >= 0, index < count else { return nil }
    var siblings: [Digest] = []
    var position = index
    for level in levels {
      let sibling = position ^ 1
      if sibling < level.count { siblings.append(level[sibling]) }
      position >>= 1
    }
    return MerkleProof(index: UInt32(index), count: UInt32(count), siblings: siblings)
  }

  private static func parents(of level: [Digest]) -> [Digest] {
    var parents: [Digest] = []
    parents.reserveCapacity((level.count + 1) / 2)
    var index = 0
    while index + 1 < level.count {
      parents.append(NodeHash.inner(level[index], level[index + 1]))
      index += 2
    }
    if index < level.count { parents.append(level[index]) }
    return parents
  }
}

/// The path from one leaf of a list to its Merkle root.
public struct MerkleProof: Hashable, Sendable {
  /// The leaf's index in the list.
  public let index: UInt32
  /// How many leaves the list has.
  public let count: UInt32
  /// The hashes of the neighbours on the path to the root, lowest first.
  public let siblings: [Digest]

  public init(index: UInt32, count: UInt32, siblings: [Digest]) {
    self.index = index
    self.count = count
    self.siblings = siblings
  }

  /// Whether `leaf` is at `index` in the list of `count` leaves with the root `root`.
  public func verifies(_ leaf: Digest, root: Digest) -> Bool {
    guard index < count else { return false }
    Sodium.start()
    var digest = NodeHash.leaf(leaf)
    var position = index
    var width = count
    var rest = siblings[...]
    while width > 1 {
      if position ^ 1 < width {
        guard let sibling = rest.popFirst() else { return false }
        digest = position & 1 == 0 ? NodeHash.inner(digest, sibling) : NodeHash.inner(sibling, digest)
      }
      position >>= 1
      width = width / 2 + width % 2
    }
    return rest.isEmpty && digest == root
  }

  /// The encoding: index (4 bytes), count (4), number of siblings (1), siblings (32 each).
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 9 + 32 * siblings.count)
    writer.write(index)
    writer.write(count)
    writer.write(UInt8(siblings.count))
    for sibling in siblings { writer.write(sibling) }
    return writer.bytes
  }

  /// Decodes what `encoded` gives. More than 32 siblings are refused, since even a list of 2³² leaves needs
  /// only 32.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    index = try reader.read()
    count = try reader.read()
    let depth = Int(try reader.read(UInt8.self))
    guard depth <= 32 else { throw .outOfRange(field: "siblings") }
    var siblings: [Digest] = []
    for _ in 0..<depth { siblings.append(try reader.readDigest()) }
    self.siblings = siblings
    try reader.finish()
  }
}
