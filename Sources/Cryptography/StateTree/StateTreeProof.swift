import Primitives

/// A proof of the value at one key of a `StateTree`, or of its absence, that can be checked with the root
/// alone.
///
/// It has about 130 bytes per page on the path: 650 with a million entries.
public struct StateTreeProof: Hashable, Sendable {
  /// What the proof shows at the end of the key's path.
  public enum End: Hashable, Sendable {
    /// An empty slot: the key is absent.
    case empty
    /// The entry of the key.
    case present
    /// The only entry on this path, which has another key: the key is absent.
    case other(key: Digest, value: Digest)
  }

  /// The most pages on a path: a key digest has 64 nibbles.
  public static let maximumPages = 64

  public let end: End
  /// The digests of the siblings on the path: four for each page, from the deepest page to the root, and in
  /// each page the lowest first. The digest of an empty sibling is zero.
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

  /// Whether the tree with this `root` has `value` at `key`, or no entry there when `value` is nil.
  public func verifies(key: [UInt8], value: [UInt8]?, root: Digest) -> Bool {
    verifies(key: StateTree.keyDigest(key), value: value.map(StateTree.valueDigest), root: root)
  }

  /// Whether the tree with this `root` has `value` at `key`, both given by their digests; nil for no entry.
  public func verifies(key: Digest, value: Digest?, root: Digest) -> Bool {
    Sodium.start()
    let start: Digest
    switch (end, value) {
    case (.empty, nil):
      guard pageCount > 0 else { return root == StateTree.emptyRoot }
      start = .zero
    case (.present, let value?): start = NodeHash.entry(key: key, value: value)
    case (.other(let otherKey, let otherValue), nil):
      guard otherKey != key, NibblePath(prefixOf: key, count: pageCount).isPrefix(of: otherKey) else {
        return false
      }
      start = NodeHash.entry(key: otherKey, value: otherValue)
    default: return false
    }
    return pageCount > 0 && computedRoot(from: start, key: key) == root
  }

  /// The root that follows from the proof; nil when a page on the path would be empty, which is not allowed.
  private func computedRoot(from start: Digest, key: Digest) -> Digest? {
    var digest = start
    for step in 0..<pageCount {
      let nibble = key.storage.nibble(at: pageCount - 1 - step)
      for bit in 0..<4 {
        let sibling = siblings[4 * step + bit]
        digest = nibble >> bit & 1 == 0 ? NodeHash.branch(digest, sibling) : NodeHash.branch(sibling, digest)
      }
      guard digest != .zero else { return nil }
    }
    return digest
  }
}

extension StateTree {
  /// The proof of the value at the key with this digest (`keyDigest`), or of its absence.
  public static func prove(key: Digest, in reader: some StateTreeReading, root: Digest) throws(StateTreeError)
    -> StateTreeProof
  {
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
        // Without this check a damaged page could lead to an endless loop.
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
}

extension StateTreeProof {
  public static let maximumEncodedCount = 2 + 64 + maximumPages * (1 + 4 * 32)

  /// The encoding: the kind of the end and the number of pages (a byte each); the other entry, if there is
  /// one; for each page a byte whose low four bits tell which siblings are not zero; then these siblings.
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

  /// Decodes the bytes of `encoded`; any other form is refused.
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
