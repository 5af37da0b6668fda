import Cryptography
import Primitives
import Testing

@Suite struct StateTreeTests {
  @Test func `the empty tree has the zero root and no pages; a removal leaves it so`() throws {
    var tree = StateTreeModel()
    try tree.apply([])
    try tree.apply([StateTreeChange(key: [1], value: nil)])
    #expect(tree.root == .zero && tree.pages.isEmpty)
    try tree.apply([StateTreeChange(key: [1], value: [2])])
    #expect(tree.root != .zero && tree.pages.count == 1)
    try tree.apply([StateTreeChange(key: [1], value: nil)])
    #expect(tree.root == .zero && tree.pages.isEmpty)
  }

  @Test func `the root of one entry is what the definition says`() throws {
    var tree = StateTreeModel()
    try tree.apply([StateTreeChange(key: Array("key".utf8), value: Array("value".utf8))])
    let key = Digest.blake2b("key".utf8)
    #expect(tree.root == NaiveStateTree([key: .blake2b("value".utf8)]).root)
    let labelled = try StateTree.apply(
      [(key: Array("key".utf8), value: Array("value".utf8))],
      to: [NibblePath: StateTreePage](),
      root: .zero
    )
    #expect(labelled.root == tree.root && labelled.pages.count == 1)
  }

  @Test(
    arguments: UInt64(1)...40
  )
  func `after any batches the root and the pages are those of a tree built at once`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let crowded = seed.isMultiple(of: 2)
    var tree = StateTreeModel()
    for _ in 0..<25 {
      try tree.apply(tree.randomChanges(limit: seed.isMultiple(of: 3) ? 3 : 30, crowded: crowded, &generator))
      let naive = NaiveStateTree(tree.entries)
      #expect(tree.root == naive.root, "seed \(seed)")
      #expect(Set(tree.pages.keys) == naive.paths, "seed \(seed)")
      for (path, page) in tree.pages { #expect(page.isConsistent(at: path), "seed \(seed), page \(path)") }
      #expect(tree.pages[.root]?.digest ?? .zero == tree.root, "seed \(seed)")
    }
  }

  @Test(arguments: UInt64(1)...20)
  func `the order of the changes, and how they are batched, changes nothing`(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let crowded = seed.isMultiple(of: 2)
    var entries: [Digest: Digest] = [:]
    for _ in 0..<60 { entries[crowded ? generator.crowdedDigest() : generator.digest()] = generator.digest() }
    let inserts = entries.sorted { $0.key < $1.key }.map { StateTreeChange(key: $0.key, value: $0.value) }
    let passing = (0..<40).map { _ in crowded ? generator.crowdedDigest() : generator.digest() }
      .filter { entries[$0] == nil }

    var atOnce = StateTreeModel()
    try atOnce.apply(inserts)
    var oneByOne = StateTreeModel()
    for change in generator.shuffled(inserts) { try oneByOne.apply([change]) }
    var detour = StateTreeModel()
    for key in passing { try detour.apply([StateTreeChange(key: key, value: .zero)]) }
    for change in generator.shuffled(inserts) {
      try detour.apply([StateTreeChange(key: change.key, value: generator.digest())])
    }
    for change in generator.shuffled(inserts) { try detour.apply([change]) }
    for key in Set(passing).sorted().reversed() { try detour.apply([StateTreeChange(key: key, value: nil)]) }

    #expect(oneByOne.root == atOnce.root && detour.root == atOnce.root, "seed \(seed)")
    #expect(oneByOne.pages == atOnce.pages && detour.pages == atOnce.pages, "seed \(seed)")
    for change in generator.shuffled(inserts) {
      try detour.apply([StateTreeChange(key: change.key, value: nil)])
    }
    #expect(detour.root == .zero && detour.pages.isEmpty, "seed \(seed)")
  }

