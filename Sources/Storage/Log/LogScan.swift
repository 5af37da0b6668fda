/// Reads all segments in a log's folder and checks that no acknowledged record has changed or is missing.
struct LogScan {
  var segments: [RecordLog.Segment] = []
  var records: UInt64 = 0
  var movedSegment: UInt64?
  /// The newest segment; only this one may have a torn tail.
  var last: ScannedSegment?

  /// A segment whose records have been read.
  struct ScannedSegment {
    var segment: RecordLog.Segment
    var header: LogSegment.Header
    /// The offset at which its valid records end.
    var end: Int
    var tornBytes: Int
  }

  /// Calls `body` for each record. Throws `.corrupt` when acknowledged records have changed or are missing.
  init(
    _ folder: String,
    _ body: (_ payload: [UInt8]) throws(StorageError) -> Void = { _ in }
  ) throws(StorageError) {
    for name in try Folder.names(in: folder) where !name.hasSuffix(RecordLog.unfinishedSuffix) {
      guard let segment = Self.segment(named: name) else {
        throw .corrupt(path: folder, detail: "“\(name)” is not the name of a segment")
      }
      segments.append(segment)
    }
    for segment in segments { last = try scan(folder, segment, after: last, body) }
  }

  var recovery: RecordLog.Recovery {
    .init(records: records, tornBytes: last?.tornBytes ?? 0, movedSegment: movedSegment)
  }

  private static func segment(named name: String) -> RecordLog.Segment? {
    let parts = name.split(separator: ".")
    guard parts.count == 2, parts[1] == "log" else { return nil }
    let numbers = parts[0].split(separator: "-").compactMap { UInt64($0) }
    guard numbers.count == 2 else { return nil }
    let segment = RecordLog.Segment(sequence: numbers[0], startingHeight: numbers[1])
    return segment.name == name ? segment : nil
  }

  private mutating func scan(
    _ folder: String,
    _ segment: RecordLog.Segment,
    after previous: ScannedSegment?,
    _ body: (_ payload: [UInt8]) throws(StorageError) -> Void
  ) throws(StorageError) -> ScannedSegment {
    let path = folder + "/" + segment.name
    let file = try PosixFile(path: path, .readOnly)
    let size = try file.size()
    // A segment that is below its limit may still take one record and what the buffer contains.
    let sizeLimit =
      RecordLog.segmentLimit + RecordLog.recordLimit + RecordLog.bufferLimit + LogSegment.headerSize
    guard size <= sizeLimit else {
      throw .corrupt(path: path, detail: "\(size) bytes are more than a segment can have")
    }
    let bytes = try file.read(at: 0, count: size)
    guard let header = LogSegment.Header.read(bytes) else {
      throw .corrupt(path: path, detail: "its header does not pass its checksum")
    }
    guard header.sequence == segment.sequence, header.startingHeight == segment.startingHeight else {
      throw .corrupt(path: path, detail: "its header belongs to segment \(header.sequence)")
    }
    if let previous {
      let expected = previous.segment.sequence + 1
      guard segment.sequence == expected else {
        throw .corrupt(path: folder, detail: "segment \(expected) is missing")
      }
      guard header.previousLength == UInt64(previous.end) else {
        throw .corrupt(path: folder, detail: "segment \(previous.segment.sequence) is not as long as it was")
      }
    }
    if try file.identity() != header.identity { movedSegment = segment.sequence }

    var count: UInt64 = 0
    let (end, tail) = try LogSegment.scan(bytes, salt: header.salt, limit: RecordLog.recordLimit) {
      (payload) throws(StorageError) in
      count += 1
      try body(Array(bytes[payload]))
    }
    records += count
    switch tail {
    case .clean: break
    case .torn where segment == segments.last: break
    case .torn, .corrupted:
      throw .corrupt(path: path, detail: "the record at offset \(end) changed after it was written")
    }
    return ScannedSegment(segment: segment, header: header, end: end, tornBytes: size - end)
  }
}
