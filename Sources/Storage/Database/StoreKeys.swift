import Primitives

/// The encodings of the store's own keys and values. Numbers are big-endian, so that keys sort by height.
enum StoreKeys {
  /// The version of the layout.
  static let schema: UInt32 = 1

  static func height(_ height: UInt64) -> [UInt8] {
    var writer = ByteWriter(capacity: 8)
    writer.write(height)
    return writer.bytes
  }

  static func height(of bytes: [UInt8]) -> UInt64? {
    guard bytes.count == 8 else { return nil }
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  // Keys of the table `transactions`: one by hash for queries, and one by height for pruning.

  static func item(_ key: [UInt8]) -> [UInt8] { [0] + key }

  /// The key of the list of a block's transaction hashes.
  static func itemList(_ height: UInt64) -> [UInt8] { [1] + self.height(height) }

  static func encode(list: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter(capacity: list.reduce(0) { $0 + $1.count + 4 })
    for item in list { writer.writeCounted(item) }
    return writer.bytes
  }

  static func decode(list bytes: [UInt8]) throws(DecodingError) -> [[UInt8]] {
    var reader = ByteReader(bytes)
    var list: [[UInt8]] = []
    while reader.remaining > 0 { list.append(try reader.readCounted()) }
    return list
  }

  static func encode(_ location: TransactionLocation) -> [UInt8] {
    var writer = ByteWriter(capacity: 12)
    writer.write(location.height)
    writer.write(location.index)
    return writer.bytes
  }

  static func decode(location bytes: [UInt8]) throws(DecodingError) -> TransactionLocation {
    var reader = ByteReader(bytes)
    let location = TransactionLocation(height: try reader.read(), index: try reader.read())
    try reader.finish()
    return location
  }

  /// A value of the store itself. Its key begins with `store/`, those of callers' values with `name/`.
  enum Meta: String {
    case schema = "schema"
    case chainID = "chain-id"
    case genesisDigest = "genesis-digest"
    /// The last committed height.
    case height = "height"
    /// The height of the origin, the state with which the store began: genesis or a snapshot.
    case originHeight = "base"
    /// The lowest height that has not been pruned.
    case lowest = "lowest"

    var key: [UInt8] { Array("store/".utf8) + Array(rawValue.utf8) }
  }

  /// The key of a mark that a staged part of a snapshot has while the store has no origin.
  static func staged(_ name: [UInt8]) -> [UInt8] { stagedPrefix + name }
  static let stagedPrefix = Array("staged/".utf8)

  static func named(_ name: String) -> [UInt8] { Array("name/".utf8) + Array(name.utf8) }
}
