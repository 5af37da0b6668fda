public import Chain
public import Cryptography
public import Primitives

/// The reason why a part of a snapshot does not belong to the state root in the header.
public enum SnapshotError: Error, Hashable, Sendable {
  /// The pages of the manifest are not the top of the tree with that root.
  case manifest
  /// The chunk does not exist, is empty, or was accepted before.
  case unwanted
  /// An entry belongs to another chunk or occurs twice.
  case entry
  /// The entries of the chunk are not those of the state.
  case content
}

/// The description of a snapshot: the pages at the top of the state tree, which contain the digest of each
/// chunk.
///
/// A chunk contains the entries whose key digests begin with its path. The slot at the end of that path holds
/// the digest of exactly these entries. Therefore each chunk can be checked on arrival, whichever peer sends
/// it, and a wrong chunk proves only its sender faulty.
public struct SnapshotManifest: Sendable {
  /// The greatest depth: the number of nibbles in the paths of chunks. A snapshot of depth d has 16^d chunks.
  /// The manifest of 4,096 chunks fits into one frame.
  public static let maximumDepth = 3

  /// The height after whose block the snapshot was made.
  public let height: Height
  /// The root of the state tree.
  public let root: Digest
  /// The number of nibbles in the paths of chunks.
  public let depth: Int
  private let pages: [NibblePath: StateTreePage]

  /// The content of a chunk according to the manifest.
  enum Content: Hashable, Sendable {
    case nothing
    /// The chunk is one entry. Its leaf is at the chunk's path or above.
    case entry(key: Digest, value: Digest)
    case page(Digest)
  }

  /// The manifest of the state after `height`, read from its tree.
  ///
  /// - Precondition: `depth` is between 0 and `maximumDepth`.
  /// - Throws: `StateTreeError.missingPage` when the tree is incomplete.
  public init(of reader: some StateTreeReading, height: Height, root: Digest, depth: Int)
    throws(StateTreeError)
  {
    precondition((0...Self.maximumDepth).contains(depth), "no such depth")
    self.height = height
    self.root = root
    self.depth = depth
    var pages: [NibblePath: StateTreePage] = [:]
    var wanted = root == StateTree.emptyRoot || depth == 0 ? [] : [NibblePath.root]
    while let path = wanted.popLast() {
      guard let page = reader.page(at: path) else { throw .missingPage(path) }
      pages[path] = page
      guard path.count + 1 < depth else { continue }
      for (nibble, slot) in page.slots.enumerated() {
        if case .child = slot { wanted.append(path.appending(nibble)) }
      }
    }
    self.pages = pages
  }

  /// The paths of all chunks, in order.
  public var chunks: [NibblePath] {
    var paths = [NibblePath.root]
    for _ in 0..<depth { paths = paths.flatMap { path in (0..<16).map { path.appending($0) } } }
    return paths
  }

  /// The path of the chunk that contains the entry with this key.
  public func path(of key: [UInt8]) -> NibblePath {
    NibblePath(prefixOf: StateTree.keyDigest(key), count: depth)
  }

  func content(at path: NibblePath) -> Content {
    guard root != StateTree.emptyRoot else { return .nothing }
    guard depth > 0 else { return .page(root) }
    var above = NibblePath.root
    for index in 0..<depth {
      guard let page = pages[above] else { return .nothing }
      switch page.slots[path[index]] {
      case .empty: return .nothing
      case .leaf(let key, let value):
        return path.isPrefix(of: key) ? .entry(key: key, value: value) : .nothing
      case .child(let digest):
        if index == depth - 1 { return .page(digest) }
        above = above.appending(path[index])
      }
    }
    return .nothing
  }

  /// The pages above the chunks, which are written to the restored store.
  public var topPages: [(path: NibblePath, page: StateTreePage)] {
    pages.keys.sorted().compactMap { path in pages[path].map { (path, $0) } }
  }

