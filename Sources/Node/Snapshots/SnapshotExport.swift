public import Chain
public import Cryptography
public import Foundation
import Primitives
import Replication
public import Storage

/// Writes the state after one height as a manifest and chunks, from a frozen view of the database.
///
/// It uses this much memory: one buffer of `memory` bytes, 12 bytes for each entry in it, 48 KiB of tables
/// for each time that the buffer is filled, and the chunk being written. The database stays in use; it keeps
/// old versions of entries until the view is released.
public struct SnapshotExport {
  public struct Report: Sendable {
    public var entries: Int
    public var bytes: UInt64
    public var chunks: Int
    public var largestChunk: Int
    public var depth: Int
    public var runs: Int
  }

  private let store: NodeStore
  private let view: Storage.Snapshot
  private let height: Height
  private let root: Digest
  /// Bytes of state that are sorted in memory at once.
  var memory = 16 << 20
  /// The largest chunk aimed at; larger ones occur when the greatest depth does not suffice.
  var chunkBytes = 256 << 10
  var isCancelled: @Sendable () -> Bool = { false }

  /// `view`: the database right after the commit of `height`.
  public init(of store: NodeStore, at view: Storage.Snapshot, height: Height, root: Digest) {
    self.store = store
    self.view = view
    self.height = height
    self.root = root
  }

  /// Writes the snapshot into a temporary folder, which becomes `folder` when the snapshot is complete.
  public func run(into folder: URL) throws -> Report {
    let partial = folder.appendingPathExtension("partial")
    try? FileManager.default.removeItem(at: partial)
    try FileManager.default.createDirectory(at: partial, withIntermediateDirectories: true)
    do {
      let report = try write(into: partial)
      try FileManager.default.moveItem(at: partial, to: folder)
      return report
    } catch {
      try? FileManager.default.removeItem(at: partial)
      throw error
    }
  }

  private func write(into folder: URL) throws -> Report {
    let scratch = folder.appending(path: "runs").path
    let runs = try SnapshotRuns(scratch, memory: memory)
    try gather(runs)
    let depth = depth(of: runs.sizes)
    let tree = TreeView(store: store, view: view)
    let manifest = try SnapshotManifest(of: tree, height: height, root: root, depth: depth)
    let file = try SnapshotFile(folder.appending(path: SnapshotArchive.chunksName).path, writing: true)
    var index: [SnapshotArchive.Place] = []
    let width = SnapshotRuns.slotCount >> (4 * depth)
    for (number, path) in manifest.chunks.enumerated() {
      if isCancelled() { throw CancellationError() }
      let (count, entries) = try runs.entries(of: number * width..<(number + 1) * width)
      guard count > 0 else { continue }
      let chunk = SnapshotChunk.encode(path: path, count: count, entries: entries)
      guard chunk.count <= SnapshotChunk.byteLimit else { throw SnapshotTooLarge(bytes: chunk.count) }
      index.append(.init(path: path, offset: file.count, count: chunk.count, digest: .blake2b(chunk)))
      try file.append(chunk)
    }
    try file.sync()
    try FileManager.default.removeItem(atPath: scratch)
    try SnapshotArchive.write(manifest, places: index, into: folder)
    return Report(
      entries: runs.entryCount,
      bytes: file.count,
      chunks: index.count,
      largestChunk: index.map(\.count).max() ?? 0,
      depth: depth,
      runs: runs.runCount
    )
  }

  private func gather(_ runs: SnapshotRuns) throws {
    var cursor = try store.database.cursor(in: .state, at: view, fillsCache: false)
    while let entry = try cursor.next() {
      try runs.add(key: entry.key, value: entry.value)
      if runs.entryCount.isMultiple(of: 4_096), isCancelled() { throw CancellationError() }
    }
    try runs.finishRun()
  }

  /// The least depth of the tree at which no chunk is larger than `chunkBytes`.
  private func depth(of sizes: [Int]) -> Int {
    (0..<SnapshotManifest.maximumDepth).first { depth in
      let width = sizes.count >> (4 * depth)
      return stride(from: 0, to: sizes.count, by: width).allSatisfy {
        sizes[$0..<$0 + width].reduce(0, +) <= chunkBytes
      }
    } ?? SnapshotManifest.maximumDepth
  }
}

/// The error when a chunk of the state is larger than a frame may be.
struct SnapshotTooLarge: Error, CustomStringConvertible {
  let bytes: Int
  var description: String { "a chunk of the state takes \(bytes) bytes, more than a frame may hold" }
}

/// Reads pages of the state tree from a frozen view.
private struct TreeView: StateTreeReading {
  let store: NodeStore
  let view: Storage.Snapshot

  func page(at path: NibblePath) -> StateTreePage? {
    guard let bytes = try? store.treePage(path.encoded(), at: view) else { return nil }
    return try? StateTreePage(decoding: bytes)
  }
}
