import Foundation
import Glibc

/// What is known of one replica, in `state.json` of its folder.
struct ReplicaState: Codable, Hashable, Sendable {
  /// The first process of the replica and when it started, which together name it.
  var process: Int32 = 0
  var processStart: UInt64 = 0
  /// The shell that waits for it.
  var supervisor: Int32 = 0
  var bootID = ""
  /// Host ports by the ports of the manifest.
  var ports: [UInt16: UInt16] = [:]
  var restarts = 0
  /// Kills for want of memory before this start.
  var memoryKills: UInt64 = 0
  var lastExit: ExitRecord?
  var startedBefore = false
}

/// A replica's folder: state.json, pid, supervisor, exit, options, stdout.log, stderr.log.
struct ReplicaFolder: Sendable {
  let path: String

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func readState() -> ReplicaState? {
    FileManager.default.contents(atPath: file("state.json")).flatMap {
      try? JSONDecoder().decode(ReplicaState.self, from: $0)
    }
  }

  func write(_ state: ReplicaState) throws(WorkloadError) {
    do {
      let data = try JSONEncoder().encode(state)
      try data.write(to: URL(filePath: file("state.json")), options: .atomic)
    } catch {
      throw .files("\(file("state.json")) could not be written: \(error)")
    }
  }

  /// A number that the supervisor wrote.
  func number(_ name: String) -> Int? {
    guard let data = FileManager.default.contents(atPath: file(name)) else { return nil }
    return Int(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  func remove(_ names: [String]) {
    for name in names { unlink(file(name)) }
  }

  /// The replica's first process, when it is the one that was started.
  func runningProcess(_ state: ReplicaState) -> ProcessEntry? {
    guard state.process > 0, state.bootID == ProcessTable.bootID, let entry = ProcessEntry(state.process),
      !entry.isZombie, entry.startTime == state.processStart
    else { return nil }
    return entry
  }

  /// The replica runs, or its end is just being written down.
  func isRunning(_ state: ReplicaState) -> Bool {
    runningProcess(state) != nil || (number("exit") == nil && supervisorProcess() != nil)
  }

  /// The supervisor, recognised by this folder in its command line.
  func supervisorProcess() -> pid_t? {
    guard let number = number("supervisor"), let process = pid_t(exactly: number),
      let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
    else { return nil }
    return String(decoding: data, as: UTF8.self).contains(path) ? process : nil
  }

  /// Cuts logs that grew beyond `limit`: the newest half moves to `NAME.1`, the rest goes. Writers append,
  /// so they go on at the new end; what they write in between is lost.
  func trimLogs(limit: UInt64) {
    for name in ["stdout.log", "stderr.log"] {
      let log = file(name)
      var status = stat()
      guard stat(log, &status) == 0, status.st_size > off_t(clamping: limit),
        let handle = FileHandle(forReadingAtPath: log)
      else { continue }
      defer { try? handle.close() }
      let half = UInt64(status.st_size) - limit / 2
      try? handle.seek(toOffset: half)
      let newest = (try? handle.read(upToCount: Int(limit / 2))) ?? Data()
      try? newest.write(to: URL(filePath: log + ".1"), options: .atomic)
      truncate(log, 0)
    }
  }

  /// The newest lines of a log and of its cut predecessor, at most `limit` bytes of them.
  func tail(_ name: String, lines count: Int, limit: Int) -> [String] {
    var bytes: [UInt8] = []
    for path in [file(name) + ".1", file(name)] {
      guard let handle = FileHandle(forReadingAtPath: path) else { continue }
      defer { try? handle.close() }
      let end = (try? handle.seekToEnd()) ?? 0
      try? handle.seek(toOffset: end > UInt64(limit) ? end - UInt64(limit) : 0)
      bytes += (try? handle.read(upToCount: limit)) ?? Data()
    }
    let newest = bytes.suffix(limit)
    var lines = newest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.suffix(max(0, count)).map { String(decoding: $0, as: UTF8.self) }
  }
}
