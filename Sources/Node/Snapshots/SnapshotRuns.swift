import Chain
import Cryptography
import Foundation
import Primitives
import Replication
import Storage

/// Sorts the entries of a state by their place in the state tree, in bounded memory.
///
/// The database gives entries in the order of keys, but chunks need them in the order of key digests. Entries
/// gather in a buffer. Whenever it is full, they are sorted by the first twelve bits of their key's digest
/// and appended to a file as a *run*. A chunk is collected from each run's part below the chunk's path.
final class SnapshotRuns {
  /// The number of slots: 4,096, one for each value of the first twelve bits of a digest. A chunk of any
  /// depth consists of whole slots.
  static let slotCount = 1 << (4 * SnapshotManifest.maximumDepth)

  private struct Record {
    var slot: UInt16
    var offset: UInt32
    var count: UInt32
  }

  private struct Run {
    /// The file offset at which each slot begins, and the end of the last slot.
    var offsets: [UInt64]
    /// The number of entries in each slot.
    var counts: [UInt32]
  }

  private let file: SnapshotFile
  private let memory: Int
  private var writer: ByteWriter
  private var records: [Record] = []
  private var runs: [Run] = []
  /// The number of bytes in each slot, summed over all runs.
  private(set) var sizes = [Int](repeating: 0, count: slotCount)
  private(set) var entryCount = 0

  /// `memory`: how many bytes of entries are gathered before a run is written.
  init(_ path: String, memory: Int) throws {
    file = try SnapshotFile(path, writing: true)
    self.memory = memory
    writer = ByteWriter(capacity: memory + memory / 8)
  }

  var runCount: Int { runs.count }

  func add(key: [UInt8], value: [UInt8]) throws {
    let offset = writer.bytes.count
    writer.writeCounted(key)
    writer.writeCounted(value)
    let path = NibblePath(prefixOf: StateTree.keyDigest(key), count: SnapshotManifest.maximumDepth)
    var slot = 0
    for index in 0..<path.count { slot = slot << 4 | path[index] }
    let count = writer.bytes.count - offset
    records.append(Record(slot: UInt16(slot), offset: UInt32(offset), count: UInt32(count)))
    sizes[slot] += count
    entryCount += 1
    if writer.bytes.count >= memory { try finishRun() }
  }

  /// Sorts the gathered entries and writes them as a run.
  func finishRun() throws {
    guard !records.isEmpty else { return }
    records.sort { ($0.slot, $0.offset) < ($1.slot, $1.offset) }
    var run = Run(offsets: [], counts: [UInt32](repeating: 0, count: Self.slotCount))
    run.offsets.reserveCapacity(Self.slotCount + 1)
    let bytes = writer.bytes
    for record in records {
      while run.offsets.count <= Int(record.slot) { run.offsets.append(file.count) }
      run.counts[Int(record.slot)] += 1
      try file.append(bytes[Int(record.offset)..<Int(record.offset + record.count)])
    }
    while run.offsets.count <= Self.slotCount { run.offsets.append(file.count) }
    try file.flush()
    runs.append(run)
    records.removeAll(keepingCapacity: true)
    writer = ByteWriter(capacity: memory + memory / 8)
  }

  /// The entries of `slots`, encoded as in a chunk, and their number.
  func entries(of slots: Range<Int>) throws -> (count: UInt32, bytes: [UInt8]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(sizes[slots].reduce(0, +))
    var count: UInt32 = 0
    for run in runs {
      let (start, end) = (run.offsets[slots.lowerBound], run.offsets[slots.upperBound])
      guard start < end else { continue }
      bytes += try file.read(Int(end - start), at: start)
      for slot in slots { count += run.counts[slot] }
    }
    return (count, bytes)
  }
}

/// A file that is written sequentially through one buffer and read at any offset.
final class SnapshotFile {
  private static let bufferBytes = 1 << 20

  private let file: PosixFile
  private var buffer: [UInt8] = []
  /// The number of bytes written, including those still in the buffer.
  private(set) var count: UInt64 = 0

  /// With `writing`, makes the file or empties an existing one; otherwise opens it for reading.
  init(_ path: String, writing: Bool) throws {
    file = try PosixFile(path: path, writing ? .createIfMissing : .readOnly)
    if writing { try file.truncate(to: 0) }
  }

  func append(_ bytes: some Collection<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    count += UInt64(bytes.count)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Writes the buffer to the file, without a sync.
  func flush() throws {
    try file.write(buffer, at: Int(count) - buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  func sync() throws {
    try flush()
    try file.sync()
  }

  /// Reads exactly `count` bytes from `offset`. Throws when the file is shorter.
  func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
    let bytes = try file.read(at: Int(offset), count: count)
    guard bytes.count == count else {
      throw StorageError.corrupt(path: file.path, detail: "it ends before \(offset) and \(count) bytes more")
    }
    return bytes
  }
}
