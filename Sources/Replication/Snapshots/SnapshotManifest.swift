public import Chain
public import Cryptography
import Primitives

/// Why a part of a snapshot is not what the header's state root answers for.
public enum SnapshotError: Error, Hashable, Sendable {
  /// The pages at the top are not the tree with that root.
  case manifest
  /// No such chunk, or it was accepted before.
  case unwanted
  /// An entry that belongs to another chunk, or twice.
  case entry
  /// The entries together are not those of the state.
  case content
}

/// What a snapshot consists of: the pages at the top of the authenticated tree, below which each chunk has its place.
///
/// A chunk holds the entries whose key digests begin with its path, so the slot at the end of that path answers for the
/// chunk alone: each is checked when it comes, whoever sends it, and a wrong one accuses its sender only.
public struct SnapshotManifest: Sendable {
  /// Of paths: 16 to the power of this are the chunks. The manifest of 4,096 fits one frame.
  public static let maximumDepth = 3

  public let height: Height
  public let root: Digest
  public let depth: Int
  private let pages: [NibblePath: StateTreePage]

  /// What is to be found below a chunk's path.
  enum Content: Hashable, Sendable {
    case nothing
    /// One entry, which stands at the path or above it.
    case entry(key: Digest, value: Digest)
    case page(Digest)
  }

  /// Of the state after `height`, whose tree `reader` holds.
  public init(
    of reader: some StateTreeReading,
    height: Height,
    root: Digest,
    depth: Int
  ) throws(StateTreeError) {
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

  /// Every chunk's path, in order.
  public var chunks: [NibblePath] {
    var paths = [NibblePath.root]
    for _ in 0..<depth { paths = paths.flatMap { path in (0..<16).map { path.appending($0) } } }
    return paths
  }

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

  /// The pages above the chunks, for the restored store.
  public var topPages: [(path: NibblePath, page: StateTreePage)] {
    pages.keys.sorted().compactMap { path in pages[path].map { (path, $0) } }
  }
}

extension SnapshotManifest {
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

  /// Reads a stranger's manifest and checks it against the state root that a trusted header names.
  ///
  /// - Throws: `SnapshotError.manifest`, also for bytes that are none.
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
    } catch {
      throw .manifest
    }
    guard isComplete() else { throw .manifest }
  }

  /// Whether the pages are the tree's, from the root to just above the chunks, and no others.
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
