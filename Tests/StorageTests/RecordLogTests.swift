import Glibc
import Testing

@testable import Storage

/// Makes writes, or syncs, of a descriptor fail from here on.
func redirect(_ descriptor: Int32, to device: String) {
  let target = open(device, O_RDWR)
  #expect(target >= 0)
  #expect(dup2(target, descriptor) == descriptor)
  close(target)
}

@Suite struct RecordLogTests {
  let folder = TemporaryFolder()
  var path: String { folder.path("wal") }

  private func replayed(_ path: String) throws(StorageError) -> [[UInt8]] {
    let log = try RecordLog(folder: path, startingAt: 1)
    var records: [[UInt8]] = []
    try log.replay { records.append($0) }
    return records
  }

  private func segmentPath(_ sequence: UInt64, _ height: UInt64) -> String {
    path + "/" + RecordLog.Segment(sequence: sequence, startingHeight: height).name
  }

  private func record(_ number: Int) -> [UInt8] {
    (0..<(number * 5 % 23)).map { UInt8(truncatingIfNeeded: $0 &* number) }
  }

  @Test func `gives back what was appended, in order, when opened again`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      for number in 1...50 {
        let position = try log.append(record(number))
        #expect(position == UInt64(number))
        if number % 7 == 0 {
          let synced = try log.sync()
          #expect(synced == UInt64(number))
        }
      }
      let (appended, synced) = (log.appended, log.synced)
      #expect(appended == 50)
      #expect(synced == 49)
      try log.sync()
    }
    #expect(try replayed(path) == (1...50).map(record))
    #expect(
      try RecordLog.inspect(folder: path) == RecordLog.Recovery(records: 50, tornBytes: 0, movedSegment: nil)
    )
  }

  @Test func `goes on after what is there, and replays only what it found`() throws {
    for part in 0..<3 {
      var log = try RecordLog(folder: path, startingAt: 1)
      let found = log.recovery.records
      #expect(found == UInt64(part * 10))
      for number in 0..<10 { try log.append(record(part * 10 + number)) }
      try log.sync()
      var count = 0
      try log.replay { _ in count += 1 }
      #expect(count == part * 10)
    }
    #expect(try replayed(path) == (0..<30).map(record))
  }

  @Test func `a record of the limit is taken, one beyond is not, and the log goes on`() throws {
    var log = try RecordLog(folder: path, startingAt: 1)
    let largest = [UInt8](repeating: 3, count: RecordLog.recordLimit)
    try log.append(largest)
    do throws(StorageError) {
      try log.append(largest + [1])
      Issue.record("it was taken")
    } catch {
      #expect(error == .tooLarge(path: path, count: largest.count + 1, limit: largest.count))
    }
    try log.append([])
    try log.sync()
    #expect(try replayed(path) == [largest, []])
  }

  @Test func `cut off at any byte of the last write, it gives what was whole and forgets the rest`() throws {
    let durable: Int
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      for number in 1...4 { try log.append(record(number)) }
      try log.sync()
      durable = log.segmentSize
      for number in 5...7 { try log.append(record(number)) }
      try log.sync()
    }
    let whole = try contents(of: segmentPath(1, 1))
    for cut in LogSegment.headerSize...whole.count {
      try overwrite(segmentPath(1, 1), Array(whole[..<cut]))
      let records = try replayed(path)
      #expect(records == Array((1...7).map(record).prefix(records.count)))
      #expect(records.count >= (cut >= durable ? 4 : 0))
      // What was cut off stays gone, and the log can go on.
      do {
        var log = try RecordLog(folder: path, startingAt: 1)
        let recovery = log.recovery
        #expect(recovery.tornBytes == 0)
        try log.append([1, 2, 3])
        try log.sync()
      }
      #expect(try replayed(path) == records + [[1, 2, 3]])
    }
  }

  @Test func `a last write of which only later parts arrived is torn, not corrupt`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      try log.append([1, 1])
      try log.sync()
      for byte in 2...9 { try log.append([UInt8](repeating: UInt8(byte), count: 40)) }
      try log.sync()
    }
    let whole = try contents(of: segmentPath(1, 1))
    var holed = whole
    for offset in 80..<200 { holed[offset] = 0 }
    try overwrite(segmentPath(1, 1), holed)
    #expect(try RecordLog.inspect(folder: path).tornBytes > 0)
    #expect(try replayed(path) == [[1, 1]])
    // Zeros after the end, as some file systems leave them, are torn as well.
    try overwrite(segmentPath(1, 1), whole + [UInt8](repeating: 0, count: 4096))
    #expect(try replayed(path).count == 9)
  }

  @Test func `a changed bit before a later sync is corruption wherever it is; nothing is repaired`() throws {
    let durable: Int
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      for number in 1...6 {
        try log.append(record(number))
        try log.append(record(number + 10))
        try log.sync()
      }
      durable = log.segmentSize
      try log.append([7])
      try log.sync()
    }
    let whole = try contents(of: segmentPath(1, 1))
    for offset in 0..<durable {
      var rotten = whole
      rotten[offset] ^= 0x04
      try overwrite(segmentPath(1, 1), rotten)
      let error = #expect(throws: StorageError.self) { _ = try replayed(path) }
      guard case .corrupt(segmentPath(1, 1), _) = error else {
        Issue.record("byte \(offset): \(String(describing: error))")
        continue
      }
      #expect(try contents(of: segmentPath(1, 1)) == rotten)
    }
  }

  @Test func `segments follow each other, are dropped only when told, and never the current one`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      for height in 1...5 {
        if height > 1 { try log.rotate(startingAt: UInt64(height)) }
        try log.append([UInt8(height)])
      }
      try log.sync()
    }
    #expect(try replayed(path) == [[1], [2], [3], [4], [5]])
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      try log.drop(before: 1)
      let all = log.segmentCount
      #expect(all == 5)
      try log.drop(before: 3)
      let left = log.segmentCount
      #expect(left == 3)
    }
    #expect(try replayed(path) == [[3], [4], [5]])
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      try log.drop(before: 100)
      let left = log.segmentCount
      #expect(left == 1)
    }
    #expect(try replayed(path) == [[5]])
  }

  @Test func `a full segment is followed by another of the same height`() throws {
    let large = [UInt8](repeating: 5, count: RecordLog.recordLimit)
    do {
      var log = try RecordLog(folder: path, startingAt: 9)
      for _ in 0..<9 { try log.append(large) }
      try log.append([1])
      try log.sync()
      try log.drop(before: 9)
      let (count, height) = (log.segmentCount, log.startingHeight)
      #expect(count == 2)
      #expect(height == 9)
    }
    #expect(try RecordLog.inspect(folder: path).records == 10)
  }

  @Test func `a segment that is missing, too short or not ours is corruption`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      for height in 2...4 {
        try log.append([1, 2, 3])
        try log.rotate(startingAt: UInt64(height))
      }
    }
    try copy(path, to: folder.path("saved"))
    func expectCorrupt(_ change: () throws -> Void) throws {
      try change()
      let error = #expect(throws: StorageError.self) { _ = try replayed(path) }
      if case .corrupt = error {} else { Issue.record("\(String(describing: error))") }
      try remove(path)
      try copy(folder.path("saved"), to: path)
    }
    try expectCorrupt { try remove(segmentPath(2, 2)) }
    try expectCorrupt {
      try overwrite(segmentPath(2, 2), Array(try contents(of: segmentPath(2, 2)).dropLast()))
    }
    try expectCorrupt {
      let header = Array(try contents(of: segmentPath(2, 2)).prefix(LogSegment.headerSize))
      try overwrite(segmentPath(2, 2), header)
    }
    try expectCorrupt { try copy(segmentPath(2, 2), to: path + "/stranger") }
    try expectCorrupt { try overwrite(segmentPath(4, 4), []) }
    #expect(throws: Never.self) { _ = try replayed(path) }
  }

  @Test func `a crash while a segment is made leaves no trace`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      try log.append([1])
      try log.sync()
    }
    try copy(segmentPath(1, 1), to: segmentPath(2, 2) + RecordLog.unfinishedSuffix)
    #expect(try replayed(path) == [[1]])
    #expect(try names(in: path).count == 1)
  }

  @Test func `a copied folder is noticed`() throws {
    do {
      var log = try RecordLog(folder: path, startingAt: 1)
      try log.append([1])
      try log.rotate(startingAt: 2)
    }
    #expect(try RecordLog.inspect(folder: path).movedSegment == nil)
    try copy(path, to: folder.path("copy"))
    #expect(try RecordLog.inspect(folder: folder.path("copy")).movedSegment == 2)
  }

  @Test(arguments: [10, 400_000])
  func `a failed write poisons the log: no space`(size: Int) throws {
    var log = try RecordLog(folder: path, startingAt: 1)
    try log.append([1])
    try log.sync()
    redirect(log.file.descriptor, to: "/dev/full")
    do throws(StorageError) {
      try log.append([UInt8](repeating: 0, count: size))
      try log.sync()
      Issue.record("it was written")
    } catch {
      guard case .noSpace = error else {
        Issue.record("\(error)")
        return
      }
    }
    for _ in 0..<2 {
      do throws(StorageError) {
        try log.append([2])
        Issue.record("it was appended")
      } catch {
        guard case .poisoned = error else {
          Issue.record("\(error)")
          return
        }
      }
    }
    #expect(throws: StorageError.self) { try log.sync() }
    #expect(throws: StorageError.self) { try log.rotate(startingAt: 2) }
    let synced = log.synced
    #expect(synced == 1)
    #expect(try replayed(path) == [[1]])
  }

  @Test func `a failed sync poisons the log, although a second one would succeed`() throws {
    var log = try RecordLog(folder: path, startingAt: 1)
    try log.append([1])
    // Takes writes, but cannot be synced.
    redirect(log.file.descriptor, to: "/dev/null")
    do throws(StorageError) {
      try log.sync()
      Issue.record("it was synced")
    } catch {
      guard case .failed = error else {
        Issue.record("\(error)")
        return
      }
    }
    let (synced, isPoisoned) = (log.synced, log.isPoisoned)
    #expect(synced == 0)
    #expect(isPoisoned)
    #expect(throws: StorageError.self) { try log.sync() }
  }
}
