import Cryptography
import Primitives

/// Everything that the guard knows, as one record of 256 bytes. The newest valid record counts.
struct SignerState: Hashable, Sendable {
  static let size = 256
  private static let magic: [UInt8] = Array("SIGNED01".utf8)
  static let instanceSize = 16

  /// 16 random bytes, drawn when the guard was made.
  var instance: [UInt8]
  /// The number of this state among the guard's states; a higher one is newer.
  var sequence: UInt64 = 0
  /// nil before the first signature.
  var last: SignedRecord?
  /// No signature was given above this height: a higher ceiling is made durable before one is given.
  var ceiling: UInt64 = 0
  /// Whether it is certain that nothing was signed that this guard does not know.
  var isHistoryCertain = false
  /// Log segments up to this one may be in other files than their headers say: the home was a copy, and the
  /// quarantine for that has ended.
  var acceptedSegment: UInt64 = 0

  var bytes: [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.writeRaw(Self.magic)
    writer.writeRaw(instance)
    writer.write(sequence)
    writer.write(ceiling)
    writer.write(acceptedSegment)
    writer.write(isHistoryCertain)
    writer.write(last != nil)
    writer.write(last?.position.height ?? 0)
    writer.write(last?.position.round ?? 0)
    writer.write(last?.position.step.rawValue ?? 0)
    writer.writeRaw(last?.digest.bytes ?? [UInt8](repeating: 0, count: 32))
    writer.writeRaw(last?.signature.bytes ?? [UInt8](repeating: 0, count: 64))
    writer.writeRaw([UInt8](repeating: 0, count: Self.size - 4 - writer.bytes.count))
    writer.write(Checksum.crc32c(writer.bytes))
    return writer.bytes
  }

  init(instance: [UInt8]) { self.instance = instance }

  /// Nil when the bytes are not a state or do not pass the checksum.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size, bytes.starts(with: Self.magic) else { return nil }
    let checked = Self.size - 4
    guard UInt64(Checksum.crc32c(bytes[..<checked])) == LogSegment.number(bytes, at: checked, width: 4) else {
      return nil
    }
    var reader = ByteReader(bytes[Self.magic.count..<checked])
    do throws(DecodingError) {
      instance = try reader.readRaw(count: Self.instanceSize)
      sequence = try reader.read()
      ceiling = try reader.read()
      acceptedSegment = try reader.read()
      isHistoryCertain = try reader.readFlag()
      guard try reader.readFlag() else { return }
      let height: UInt64 = try reader.read()
      let round: UInt32 = try reader.read()
      guard let step = SignerStep(rawValue: try reader.read()),
        let digest = Digest(try reader.readRaw(count: 32)),
        let signature = Signature(try reader.readRaw(count: 64))
      else { return nil }
      let position = SignerPosition(height: height, round: round, step: step)
      last = SignedRecord(position: position, digest: digest, signature: signature)
    } catch {
      return nil
    }
  }
}

/// The guard's file: a header and a ring of states, each in a slot of 256 bytes.
///
/// A new state goes into the next slot, so it never overwrites the newest, and the file needs no compaction.
struct SignerFile: ~Copyable, Sendable {
  static let slotCount = 255
  static let size = (slotCount + 1) * SignerState.size
  private static let magic: [UInt8] = Array("GUARD001".utf8)

  let path: String
  let file: PosixFile

  /// The result of reading the file.
  struct Contents {
    /// nil when the header does not pass its checksum.
    var instance: [UInt8]?
    /// Whether this is the file to which the header was written, not a copy.
    var isOriginal = false
    /// The valid states, sorted by sequence.
    var states: [SignerState] = []
    var isDamaged = false
  }

  /// Opens the existing file.
  init(existing path: String) throws(StorageError) {
    self.path = path
    file = try PosixFile(path: path, .existing)
  }

  /// Makes a file with these states; it replaces an existing one atomically.
  init(replacing path: String, instance: [UInt8], states: [SignerState]) throws(StorageError) {
    self.path = path
    let unfinished = path + RecordLog.unfinishedSuffix
    if Folder.exists(unfinished) { try Folder.remove(file: unfinished) }
    let file = try PosixFile(path: unfinished, .createNew)
    let identity = try file.identity()
    var header = ByteWriter(capacity: SignerState.size)
    header.writeRaw(Self.magic)
    header.writeRaw(instance)
    header.write(identity.inode)
    header.write(identity.birth)
    header.writeRaw([UInt8](repeating: 0, count: SignerState.size - 4 - header.bytes.count))
    header.write(Checksum.crc32c(header.bytes))
    var image = header.bytes + [UInt8](repeating: 0, count: Self.size - SignerState.size)
    for state in states.suffix(Self.slotCount) {
      let start = Self.offset(state.sequence)
      image.replaceSubrange(start..<start + SignerState.size, with: state.bytes)
    }
    // The file is written in full length, so that its disk blocks are allocated and later writes find space.
    try file.write(image, at: 0)
    try file.sync()
    try Folder.rename(unfinished, to: path)
    try Folder.sync(Folder.parent(of: path))
    self.file = file
  }

  private static func offset(_ sequence: UInt64) -> Int {
    (1 + Int(sequence % UInt64(slotCount))) * SignerState.size
  }

  func read() throws(StorageError) -> Contents {
    var contents = Contents()
    let bytes = try file.read(at: 0, count: Self.size)
    let size = try file.size()
    contents.isDamaged = size != Self.size || bytes.count != Self.size
    let checked = SignerState.size - 4
    if bytes.count >= SignerState.size, bytes.starts(with: Self.magic),
      UInt64(Checksum.crc32c(bytes[..<checked])) == LogSegment.number(bytes, at: checked, width: 4)
    {
      contents.instance = Array(bytes[8..<8 + SignerState.instanceSize])
      let inode = LogSegment.number(bytes, at: 24, width: 8)
      let birth = LogSegment.number(bytes, at: 32, width: 8)
      contents.isOriginal = try file.identity() == FileIdentity(inode: inode, birth: birth)
    } else {
      contents.isDamaged = true
    }
    var start = SignerState.size
    while start + SignerState.size <= bytes.count {
      let slot = Array(bytes[start..<start + SignerState.size])
      if let state = SignerState(slot), contents.instance.map({ $0 == state.instance }) ?? true,
        Self.offset(state.sequence) == start
      {
        contents.states.append(state)
      } else if slot.contains(where: { $0 != 0 }) {
        contents.isDamaged = true
      }
      start += SignerState.size
    }
    contents.states.sort { $0.sequence < $1.sequence }
    return contents
  }

  /// Writes the state into its slot; it is not durable before `sync`.
  func write(_ state: SignerState) throws(StorageError) {
    try file.write(state.bytes, at: Self.offset(state.sequence))
  }
}
