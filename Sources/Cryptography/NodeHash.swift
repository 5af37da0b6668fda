import CSodium

/// The hashes of Merkle nodes: one prefix byte for the kind, then the parts. All fit one block of BLAKE2b.
///
/// The caller has passed `Sodium.start()`.
enum NodeHash {
  /// A leaf of a `MerkleTree`: 0x00 ‖ digest.
  static func leaf(_ digest: Digest) -> Digest {
    hash(0x00, digest, nil)
  }

  /// An inner node of a `MerkleTree`: 0x01 ‖ left ‖ right.
  static func inner(_ left: Digest, _ right: Digest) -> Digest {
    hash(0x01, left, right)
  }

  /// An entry of a `StateTree`: 0x02 ‖ key ‖ value.
  static func entry(key: Digest, value: Digest) -> Digest {
    hash(0x02, key, value)
  }

  /// An inner node of a `StateTree`: 0x03 ‖ left ‖ right, or zero when both are.
  static func branch(_ left: Digest, _ right: Digest) -> Digest {
    if left == .zero, right == .zero { return .zero }
    return hash(0x03, left, right)
  }

  private static func hash(_ prefix: UInt8, _ first: Digest, _ second: Digest?) -> Digest {
    unsafe withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
      guard let base = buffer.baseAddress else { return .zero }
      unsafe base.storeBytes(of: prefix, as: UInt8.self)
      unsafe store(first.storage, at: base + 1)
      if let second { unsafe store(second.storage, at: base + 33) }
      return unsafe Digest.blake2b(
        unsafePointer: base.assumingMemoryBound(to: UInt8.self),
        count: second == nil ? 33 : 65
      )
    }
  }

  private static func store(_ words: Bytes32, at target: UnsafeMutableRawPointer) {
    unsafe target.storeBytes(of: words.word0.bigEndian, as: UInt64.self)
    unsafe target.storeBytes(of: words.word1.bigEndian, toByteOffset: 8, as: UInt64.self)
    unsafe target.storeBytes(of: words.word2.bigEndian, toByteOffset: 16, as: UInt64.self)
    unsafe target.storeBytes(of: words.word3.bigEndian, toByteOffset: 24, as: UInt64.self)
  }
}
