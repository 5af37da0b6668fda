import Primitives

/// What stands, or does not, at one key of a `StateTree`, checkable against its root alone.
///
/// About 130 bytes for each page on the way: 650 with a million entries.
public struct StateTreeProof: Hashable, Sendable {
  /// What is at the end of the key's way.
  public enum End: Hashable, Sendable {
    /// Nothing: the key is absent.
    case empty
    /// The key's own entry.
    case present
    /// The only entry that begins as the key does, and is another's: the key is absent.
    case other(key: Digest, value: Digest)
  }

  /// A key digest has 64 nibbles.
  public static let maximumPages = 64

  public let end: End
  /// Four for each page, from the deepest page to the root, lowest neighbour first; zero for what is empty.
  public let siblings: [Digest]

  /// Nil unless there are four siblings for each of at most 64 pages.
  public init?(end: End, siblings: [Digest]) {
    guard siblings.count.isMultiple(of: 4), siblings.count <= 4 * Self.maximumPages else { return nil }
    self.init(end: end, pages: siblings)
  }

  fileprivate init(end: End, pages siblings: [Digest]) {
    self.end = end
    self.siblings = siblings
  }

  private var pageCount: Int { siblings.count / 4 }

  /// Whether the tree with this `root` holds `value` at `key`, or nothing when `value` is nil.
  public func verifies(key: [UInt8], value: [UInt8]?, root: Digest) -> Bool {
    verifies(key: StateTree.keyDigest(key), value: value.map(StateTree.valueDigest), root: root)
  }

  /// The same by the digests of key and value.
  public func verifies(key: Digest, value: Digest?, root: Digest) -> Bool {
    Sodium.start()
    let start: Digest
    switch (end, value) {
    case (.empty, nil):
      guard pageCount > 0 else { return root == StateTree.emptyRoot }
      start = .zero
    case (.present, let value?):
      start = NodeHash.entry(key: key, value: value)
    case (.other(let otherKey, let otherValue), nil):
      guard otherKey != key, NibblePath(prefixOf: key, count: pageCount).isPrefix(of: otherKey) else {
        return false
      }
      start = NodeHash.entry(key: otherKey, value: otherValue)
    default:
      return false
    }
    return pageCount > 0 && climb(from: start, key: key) == root
  }

  /// The root that follows; nil when a page on the way would be empty, which no tree has.
  private func climb(from start: Digest, key: Digest) -> Digest? {
    var digest = start
    for step in 0..<pageCount {
      let nibble = key.storage.nibble(at: pageCount - 1 - step)
      for bit in 0..<4 {
        let sibling = siblings[4 * step + bit]
        digest =
          nibble >> bit & 1 == 0
          ? NodeHash.branch(digest, sibling) : NodeHash.branch(sibling, digest)
      }
      guard digest != .zero else { return nil }
    }
    return digest
  }
}

extension StateTree {
  /// The proof of what the tree holds at `key`, be it nothing.
  public static func prove(
    key: [UInt8],
    in reader: some StateTreeReading,
    root: Digest
  ) throws(StateTreeError) -> StateTreeProof {
    try prove(key: keyDigest(key), in: reader, root: root)
  }

  /// The same by the key's digest.
  public static func prove(
    key: Digest,
    in reader: some StateTreeReading,
    root: Digest
  ) throws(StateTreeError) -> StateTreeProof {
    Sodium.start()
    guard root != emptyRoot else { return StateTreeProof(end: .empty, pages: []) }
    var levels: [[Digest]] = []
    var path = NibblePath.root
    while true {
      guard let page = reader.page(at: path) else { throw .missingPage(path) }
      let nibble = key.storage.nibble(at: path.count)
      levels.append(page.siblings(of: nibble))
      let end: StateTreeProof.End
      switch page.slots[nibble] {
      case .child:
        // A damaged page could lead on for ever.
        guard path.count < 63 else { throw .damagedPage(path) }
        path = path.appending(nibble)
        continue
      case .empty: end = .empty
      case .leaf(key, _): end = .present
      case .leaf(let otherKey, let value): end = .other(key: otherKey, value: value)
      }
      return StateTreeProof(end: end, pages: Array(levels.reversed().joined()))
    }
  }

  /// Whether `proof` shows `value` at `key`, or nothing when `value` is nil, in the tree with this `root`.
  public static func verify(
    _ proof: StateTreeProof,
    key: [UInt8],
    value: [UInt8]?,
    root: Digest
  ) -> Bool {
    proof.verifies(key: key, value: value, root: root)
  }
}

extension StateTreeProof {
  /// The longest encoding.
  public static let maximumEncodedCount = 2 + 64 + maximumPages * (1 + 4 * 32)

  /// The end's kind and the number of pages (a byte each), the other entry if there is one, for each page a
  /// byte whose low four bits say which neighbours are not zero, and those neighbours.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 66 + 33 * siblings.count)
    switch end {
    case .empty: writer.write(UInt8(0))
    case .present: writer.write(UInt8(1))
    case .other: writer.write(UInt8(2))
    }
    writer.write(UInt8(pageCount))
    if case .other(let key, let value) = end {
      writer.write(key)
      writer.write(value)
    }
    for page in 0..<pageCount {
      let mask = (0..<4).reduce(UInt8(0)) { mask, bit in
        siblings[4 * page + bit] == .zero ? mask : mask | 1 << UInt8(bit)
      }
      writer.write(mask)
    }
    for sibling in siblings where sibling != .zero { writer.write(sibling) }
    return writer.bytes
  }

  /// Reads what `encoded` wrote, and no other form.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    guard bytes.count <= Self.maximumEncodedCount else { throw .outOfRange(field: "proof") }
    var reader = ByteReader(bytes)
    let kind = try reader.read(UInt8.self)
    let pageCount = Int(try reader.read(UInt8.self))
    guard pageCount <= Self.maximumPages else { throw .outOfRange(field: "pages") }
    switch kind {
    case 0: end = .empty
    case 1: end = .present
    case 2:
      let key = try reader.readDigest()
      end = .other(key: key, value: try reader.readDigest())
    default: throw .outOfRange(field: "end")
    }
    let masks = try reader.readRaw(count: pageCount)
    var siblings: [Digest] = []
    siblings.reserveCapacity(4 * pageCount)
    for mask in masks {
      guard mask < 16 else { throw .outOfRange(field: "mask") }
      for bit in 0..<4 {
        guard mask >> UInt8(bit) & 1 == 1 else {
          siblings.append(.zero)
          continue
        }
        let sibling = try reader.readDigest()
        guard sibling != .zero else { throw .invalid(field: "sibling") }
        siblings.append(sibling)
      }
    }
    self.siblings = siblings
    try reader.finish()
  }
}
