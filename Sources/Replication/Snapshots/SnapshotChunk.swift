public import Cryptography
public import Primitives
import Wire

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
