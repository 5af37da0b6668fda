public import Cryptography
public import Ledger
public import Primitives

/// The state's entries below one path of the tree.
public struct SnapshotChunk: Sendable {
  public typealias Entry = (key: [UInt8], value: [UInt8])

  public let path: NibblePath
  /// By key.
  public let entries: [Entry]

  public init(path: NibblePath, entries: [Entry]) {
    self.path = path
    self.entries = entries
  }

  /// All chunks of a state, which is read from front to back once; those without entries are left out.
  public static func all(of state: some StateReading, depth: Int) -> [SnapshotChunk] {
    var buckets: [NibblePath: [Entry]] = [:]
    var start: [UInt8] = []
    while true {
      let page = state.entries(from: start, to: Self.end, limit: 1_000)
      for entry in page {
        let path = NibblePath(prefixOf: StateTree.keyDigest(entry.key), count: depth)
        buckets[path, default: []].append(entry)
      }
      guard page.count == 1_000, let last = page.last else { break }
      start = last.key + [0]
    }
    return buckets.keys.sorted().map { SnapshotChunk(path: $0, entries: buckets[$0] ?? []) }
  }

  /// After every key: tables begin with bytes below.
  private static var end: [UInt8] { Array(repeating: 0xFF, count: 64) }

  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: entries.reduce(64) { $0 + 8 + $1.key.count + $1.value.count })
    writer.writeCounted(path.encoded())
    writer.write(UInt32(entries.count))
    for entry in entries {
      writer.writeCounted(entry.key)
      writer.writeCounted(entry.value)
    }
    return writer.bytes
  }

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
