public import Chain
public import Cryptography
import Ledger
import Primitives

/// A state that is put together from chunks which anybody may send.
public struct SnapshotAssembly: Sendable {
  public let manifest: SnapshotManifest
  /// Chunks that have not come.
  public private(set) var missing: Set<NibblePath>

  /// What goes into the store of a chunk that is right.
  public struct Part: Sendable {
    public var entries: [SnapshotChunk.Entry]
    public var pages: [(path: NibblePath, page: StateTreePage)]
  }

  /// How many chunks have something in them.
  public let count: Int

  /// `staged`: chunks that were accepted before, by an assembly of the same manifest.
  public init(_ manifest: SnapshotManifest, staged: [NibblePath] = []) {
    self.manifest = manifest
    let all = Set(manifest.chunks.filter { manifest.content(at: $0) != .nothing })
    count = all.count
    missing = all.subtracting(staged)
  }

  public var isComplete: Bool { missing.isEmpty }

  /// Checks a chunk against the tree.
  ///
  /// - Throws: When its sender lied, or nobody asked for it.
  public mutating func accept(_ chunk: SnapshotChunk) throws(SnapshotError) -> Part {
    guard missing.contains(chunk.path) else { throw .unwanted }
    for entry in chunk.entries {
      guard chunk.path.isPrefix(of: StateTree.keyDigest(entry.key)) else { throw .entry }
    }
    let pages: [(path: NibblePath, page: StateTreePage)]
    switch manifest.content(at: chunk.path) {
    case .nothing: throw .unwanted
    case .entry(let key, let value):
      guard chunk.entries.count == 1, let entry = chunk.entries.first,
        StateTree.keyDigest(entry.key) == key, StateTree.valueDigest(entry.value) == value
      else { throw .content }
      pages = []
    case .page(let digest): pages = try Self.pages(of: chunk, with: digest)
    }
    missing.remove(chunk.path)
    return Part(entries: chunk.entries, pages: pages)
  }

  private static func pages(
    of chunk: SnapshotChunk,
    with digest: Digest
  ) throws(SnapshotError) -> [(path: NibblePath, page: StateTreePage)] {
    let update: StateTreeUpdate
    do {
      update = try StateTree.apply(
        chunk.entries.map { StateTreeChange(key: $0.key, value: $0.value) },
        to: [NibblePath: StateTreePage](),
        root: StateTree.emptyRoot
      )
    } catch {
      throw .entry
    }
    // Above the chunk's path the tree holds others' entries too: those pages are the manifest's.
    let pages = update.pages.compactMap { path, page in
      path.count >= chunk.path.count ? page.map { (path: path, page: $0) } : nil
    }
    guard pages.contains(where: { $0.path == chunk.path && $0.page.digest == digest }) else { throw .content }
    return pages
  }
}

extension Tip {
  /// Where a chain stands after the block of `below`, as that and the header after it say.
  ///
  /// Both are trusted by a light client. Nil unless they follow each other.
  public init?(restoring below: LightBlock, under above: LightBlock) {
    guard above.height == below.height + 1, above.header.parent == below.identifier else { return nil }
    self.init(
      height: below.height,
      block: below.identifier,
      time: below.header.time,
      stateRoot: above.header.stateRoot,
      receiptsRoot: above.header.receiptsRoot,
      certificate: below.certificate,
      validators: above.validators,
      nextValidators: above.nextValidators,
      lastValidators: below.validators
    )
  }
}
