public import Chain
public import Cryptography
public import Foundation
import Primitives
public import Replication
import Storage

/// A snapshot on disk: a file of chunks, and an index that says where each chunk is.
///
/// The index has a digest of every chunk, so that this node notices a damaged file itself and does not send
/// wrong data, for which peers would ban it.
public struct SnapshotArchive: Sendable {
  static let chunksName = "chunks"
  static let indexName = "index"

  struct Place: Sendable {
    var path: NibblePath
    var offset: UInt64
    var count: Int
    var digest: Digest
  }

  public let folder: URL
  public let height: Height
  public let root: Digest
  /// The size of all chunks together, in bytes.
  public let bytes: UInt64
  let manifest: [UInt8]
  private let places: [NibblePath: Place]

  public var paths: [NibblePath] { places.keys.sorted() }

  /// Reads the index.
  ///
  /// - Throws: when it is missing or damaged.
  public init(_ folder: URL) throws {
    self.folder = folder
    let bytes = [UInt8](try Data(contentsOf: folder.appending(path: Self.indexName)))
    guard bytes.count > 32, Digest.blake2b(Array(bytes.dropLast(32))).bytes == Array(bytes.suffix(32)) else {
      throw DecodingError.invalid(field: "index")
    }
    var reader = ByteReader(bytes.dropLast(32))
    height = try reader.read()
    root = try reader.readDigest()
    manifest = try reader.readCounted()
    let count = Int(try reader.read(UInt32.self))
    var places: [NibblePath: Place] = [:]
    var sum: UInt64 = 0
    for _ in 0..<count {
      let place = Place(
        path: try NibblePath(decoding: try reader.readCounted(limit: 64)),
        offset: try reader.read(),
        count: Int(try reader.read(UInt32.self)),
        digest: try reader.readDigest()
      )
      places[place.path] = place
      sum += UInt64(place.count)
    }
    try reader.finish()
    self.places = places
    self.bytes = sum
  }

  static func write(_ manifest: SnapshotManifest, places: [Place], into folder: URL) throws {
    var writer = ByteWriter(capacity: 80 * places.count + 400_000)
    writer.write(manifest.height)
    writer.write(manifest.root)
    writer.writeCounted(manifest.encoded)
    writer.write(UInt32(places.count))
    for place in places {
      writer.writeCounted(place.path.encoded())
      writer.write(place.offset)
      writer.write(UInt32(place.count))
      writer.write(place.digest)
    }
    let bytes = writer.bytes
    let file = try SnapshotFile(folder.appending(path: indexName).path, writing: true)
    try file.append(bytes)
    try file.append(Digest.blake2b(bytes).bytes)
    try file.sync()
  }

  /// The bytes of the chunk at `path`; nil when there is none.
  ///
  /// - Throws: when the file cannot be read or is damaged.
  public func chunk(_ path: NibblePath) throws -> [UInt8]? {
    guard let place = places[path] else { return nil }
    let file = try SnapshotFile(folder.appending(path: Self.chunksName).path, writing: false)
    let bytes = try file.read(place.count, at: place.offset)
    guard Digest.blake2b(bytes) == place.digest else { throw DecodingError.invalid(field: "chunk \(path)") }
    return bytes
  }

  public func part(_ part: SnapshotPart) throws -> [UInt8]? {
    switch part {
    case .manifest: manifest
    case .chunk(let path): try chunk(path)
    }
  }
}
