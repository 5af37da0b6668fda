import Cryptography
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
  }
}
