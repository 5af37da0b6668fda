import Chain
import Cryptography
import Foundation
import Primitives
import Replication
import Storage

/// The entries of a state, sorted by their place in the state's tree in bounded memory.
///
/// The state is read in the order of keys, chunks are in the order of key digests. Entries gather in one buffer;
/// whenever it is full they go to the end of a file, sorted by the first twelve bits of the digest. A chunk is what
/// these sorted runs have below its path.
final class SnapshotRuns {
  /// 4,096: chunks of any depth consist of whole ones of these.
  static let slots = 1 << (4 * SnapshotManifest.maximumDepth)

  private struct Record {
    var slot: UInt16
    var offset: UInt32
    var count: UInt32
  }

  private struct Run {
    /// Where each slot begins, and the end of the last.
    var offsets: [UInt64]
    /// Entries of each slot.
    var counts: [UInt32]
  }

  private let file: SnapshotFile
  private let memory: Int
  private var writer: ByteWriter
  private var records: [Record] = []
  private var runs: [Run] = []
  /// Bytes of each slot, over all runs.
  private(set) var sizes = [Int](repeating: 0, count: slots)
  private(set) var entryCount = 0

  /// `memory`: bytes of entries that gather before a run is written.
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

  /// Writes what has gathered.
  func finishRun() throws {
    guard !records.isEmpty else { return }
    records.sort { ($0.slot, $0.offset) < ($1.slot, $1.offset) }
    var run = Run(offsets: [], counts: [UInt32](repeating: 0, count: Self.slots))
    run.offsets.reserveCapacity(Self.slots + 1)
    let bytes = writer.bytes
    for record in records {
      while run.offsets.count <= Int(record.slot) { run.offsets.append(file.count) }
      run.counts[Int(record.slot)] += 1
      try file.append(bytes[Int(record.offset)..<Int(record.offset + record.count)])
    }
    while run.offsets.count <= Self.slots { run.offsets.append(file.count) }
    try file.flush()
    runs.append(run)
    records.removeAll(keepingCapacity: true)
    writer = ByteWriter(capacity: memory + memory / 8)
  }

  /// The entries of the slots, in the form of a chunk's end.
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