  @Test func `a page is handed out once per batch, after those below it, and only when it changed`() throws {
    var generator = SeededGenerator(seed: 11)
    var tree = StateTreeModel()
    let keys = (0..<500).map { _ in generator.digest() }
    try tree.apply(keys.map { StateTreeChange(key: $0, value: $0) })
    let same = try StateTree.apply(
      keys.map { StateTreeChange(key: $0, value: $0) },
      to: tree.pages,
      root: tree.root
    )
    #expect(same.pages.isEmpty && same.root == tree.root)
    let absent = try StateTree.apply(
      (0..<50).map { _ in StateTreeChange(key: generator.digest(), value: nil) },
      to: tree.pages,
      root: tree.root
    )
    #expect(absent.pages.isEmpty && absent.root == tree.root)
    let update = try StateTree.apply(
      keys.prefix(100).map { StateTreeChange(key: $0, value: .zero) },
      to: tree.pages,
      root: tree.root
    )
    #expect(Set(update.pages.map(\.path)).count == update.pages.count)
    #expect(update.pages.last?.path == .root)
    for (position, changed) in update.pages.enumerated() {
      #expect(tree.pages[changed.path] != changed.page)
      for later in update.pages[(position + 1)...] where later.path.count > changed.path.count {
        let prefix = (0..<changed.path.count).allSatisfy { later.path[$0] == changed.path[$0] }
        #expect(!prefix, "\(later.path) is below \(changed.path)")
      }
    }
  }

  @Test func `a missing page and a repeated key are reported`() throws {
    var generator = SeededGenerator(seed: 5)
    var tree = StateTreeModel()
    try tree.apply(
      (0..<100).map { _ in StateTreeChange(key: generator.crowdedDigest(), value: .zero) }.unique()
    )
    let deep = try #require(tree.pages.keys.filter { $0 != .root }.min())
    let key = try #require(tree.entries.keys.filter(deep.isPrefix).min())
    tree.pages[deep] = nil
    #expect(throws: StateTreeError.missingPage(deep)) {
      try tree.apply([StateTreeChange(key: key, value: nil)])
    }
    #expect(throws: StateTreeError.missingPage(.root)) {
      try StateTree.apply([StateTreeChange(key: key, value: nil)], to: [:], root: .sha256([]))
    }
    #expect(throws: StateTreeError.missingPage(.root)) {
      try StateTree.prove(key: [1] as [UInt8], in: [NibblePath: StateTreePage](), root: .sha256([]))
    }
    // A leaf in the last slot whose key begins with 7.
    let foreign: [UInt8] = [0x80, 0, 0, 0] + [UInt8](repeating: 0x7F, count: 64 + 32)
    let damaged = [NibblePath.root: try StateTreePage(decoding: foreign)]
    #expect(throws: StateTreeError.damagedPage(.root)) {
      let first = Digest([0xF0] + [UInt8](repeating: 0, count: 31))!
      _ = try StateTree.apply([StateTreeChange(key: first, value: .zero)], to: damaged, root: .sha256([]))
    }
    let twice = StateTreeChange(key: key, value: nil)
    #expect(throws: StateTreeError.repeatedKey(key)) {
      try StateTree.apply([twice, twice], to: tree.pages, root: tree.root)
    }
  }

  @Test(
    arguments: UInt64(1)...5
  )
  func `pages read back from their bytes; what is cut, longer or contradictory is refused`(seed: UInt64)
    throws
  {
    var generator = SeededGenerator(seed: seed)
    var tree = StateTreeModel()
    try tree.apply((0..<200).map { _ in StateTreeChange(key: generator.digest(), value: generator.digest()) })
    for (path, page) in tree.pages {
      let bytes = page.encoded()
      let decoded = try StateTreePage(decoding: bytes)
      #expect(decoded == page && decoded.digest == page.digest)
      #expect(bytes.count <= StateTreePage.maximumEncodedCount)
      for count in 0..<bytes.count {
        #expect(throws: DecodingError.truncated) { try StateTreePage(decoding: bytes[..<count]) }
      }
      #expect(throws: DecodingError.self) { try StateTreePage(decoding: bytes + [0]) }
      for index in bytes.indices {
        var changed = bytes
        changed[index] ^= 1
        guard let forged = try? StateTreePage(decoding: changed) else { continue }
        #expect(!forged.isConsistent(at: path) || forged.digest != page.digest, "seed \(seed)")
      }
    }
    #expect(throws: DecodingError.invalid(field: "slots")) { try StateTreePage(decoding: [0, 1, 0, 1]) }
    #expect(throws: DecodingError.outOfRange(field: "page")) {
      try StateTreePage(decoding: [UInt8](repeating: 0, count: StateTreePage.maximumEncodedCount + 1))
    }
    #expect(!StateTreePage().isConsistent(at: .root), "an empty page is never kept")
  }
}

extension [StateTreeChange] {
  fileprivate func unique() -> [StateTreeChange] {
    Dictionary(map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first }).values.sorted {
      $0.key < $1.key
    }
  }
}
