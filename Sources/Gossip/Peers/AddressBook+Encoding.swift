public import Chain
import Cryptography
public import Primitives
import Wire

extension AddressBook {
  private static let version: UInt8 = 1

  /// The entries, by key, to be kept across a restart.
  public var encoded: [UInt8] {
    var writer = ByteWriter(capacity: 256 * entries.count + 16)
    writer.write(Self.version)
    writer.write(UInt32(entries.count))
    for entry in entries.values.sorted(by: { $0.key < $1.key }) {
      writer.write(entry.isTried)
      writer.write(entry.source.text)
      writer.writeCounted(entry.object.encoded)
    }
    return writer.bytes
  }

  /// Adds the entries that `encoded` holds; their signatures were checked before they were kept.
  ///
  /// - Throws: `DecodingError` when the bytes were damaged; what was read before stays.
  public mutating func restore(_ bytes: [UInt8], chain: ChainID, time: Timestamp, at now: Instant)
    throws(DecodingError)
  {
    var reader = ByteReader(bytes)
    guard try reader.read(UInt8.self) == Self.version else { throw .outOfRange(field: "version") }
    for _ in 0..<(try reader.read(UInt32.self)) {
      let isTried = try reader.readFlag()
      let source = AddressGroup(text: try reader.readText(limit: 512))
      let object = try SignedObject(decoding: reader.readCounted(limit: WireLimits.objectBytes), chain: chain)
      let record = try NodeRecord(decoding: object.body)
      _ = insert(object, record, source: source, time: time)
      if isTried { succeeded(object.key, at: now) }
    }
    try reader.finish()
  }
}
