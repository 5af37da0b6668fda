import Foundation
import Glibc

/// The state of one replica, stored as `state.json` in its folder.
struct StoredReplica: Codable, Hashable, Sendable {
  /// Process id and start time of the replica's first process; together they identify it.
  var process: Int32 = 0
  var processStart: UInt64 = 0
  /// The process id of the shell that waits for the replica's first process.
  var supervisor: Int32 = 0
  var bootID = ""
  /// The ports of this machine. The keys are the ports in the manifest.
  var ports: [UInt16: UInt16] = [:]
  var restarts = 0
  /// How many processes of the replica's control group the kernel had killed for lack of memory before this
  /// start.
  var memoryKills: UInt64 = 0
  var lastExit: ExitRecord?
  var startedBefore = false
}

/// A replica's folder. `state.json` is its `StoredReplica`. `pid`, `supervisor`, `forwarder` and `exit` hold
/// numbers: the ids of its first process, of its supervisor and of what carries its connections, where it has a
/// network of its own, and the exit status. `options` holds the options for bubblewrap. `stdout.log` and
/// `stderr.log` are its logs; `NAME.1` is the older part of a log.
struct ReplicaFolder: Sendable {
  let path: String

  static let forwarderFile = "forwarder"

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func readState() -> StoredReplica? {
    FileManager.default.contents(atPath: file("state.json")).flatMap {
      try? JSONDecoder().decode(StoredReplica.self, from: $0)
    }
  }

  func write(_ state: StoredReplica) throws(WorkloadError) {
    do {
      let data = try JSONEncoder().encode(state)
      try data.write(to: URL(filePath: file("state.json")), options: .atomic)
    } catch {
      throw .files("\(file("state.json")) could not be written: \(error)")
    }
  }

  /// A number that the supervisor wrote into the file `name`; nil when there is none.
  func number(_ name: String) -> Int? {
    guard let data = FileManager.default.contents(atPath: file(name)) else { return nil }
    return Int(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  func remove(_ names: [String]) {
    for name in names { unlink(file(name)) }
  }

  /// The replica's first process; nil when it has ended or its id belongs to another process now.
  func runningProcess(_ state: StoredReplica) -> ProcessEntry? {
    guard state.process > 0, state.bootID == ProcessTable.bootID, let entry = ProcessEntry(state.process),
      !entry.isZombie, entry.startTime == state.processStart
    else { return nil }
    return entry
  }

  /// Whether the replica runs. It also counts as running until its supervisor has written the exit status.
  func isRunning(_ state: StoredReplica) -> Bool {
    runningProcess(state) != nil || (number("exit") == nil && supervisorProcess() != nil)
  }

  /// Whether what carries the replica's connections has ended before it, so that nothing reaches its ports.
  func lacksForwarder(_ state: StoredReplica) -> Bool {
    guard let number = number(Self.forwarderFile), let replica = runningProcess(state) else { return false }
    guard let process = pid_t(exactly: number), let entry = ProcessEntry(process) else { return true }
    return entry.isZombie || entry.parent != replica.process
  }

  /// What carries the replica's connections; nil unless that process is in the supervisor's session. It ends a
  /// moment after the replica and its supervisor, and has their ports until then.
  func forwarderProcess() -> pid_t? {
    guard let number = number(Self.forwarderFile), let process = pid_t(exactly: number),
      let entry = ProcessEntry(process), !entry.isZombie, let session = self.number("supervisor"),
      Int(entry.session) == session
    else { return nil }
    return process
  }

  /// The process id of the supervisor; nil unless that process has this folder's path in its command line.
  func supervisorProcess() -> pid_t? {
    guard let number = number("supervisor"), let process = pid_t(exactly: number),
      let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline")
    else { return nil }
    return String(decoding: data, as: UTF8.self).contains(path) ? process : nil
  }

  /// Cuts logs that are larger than `limit`: the newest `limit` / 2 bytes move to `NAME.1`, the rest is
  /// deleted. Processes append to the log, so they continue at the new end; what they write during the cut is
  /// lost.
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

  /// The newest `count` lines of a log and its `.1` file, within the newest `limit` bytes.
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
