import Cryptography

/// An append-only log of records in a folder of its own. Consensus writes its inputs there, in the order in
/// which it consumed them.
///
/// A record is durable when `sync` has returned after its `append`; a later failure loses nothing before it.
/// Records are in *segments*: files that each start at a height and are deleted as a whole when nothing needs
/// them. After a failed write or sync the log is *poisoned* and refuses all writes: the system may have
/// discarded the pages that it could not write, so a second sync could succeed falsely.
public struct RecordLog: ~Copyable, Sendable {
  /// The largest size of a record, in bytes.
  public static let recordLimit = 4 << 20
  /// A segment that exceeds this many bytes is followed by another; replay holds one segment in memory.
  public static let segmentLimit = 32 << 20
  /// The buffer is written to the file when it has this many bytes.
  static let bufferLimit = 256 << 10

  public let folder: String
  /// The state in which the log was found when it was opened.
  public let recovery: Recovery

  private var segments: [Segment]
  var file: PosixFile
  private var header: LogSegment.Header
  /// Bytes of the current segment that are written to the file.
  private var written: Int
  /// Bytes of the current segment that are on disk.
  private var durable: Int
  private var buffer: [UInt8] = []
  private var failure: String?

  /// The number of records appended, those found at opening included; it is also the newest record's number.
  public private(set) var appended: UInt64
  /// The number of the newest durable record.
  public private(set) var synced: UInt64

  struct Segment: Hashable, Sendable {
    var sequence: UInt64
    var startingHeight: UInt64

    var name: String {
      let numbers = [sequence, startingHeight].map { number in
        let text = String(number)
        return String(repeating: "0", count: 20 - text.count) + text
      }
      return "\(numbers[0])-\(numbers[1]).log"
    }
  }

  /// The state in which opening finds a log.
  public struct Recovery: Hashable, Sendable {
    /// Number of complete records.
    public var records: UInt64
    /// Bytes cut off at the end: an incomplete write that was not acknowledged before the crash.
    public var tornBytes: Int
    /// The highest sequence among segments whose file is not the one to which their header was written: the
    /// folder was copied or restored. Nil when there is none.
    public var movedSegment: UInt64?
  }

  /// Opens the log and cuts off a torn tail; makes the log if the folder has none.
  ///
  /// A new log starts at `height`. Throws `.corrupt` when acknowledged records have changed or are missing.
  /// Nothing is repaired then, and the caller must not sign.
  public init(folder: String, startingAt height: UInt64) throws(StorageError) {
    try Folder.create(folder)
    try Self.removeUnfinished(in: folder)
    let scan = try LogScan(folder)
    let first = Segment(sequence: 1, startingHeight: height)
    let current =
      if let last = scan.last {
        try Self.reopen(last, in: folder)
      } else {
        try Self.create(first, in: folder, previousLength: 0)
      }
    self.folder = folder
    segments = scan.segments.isEmpty ? [first] : scan.segments
    written = scan.last?.end ?? LogSegment.headerSize
    durable = written
    header = current.header
    file = current.file
    recovery = scan.recovery
    appended = scan.records
    synced = scan.records
  }

  /// The result that opening the log would have; changes nothing.
  public static func inspect(folder: String) throws(StorageError) -> Recovery { try LogScan(folder).recovery }

  /// Calls `body` for each record found at opening, in order, but not for later ones. Call it before `drop`.
  public func replay(_ body: (_ payload: [UInt8]) throws(StorageError) -> Void) throws(StorageError) {
    var left = recovery.records
    _ = try LogScan(folder) { (payload) throws(StorageError) in
      guard left > 0 else { return }
      left -= 1
      try body(payload)
    }
    guard left == 0 else {
      throw .misuse(path: folder, detail: "segments were dropped before the log was replayed")
    }
  }

  /// The sequence number of the current segment.
  public var segment: UInt64 { header.sequence }
  /// The height at which the current segment starts.
  public var startingHeight: UInt64 { header.startingHeight }
  /// Bytes of the current segment; buffered ones count.
  public var segmentSize: Int { written + buffer.count }
  /// The number of segments.
  public var segmentCount: Int { segments.count }
  public var isPoisoned: Bool { failure != nil }

  // MARK: Writing

