import Cryptography
import Primitives
import Testing

@Suite struct StateTreeProofTests {
  private static func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }
  private static func value(_ number: Int) -> [UInt8] { Array("value \(number)".utf8) }

  private func tree(_ count: Int) throws -> StateTreeModel {
    var tree = StateTreeModel()
    try tree.apply((0..<count).map { StateTreeChange(key: Self.key($0), value: Self.value($0)) })
    return tree
  }

  @Test(arguments: [1, 2, 17, 300])
  func `every entry has a proof that holds for its value only`(count: Int) throws {
    let tree = try tree(count)
    for number in 0..<count {
      let proof = try StateTree.prove(key: Self.key(number), in: tree.pages, root: tree.root)
      #expect(proof.end == .present)
      #expect(proof.verifies(key: Self.key(number), value: Self.value(number), root: tree.root))
      #expect(!proof.verifies(key: Self.key(number), value: Self.value(number + 1), root: tree.root))
      #expect(!proof.verifies(key: Self.key(number), value: nil, root: tree.root))
      #expect(!proof.verifies(key: Self.key(number + 1), value: Self.value(number), root: tree.root))
      #expect(!proof.verifies(key: Self.key(number), value: Self.value(number), root: .zero))
      #expect(try StateTreeProof(decoding: proof.encoded()) == proof)
    }
  }

  @Test(arguments: [0, 1, 2, 17, 300])
  func `every absent key has a proof of absence, and of nothing else`(count: Int) throws {
    let tree = try tree(count)
    var ends: Set<Int> = []
    for number in count..<count + 200 {
      let proof = try StateTree.prove(key: Self.key(number), in: tree.pages, root: tree.root)
      switch proof.end {
      case .empty: ends.insert(0)
      case .other: ends.insert(1)
      case .present: Issue.record("an absent key was found")
      }
      #expect(proof.verifies(key: Self.key(number), value: nil, root: tree.root))
      #expect(!proof.verifies(key: Self.key(number), value: Self.value(number), root: tree.root))
      if count > 0 { #expect(!proof.verifies(key: Self.key(0), value: nil, root: tree.root)) }
      #expect(try StateTreeProof(decoding: proof.encoded()) == proof)
    }
    #expect(ends == (count < 2 ? ends : [0, 1]), "both ways of being absent are met")
  }

  @Test(arguments: UInt64(1)...10)
  func `proofs hold in trees of any shape, deep ones too`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var tree = StateTreeModel()
    for _ in 0..<5 { try tree.apply(tree.randomChanges(limit: 40, crowded: true, &generator)) }
    for key in tree.entries.keys.sorted() + (0..<40).map({ _ in generator.crowdedDigest() }) {
      let proof = try StateTree.prove(key: key, in: tree.pages, root: tree.root)
      #expect(proof.verifies(key: key, value: tree.entries[key], root: tree.root), "seed \(seed)")
      #expect(!proof.verifies(key: key, value: generator.digest(), root: tree.root), "seed \(seed)")
      if tree.entries[key] != nil {
        #expect(!proof.verifies(key: key, value: nil, root: tree.root), "seed \(seed)")
      }
      #expect(try StateTreeProof(decoding: proof.encoded()) == proof, "seed \(seed)")
    }
  }

  @Test(arguments: [2, 40])
  func `a proof with any bit changed is refused`(count: Int) throws {
    let tree = try tree(count)
    for number in [0, 1, count, count + 1, count + 2] {
      let value = number < count ? Self.value(number) : nil
      let bytes = try StateTree.prove(key: Self.key(number), in: tree.pages, root: tree.root).encoded()
      for index in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[index] ^= 1 << UInt8(bit)
          guard let proof = try? StateTreeProof(decoding: changed) else { continue }
          #expect(
            !proof.verifies(key: Self.key(number), value: value, root: tree.root),
            "byte \(index), bit \(bit)"
          )
        }
      }
      for length in 0..<bytes.count {
        #expect(throws: DecodingError.truncated) { try StateTreeProof(decoding: Array(bytes[..<length])) }
      }
      #expect(throws: DecodingError.trailingBytes) { try StateTreeProof(decoding: bytes + [0]) }
    }
  }

  @Test func `absence cannot be claimed through an entry that does not begin as the key does`() throws {
    let tree = try tree(300)
    let other = try StateTree.prove(key: Self.key(1), in: tree.pages, root: tree.root)
    let claim = try #require(
      StateTreeProof(
        end: .other(key: StateTree.keyDigest(Self.key(1)), value: StateTree.valueDigest(Self.value(1))),
        siblings: other.siblings
      )
    )
    #expect(!claim.verifies(key: Self.key(2), value: nil, root: tree.root))
    #expect(!claim.verifies(key: Self.key(1), value: nil, root: tree.root), "nor through the key's own entry")
    let nothing = try #require(StateTreeProof(end: .empty, siblings: []))
    #expect(!nothing.verifies(key: Self.key(1), value: nil, root: tree.root))
    #expect(nothing.verifies(key: Self.key(1), value: nil, root: StateTree.emptyRoot))
    let zeros = try #require(StateTreeProof(end: .empty, siblings: [Digest](repeating: .zero, count: 4)))
    #expect(!zeros.verifies(key: Self.key(1), value: nil, root: StateTree.emptyRoot))
    #expect(StateTreeProof(end: .present, siblings: Array(other.siblings.dropLast())) == nil)
    #expect(StateTreeProof(end: .present, siblings: [Digest](repeating: .zero, count: 260)) == nil)
  }

  @Test func `an entry that stands where it does not belong proves nothing, even under a root made of it`()
    throws
  {
    // One leaf, in the last slot, whose key begins with 7; the quarters' digests as the definition has them.
    let other = [UInt8](repeating: 0x7F, count: 32)
    let leaf = Digest.blake2b([2] + other + other)
    let pair = Digest.blake2b([3] + Digest.zero.bytes + leaf.bytes)
    let quarter = Digest.blake2b([3] + Digest.zero.bytes + pair.bytes)
    let page = try StateTreePage(decoding: [0x80, 0, 0, 0] + other + other + quarter.bytes)
    #expect(!page.isConsistent(at: .root))
    let pages = [NibblePath.root: page]
    let key = try #require(Digest([0xF0] + [UInt8](repeating: 0, count: 31)))
    let proof = try StateTree.prove(key: key, in: pages, root: page.digest)
    #expect(!proof.verifies(key: key, value: nil, root: page.digest))
  }

  @Test func `hostile encodings are refused before anything is allocated for them`() {
    #expect(throws: DecodingError.outOfRange(field: "proof")) {
      try StateTreeProof(decoding: [UInt8](repeating: 0, count: StateTreeProof.maximumEncodedCount + 1))
    }
    #expect(throws: DecodingError.outOfRange(field: "pages")) { try StateTreeProof(decoding: [0, 65]) }
    #expect(throws: DecodingError.outOfRange(field: "end")) { try StateTreeProof(decoding: [3, 0]) }
    #expect(throws: DecodingError.outOfRange(field: "mask")) { try StateTreeProof(decoding: [0, 1, 16]) }
    #expect(throws: DecodingError.invalid(field: "sibling")) {
      try StateTreeProof(decoding: [0, 1, 1] + [UInt8](repeating: 0, count: 32))
    }
    #expect(throws: DecodingError.truncated) { try StateTreeProof(decoding: []) }
  }
}
