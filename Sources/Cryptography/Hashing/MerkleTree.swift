import CSodium

/// A binary Merkle tree over a list, with the shape of RFC 6962 and the hash function BLAKE2b.
///
/// A leaf is hashed as 0x00 ‖ digest and an inner node as 0x01 ‖ left ‖ right, so that one cannot be
/// presented as the other. The left subtree of *n* leaves has the largest power of two below *n* as its size.
public enum MerkleTree {
  /// The root of `leaves`; for an empty list, the hash of no bytes.
  public static func root(_ leaves: [Digest]) -> Digest {
    Sodium.start()
    guard !leaves.isEmpty else { return .blake2b(EmptyCollection()) }
    var level = leaves.map { NodeHash.leaf($0) }
    while level.count > 1 { level = parents(of: level) }
    return level[0]
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

/// The hashes of Merkle nodes: a prefix byte for the kind, then the parts. Each input fits one block of
/// BLAKE2b.
///
/// The caller must have called `Sodium.start()`.
enum NodeHash {
  /// A leaf of a `MerkleTree`: 0x00 ‖ digest.
  static func leaf(_ digest: Digest) -> Digest { hash(0x00, digest, nil) }

  /// An inner node of a `MerkleTree`: 0x01 ‖ left ‖ right.
  static func inner(_ left: Digest, _ right: Digest) -> Digest { hash(0x01, left, right) }

  /// An entry of a `StateTree`: 0x02 ‖ key ‖ value.
  static func entry(key: Digest, value: Digest) -> Digest { hash(0x02, key, value) }

  /// An inner node of a `StateTree`: 0x03 ‖ left ‖ right, or zero when both children are zero.
  static func branch(_ left: Digest, _ right: Digest) -> Digest {
    if left == .zero, right == .zero { return .zero }
    return hash(0x03, left, right)
  }

  private static func hash(_ prefix: UInt8, _ first: Digest, _ second: Digest?) -> Digest {
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 65) { buffer in
      guard let base = buffer.baseAddress else { return .zero }
      unsafe base.initialize(to: prefix)
      unsafe first.storage.store(at: base + 1)
      if let second { unsafe second.storage.store(at: base + 33) }
      return unsafe Digest.blake2b(unsafePointer: base, count: second == nil ? 33 : 65)
    }
  }
}