  /// The bytes of the manifest: height, root, depth, and its pages with their paths.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 64 + 600 * pages.count)
    writer.write(height)
    writer.write(root)
    writer.write(UInt8(depth))
    writer.write(UInt32(pages.count))
    for (path, page) in topPages {
      writer.writeCounted(path.encoded())
      writer.writeCounted(page.encoded())
    }
    return writer.bytes
  }

  /// Decodes a manifest that a peer sent, and checks it against the state root in a verified header.
  ///
  /// - Throws: `SnapshotError.manifest` when the bytes cannot be decoded or do not belong to that root.
  public init(decoding bytes: [UInt8], height: Height, root: Digest) throws(SnapshotError) {
    do {
      var reader = ByteReader(bytes)
      let ownHeight: Height = try reader.read()
      let ownRoot = try reader.readDigest()
      let depth = Int(try reader.read(UInt8.self))
      let count = Int(try reader.read(UInt32.self))
      guard ownHeight == height, ownRoot == root, depth <= Self.maximumDepth, count <= 273 else {
        throw SnapshotError.manifest
      }
      var pages: [NibblePath: StateTreePage] = [:]
      for _ in 0..<count {
        let path = try NibblePath(decoding: try reader.readCounted(limit: 64))
        pages[path] = try StateTreePage(decoding: try reader.readCounted(limit: 4_096))
      }
      try reader.finish()
      self.height = height
      self.root = root
      self.depth = depth
      self.pages = pages
      guard pages.count == count else { throw SnapshotError.manifest }
    } catch { throw .manifest }
    guard isComplete() else { throw .manifest }
  }

  /// Whether the pages are exactly those of the tree from the root to just above the chunks.
  private func isComplete() -> Bool {
    var reached = 0
    var wanted: [(path: NibblePath, digest: Digest)] =
      root == StateTree.emptyRoot || depth == 0 ? [] : [(.root, root)]
    while let (path, digest) = wanted.popLast() {
      guard let page = pages[path], page.isConsistent(at: path), page.digest == digest else { return false }
      reached += 1
      guard path.count + 1 < depth else { continue }
      for (nibble, slot) in page.slots.enumerated() {
        if case .child(let below) = slot { wanted.append((path.appending(nibble), below)) }
      }
    }
    return reached == pages.count
  }
}

/// The snapshot that a joining node has chosen: the verified headers of its height and the next, and the
/// manifest of its state.
public struct SnapshotPlan: Sendable {
  /// The block whose execution gives the state.
  public let below: LightBlock
  /// The next block, whose header contains the state root.
  public let above: LightBlock
  /// The manifest of the state after `below`.
  public let manifest: SnapshotManifest
  /// The tip to which the state belongs.
  public let tip: Tip

  /// Nil unless `above` follows `below` and the manifest is of the state after `below`.
  public init?(below: LightBlock, above: LightBlock, manifest: SnapshotManifest) {
    guard let tip = Tip(restoring: below, under: above), manifest.height == tip.height,
      manifest.root == tip.stateRoot
    else { return nil }
    self.below = below
    self.above = above
    self.manifest = manifest
    self.tip = tip
  }

  /// The bytes that a joining node stores in order to resume after a restart.
  public var encoded: [UInt8] {
    let parts = [below.encoded, above.encoded, manifest.encoded]
    var writer = ByteWriter(capacity: parts.reduce(16) { $0 + $1.count })
    for part in parts { writer.writeCounted(part) }
    return writer.bytes
  }

  /// Decodes the bytes of `encoded`. The blocks are not verified again, since they were verified before they
  /// were stored.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    let below = try LightBlock(decoding: try reader.readCounted())
    let above = try LightBlock(decoding: try reader.readCounted())
    let pages = try reader.readCounted()
    try reader.finish()
    guard
      let manifest = try? SnapshotManifest(
        decoding: pages,
        height: below.height,
        root: above.header.stateRoot
      ), let plan = SnapshotPlan(below: below, above: above, manifest: manifest)
    else { throw .invalid(field: "plan") }
    self = plan
  }
}
