public import Cryptography
public import Primitives
import Wire

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

  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: entries.reduce(64) { $0 + 8 + $1.key.count + $1.value.count })
    for entry in entries {
      writer.writeCounted(entry.key)
      writer.writeCounted(entry.value)
    }
    return Self.encode(path: path, count: UInt32(entries.count), entries: writer.bytes)
  }

  /// The chunk whose `count` entries are encoded already, each as its counted key and its counted value.
  public static func encode(path: NibblePath, count: UInt32, entries: [UInt8]) -> [UInt8] {
    var writer = ByteWriter(capacity: entries.count + 64)
    writer.writeCounted(path.encoded())
    writer.write(count)
    writer.writeRaw(entries)
    return writer.bytes
  }

  /// What fits a frame.
  public static let byteLimit = WireLimits.snapshotPartBytes

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
