import Cryptography
import Primitives

/// Everything that the guard knows, as one record of 256 bytes. The newest valid record counts.
struct SignerState: Hashable, Sendable {
  static let size = 256
  private static let magic: [UInt8] = Array("SIGNED02".utf8)
  static let instanceSize = 16

  /// 16 random bytes, drawn when the guard was made or adopted.
  var instance: [UInt8]
  /// The public key whose signatures these are.
  var key: [UInt8]
  /// The number of this state among the guard's states; a higher one is newer.
  var sequence: UInt64 = 0
  /// nil before the first signature.
  var last: SignedRecord?
  /// No signature was given above this height: a higher ceiling is made durable before one is given.
  var ceiling: UInt64 = 0
  /// Log segments up to this one may be in other files than their headers say: the operator adopted a copy.
  var acceptedSegment: UInt64 = 0
  /// Above what the operator allowed the guard to sign; nil when it was never adopted.
  var floor: SignerFloor?
  /// Whether the operator said that the whole network was restored, and no block was decided since with a
  /// signature that the guard gave after that.
  var isRestored = false
  /// A signature of the key that the guard did not give. It signs nothing any more.
  var foreign: SignerPosition?

  init(key: PublicKey) {
    instance = SecureRandom.bytes(Self.instanceSize)
    self.key = key.bytes
  }

  var bytes: [UInt8] {
    var writer = ByteWriter(capacity: Self.size)
    writer.writeRaw(Self.magic)
    writer.writeRaw(instance)
    writer.writeRaw(key)
    writer.write(sequence)
    writer.write(ceiling)
    writer.write(acceptedSegment)
    Self.write(floor?.position, &writer)
    writer.write(floor?.isLockKnown ?? false)
    Self.write(foreign, &writer)
    Self.write(last?.position, &writer)
    writer.writeRaw(last?.digest.bytes ?? [UInt8](repeating: 0, count: 32))
    writer.writeRaw(last?.signature.bytes ?? [UInt8](repeating: 0, count: 64))
    // The flag stands at the end, in a byte that was always 0 before it had a meaning.
    writer.writeRaw([UInt8](repeating: 0, count: Self.size - 5 - writer.bytes.count))
    writer.write(isRestored)
    writer.write(Checksum.crc32c(writer.bytes))
    return writer.bytes
  }

  private static func write(_ position: SignerPosition?, _ writer: inout ByteWriter) {
    writer.write(position?.height ?? 0)
    writer.write(position?.round ?? 0)
    writer.write(position?.step.rawValue ?? 0)
  }

  /// Nil when the bytes are not a state or do not pass the checksum.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.size, bytes.starts(with: Self.magic) else { return nil }
    let checked = Self.size - 4
    guard UInt64(Checksum.crc32c(bytes[..<checked])) == LogSegment.number(bytes, at: checked, width: 4) else {
      return nil
    }
    isRestored = bytes[checked - 1] == 1
    var reader = ByteReader(bytes[Self.magic.count..<checked])
    do throws(DecodingError) {
      instance = try reader.readRaw(count: Self.instanceSize)
      key = try reader.readRaw(count: 32)
      sequence = try reader.read()
      ceiling = try reader.read()
      acceptedSegment = try reader.read()
      let floor = try Self.readPosition(&reader)
      let isLockKnown = try reader.readFlag()
      self.floor = floor.map { SignerFloor(position: $0, isLockKnown: isLockKnown) }
      foreign = try Self.readPosition(&reader)
      guard let position = try Self.readPosition(&reader) else { return }
      guard let digest = Digest(try reader.readRaw(count: 32)),
        let signature = Signature(try reader.readRaw(count: 64))
      else { return nil }
      last = SignedRecord(position: position, digest: digest, signature: signature)
    } catch {
      return nil
    }
  }

  /// Nil for no position, which has no step.
  private static func readPosition(_ reader: inout ByteReader) throws(DecodingError) -> SignerPosition? {
    let height: UInt64 = try reader.read()
    let round: UInt32 = try reader.read()
    let number: UInt8 = try reader.read()
    guard number != 0 else { return nil }
    guard let step = SignerStep(rawValue: number) else { throw .outOfRange(field: "step") }
    return SignerPosition(height: height, round: round, step: step)
  }
}

/// The guard's file: a header and a ring of states, each in a slot of 256 bytes.
///
/// A new state goes into the next slot, so it never overwrites the newest, and the file needs no compaction.
struct SignerFile: ~Copyable, Sendable {
  static let slotCount = 255
  static let size = (slotCount + 1) * SignerState.size
  private static let magic: [UInt8] = Array("GUARD002".utf8)

  private let file: PosixFile

  /// The result of reading the file.
  struct Contents {
    /// Whether there is no file.
    var isMissing = false
    /// Whether this is the file to which the header was written, not a copy.
    var isOriginal = false
    /// The valid states, sorted by sequence.
    var states: [SignerState] = []
    var isDamaged = false

    /// The newest state of `key`; nil when there is none.
    func newest(of key: PublicKey) -> SignerState? { states.last { $0.key == key.bytes } }

    /// Why a guard with these contents must not sign with `key`; nil when it may.
    func quarantine(of key: PublicKey) -> SignerQuarantine? {
      if isMissing { return .lost }
      if isDamaged || states.isEmpty { return .damaged }
      if states.contains(where: { $0.key != key.bytes }) { return .otherKey }
      if !isOriginal { return .copied }
      return states.last?.foreign.map { .usedElsewhere($0) }
    }
  }

  /// Makes a file with these states; it replaces an existing one atomically.
  init(replacing path: String, states: [SignerState]) throws(StorageError) {
    let unfinished = path + RecordLog.unfinishedSuffix
    if Folder.exists(unfinished) { try Folder.remove(file: unfinished) }
    let file = try PosixFile(path: unfinished, .createNew)
    let identity = try file.identity()
    var header = ByteWriter(capacity: SignerState.size)
    header.writeRaw(Self.magic)
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

  /// Reads the file at `path`.
  static func contents(at path: String) throws(StorageError) -> Contents {
    var contents = Contents()
    guard Folder.exists(path) else {
      contents.isMissing = true
      return contents
    }
    let file = try PosixFile(path: path, .readOnly)
    let bytes = try file.read(at: 0, count: Self.size)
    let size = try file.size()
    contents.isDamaged = size != Self.size || bytes.count != Self.size
    let checked = SignerState.size - 4
    if bytes.count >= SignerState.size, bytes.starts(with: Self.magic),
      UInt64(Checksum.crc32c(bytes[..<checked])) == LogSegment.number(bytes, at: checked, width: 4)
    {
      let inode = LogSegment.number(bytes, at: 8, width: 8)
      let birth = LogSegment.number(bytes, at: 16, width: 8)
      contents.isOriginal = try file.identity() == FileIdentity(inode: inode, birth: birth)
    } else {
      contents.isDamaged = true
    }
    var start = SignerState.size
    while start + SignerState.size <= bytes.count {
      let slot = Array(bytes[start..<start + SignerState.size])
      if let state = SignerState(slot), Self.offset(state.sequence) == start {
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

  func sync() throws(StorageError) { try file.sync() }

  /// For tests, which make writes fail.
  var descriptor: Int32 { file.descriptor }
}