  /// Appends a record; returns its number. It is not durable before `sync`.
  @discardableResult
  public mutating func append(_ payload: [UInt8]) throws(StorageError) -> UInt64 {
    try checkUsable()
    guard payload.count <= Self.recordLimit else {
      throw .tooLarge(path: folder, count: payload.count, limit: Self.recordLimit)
    }
    if segmentSize >= Self.segmentLimit { try rotate(startingAt: header.startingHeight) }
    LogSegment.append(payload, durable: durable, salt: header.salt, to: &buffer)
    if buffer.count >= Self.bufferLimit { try flush() }
    appended += 1
    return appended
  }

  /// Makes everything appended durable; returns the number of the newest record.
  @discardableResult
  public mutating func sync() throws(StorageError) -> UInt64 {
    try checkUsable()
    try flush()
    if durable < written {
      do throws(StorageError) { try file.sync() } catch { throw poison(error) }
      durable = written
    }
    synced = appended
    return synced
  }

  /// Makes the current segment durable and starts a new one at `height`. Earlier segments stay until `drop`.
  ///
  /// This costs about four syncs, so do it by size or every so many heights, not for every block.
  public mutating func rotate(startingAt height: UInt64) throws(StorageError) {
    try sync()
    let next = Segment(sequence: header.sequence + 1, startingHeight: height)
    do throws(StorageError) {
      let created = try Self.create(next, in: folder, previousLength: UInt64(written))
      header = created.header
      file = created.file
    } catch {
      throw poison(error)
    }
    segments.append(next)
    written = LogSegment.headerSize
    durable = written
  }

  /// Deletes the segments before the one with the start of `height`. The current segment always stays.
  public mutating func drop(before height: UInt64) throws(StorageError) {
    try checkUsable()
    var dropped = false
    // The oldest segment is deleted first, so that a crash leaves segments without a gap.
    while segments.count > 1, segments[0].startingHeight < height, segments[1].startingHeight <= height {
      let path = folder + "/" + segments[0].name
      do throws(StorageError) { try Folder.remove(file: path) } catch { throw poison(error) }
      segments.removeFirst()
      dropped = true
    }
    if dropped { try Folder.sync(folder) }
  }

  /// Makes the log refuse all further writes. `SignerLog` also calls it when the guard's file, which must
  /// match the log, fails.
  mutating func poison(_ error: StorageError) -> StorageError {
    if failure == nil { failure = "\(error)" }
    return error
  }

  private func checkUsable() throws(StorageError) {
    if let failure { throw .poisoned(path: folder, cause: failure) }
  }

  private mutating func flush() throws(StorageError) {
    guard !buffer.isEmpty else { return }
    do throws(StorageError) { try file.write(buffer, at: written) } catch { throw poison(error) }
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  // MARK: Files

  static let unfinishedSuffix = ".new"

  private struct OpenSegment: ~Copyable {
    var header: LogSegment.Header
    var file: PosixFile
  }

  /// Opens the newest segment and cuts off its torn tail.
  private static func reopen(_ last: LogScan.ScannedSegment, in folder: String) throws(StorageError)
    -> OpenSegment
  {
    let file = try PosixFile(path: folder + "/" + last.segment.name, .existing)
    if last.tornBytes > 0 { try file.truncate(to: last.end) }
    // A killed process may have left written bytes in memory only, and from now on they count as durable.
    try file.sync()
    return OpenSegment(header: last.header, file: file)
  }

  /// Makes a segment's file. It gets its name when its header is on disk, so that no header is incomplete.
  private static func create(
    _ segment: Segment,
    in folder: String,
    previousLength: UInt64
  ) throws(StorageError) -> OpenSegment {
    let path = folder + "/" + segment.name
    let unfinished = path + unfinishedSuffix
    let file = try PosixFile(path: unfinished, .createNew)
    let header = LogSegment.Header(
      sequence: segment.sequence,
      startingHeight: segment.startingHeight,
      previousLength: previousLength,
      salt: SecureRandom.uint64(),
      identity: try file.identity()
    )
    try file.write(header.bytes, at: 0)
    try file.sync()
    try Folder.rename(unfinished, to: path)
    try Folder.sync(folder)
    return OpenSegment(header: header, file: file)
  }

  private static func removeUnfinished(in folder: String) throws(StorageError) {
    for name in try Folder.names(in: folder) where name.hasSuffix(unfinishedSuffix) {
      try Folder.remove(file: folder + "/" + name)
    }
  }
}
