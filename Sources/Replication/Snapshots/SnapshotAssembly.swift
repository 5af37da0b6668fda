public import Chain
public import Cryptography
import Ledger
public import Primitives
import Wire

/// The assembly of a state from chunks, which may come from any peers.
public struct SnapshotAssembly: Sendable {
  /// The manifest against which chunks are checked.
  public let manifest: SnapshotManifest
  /// The chunks that have not arrived.
  public private(set) var missing: Set<NibblePath>

  /// The contents of a verified chunk that are written to the store.
  public struct Part: Sendable {
    public var entries: [SnapshotChunk.Entry]
    public var pages: [(path: NibblePath, page: StateTreePage)]
  }

  /// The number of chunks that are not empty.
  public let count: Int

  /// `staged` are the chunks that an earlier assembly of the same manifest has accepted.
  public init(_ manifest: SnapshotManifest, staged: [NibblePath] = []) {
    self.manifest = manifest
    let all = Set(manifest.chunks.filter { manifest.content(at: $0) != .nothing })
    count = all.count
    missing = all.subtracting(staged)
  }

  public var isComplete: Bool { missing.isEmpty }

  /// Checks a chunk against the manifest.
  ///
  /// - Returns: The entries and pages to write.
  /// - Throws: `SnapshotError.unwanted` when the chunk is not missing; another `SnapshotError` when it is not
  ///   the chunk of the state, so that its sender is faulty.
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
    } catch { throw .entry }
    // Pages above the chunk's path also cover other chunks. The manifest contains them.
    let pages = update.pages.compactMap { path, page in
      path.count >= chunk.path.count ? page.map { (path: path, page: $0) } : nil
    }
    guard pages.contains(where: { $0.path == chunk.path && $0.page.digest == digest }) else { throw .content }
    return pages
  }
}

extension Tip {
  /// The tip after the block of `below`. The state root comes from `above`, the header of the next height.
  ///
  /// The caller has verified both with a light client. Nil unless `above` follows `below`.
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

/// All entries of the state whose key digests begin with one path of the state tree.
public struct SnapshotChunk: Sendable {
  public typealias Entry = (key: [UInt8], value: [UInt8])

  /// The path with which the key digests of all entries begin.
  public let path: NibblePath
  /// The entries, sorted by key.
  public let entries: [Entry]

  public init(path: NibblePath, entries: [Entry]) {
    self.path = path
    self.entries = entries
  }

  /// The bytes of the chunk: path, number of entries, and for each entry the lengths and bytes of key and
  /// value.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: entries.reduce(64) { $0 + 8 + $1.key.count + $1.value.count })
    for entry in entries {
      writer.writeCounted(entry.key)
      writer.writeCounted(entry.value)
    }
    return Self.encode(path: path, count: UInt32(entries.count), entries: writer.bytes)
  }

  /// The same bytes for `count` entries that are already encoded in `entries`.
  public static func encode(path: NibblePath, count: UInt32, entries: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: entries.count + 64)
    writer.writeCounted(path.encoded())
    writer.write(count)
    writer.writeRaw(entries)
    return writer.bytes
  }

  /// The greatest length of an encoded chunk, which must fit into one frame.
  public static let byteLimit = WireLimits.snapshotPartBytes

  /// Decodes the bytes of `encoded`. Does not check the entries against the state.
  public init(decoding bytes: [UInt8]) throws(DecodingError) {
    var reader = ByteReader(bytes)
    path = try NibblePath(decoding: try reader.readCounted(limit: 64))
    let count = Int(try reader.read(UInt32.self))
    guard count <= reader.remaining / 8 else { throw .outOfRange(field: "entries") }
    var entries: [Entry] = []
    entries.reserveCapacity(count)
    for _ in 0..<count { entries.append((try reader.readCounted(), try reader.readCounted())) }
    self.entries = entries
    try reader.finish()
  }
}
