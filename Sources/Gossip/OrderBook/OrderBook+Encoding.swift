public import Chain
public import Primitives
import Wire

extension OrderBook {
  private static let version: UInt8 = 1

  /// The objects in the order of their arrival, to be kept across a restart.
  public var encoded: [UInt8] {
    let sorted = entries.values.sorted { $0.arrival < $1.arrival }
    var writer = ByteWriter(capacity: 64 + sorted.reduce(0) { $0 + $1.object.encoded.count + 4 })
    writer.write(Self.version)
    writer.write(UInt32(sorted.count))
    for entry in sorted { writer.writeCounted(entry.object.encoded) }
    return writer.bytes
  }

  /// The objects that `encoded` holds. They go through `insert` again, since state and time have moved on; their
  /// signatures were checked before they were kept.
  ///
  /// - Throws: `DecodingError` when the bytes were damaged.
  public static func objects(in bytes: [UInt8], chain: ChainID) throws(DecodingError) -> [SignedObject] {
    var reader = ByteReader(bytes)
    guard try reader.read(UInt8.self) == version else { throw .outOfRange(field: "version") }
    let count = try reader.read(UInt32.self)
    // Each takes four bytes at least.
    guard Int(count) <= reader.remaining / 4 else { throw .truncated }
    var objects: [SignedObject] = []
    objects.reserveCapacity(Int(count))
    for _ in 0..<count {
      objects.append(
        try SignedObject(decoding: reader.readCounted(limit: WireLimits.objectBytes), chain: chain)
      )
    }
    try reader.finish()
    return objects
  }
}
