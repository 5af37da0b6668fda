import Cryptography
import Primitives
import Testing

@Suite struct MerkleTreeTests {
  /// RFC 6962, section 2.1, word for word.
  private func naiveRoot(_ leaves: ArraySlice<Digest>) -> Digest {
    guard let first = leaves.first else { return .blake2b([]) }
    if leaves.count == 1 { return .blake2b([0] + first.bytes) }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    return .blake2b([1] + naiveRoot(leaves[..<middle]).bytes + naiveRoot(leaves[middle...]).bytes)
  }

  private func leaves(_ count: Int) -> [Digest] {
    (0..<count).map { Digest.sha256(String($0).utf8) }
  }

  @Test(arguments: 0...70)
  func `the root is RFC 6962's for every count`(count: Int) {
    let leaves = leaves(count)
    #expect(MerkleTree.root(leaves) == naiveRoot(leaves[...]))
    #expect(MerkleTree(leaves).root == naiveRoot(leaves[...]))
    #expect(MerkleTree(leaves).count == count)
  }

  @Test(arguments: [1, 2, 3, 5, 8, 13, 33])
  func `every leaf has a proof, for its own place only`(count: Int) throws {
    let leaves = leaves(count)
    let tree = MerkleTree(leaves)
    for index in 0..<count {
      let proof = try #require(tree.proof(at: index))
      for (other, leaf) in leaves.enumerated() {
        #expect(proof.verifies(leaf, root: tree.root) == (other == index))
      }
      #expect(!proof.verifies(leaves[index], root: .zero))
      #expect(try MerkleProof(decoding: proof.encoded()) == proof)
    }
    #expect(tree.proof(at: count) == nil)
    #expect(tree.proof(at: -1) == nil)
  }

  @Test(arguments: [2, 7, 16])
  func `a proof with any bit changed, a sibling less or one too many is refused`(count: Int) throws {
    let leaves = leaves(count)
    let tree = MerkleTree(leaves)
    for index in 0..<count {
      let proof = try #require(tree.proof(at: index))
      let bytes = proof.encoded()
      for offset in bytes.indices {
        var changed = bytes
        changed[offset] ^= 1
        guard let decoded = try? MerkleProof(decoding: changed) else { continue }
        // Another count can have the same path; the place and the leaf are still bound.
        if decoded.siblings == proof.siblings, decoded.index == proof.index { continue }
        #expect(!decoded.verifies(leaves[index], root: tree.root))
      }
      for siblings in [proof.siblings.dropLast(), proof.siblings + [.zero]] {
        let changed = MerkleProof(index: proof.index, count: proof.count, siblings: siblings)
        #expect(!changed.verifies(leaves[index], root: tree.root))
      }
    }
  }

  @Test func `hostile encodings are refused`() {
    #expect(throws: DecodingError.outOfRange(field: "siblings")) {
      try MerkleProof(decoding: [0, 0, 0, 0, 0, 0, 0, 1, 33])
    }
    #expect(throws: DecodingError.truncated) { try MerkleProof(decoding: [0, 0, 0, 0, 0, 0, 0, 1, 1]) }
    #expect(throws: DecodingError.trailingBytes) {
      try MerkleProof(decoding: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    }
    #expect(!MerkleProof(index: 5, count: 5, siblings: []).verifies(.zero, root: .zero))
    #expect(!MerkleProof(index: 0, count: .max, siblings: []).verifies(.zero, root: .zero))
  }
}
