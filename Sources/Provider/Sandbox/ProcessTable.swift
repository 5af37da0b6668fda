import Foundation
import Glibc

/// A process as the kernel reports it.
struct ProcessEntry: Hashable, Sendable {
  var process: pid_t
  var parent: pid_t
  var session: pid_t
  /// The first 15 bytes of the program's name.
  var name: String
  var isZombie: Bool
  /// The start time in clock ticks since boot. Together with the process id it identifies a process until the
  /// next boot.
  var startTime: UInt64

  /// Reads `/proc/PID/stat`; nil when there is no such process.
  init?(_ process: pid_t) {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
    self.init(process, stat: text)
  }

  /// Parses the content of `/proc/PID/stat`. The name is in parentheses and may contain any characters, so
  /// fields are counted from the last closing parenthesis.
  init?(_ process: pid_t, stat text: String) {
    guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else {
      return nil
    }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 19, let parent = pid_t(fields[1]), let session = pid_t(fields[3]),
      let start = UInt64(fields[19])
    else { return nil }
    self.process = process
    self.parent = parent
    self.session = session
    name = String(text[text.index(after: open)..<close])
    isZombie = fields[0] == "Z" || fields[0] == "X"
    startTime = start
  }
}

enum ProcessTable {
  /// All processes that have not ended.
  static func all() -> [ProcessEntry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0).flatMap { ProcessEntry($0) } }.filter { !$0.isZombie }
  }

  /// The processes in `roots`, their descendants, and processes in sessions that one of `roots` leads.
  static func family(of roots: Set<pid_t>) -> [ProcessEntry] {
    let all = all()
    var members = roots
    var grew = true
    while grew {
      let found = all.filter { members.contains($0.parent) || roots.contains($0.session) }.map(\.process)
      let count = members.count
      members.formUnion(found)
      grew = members.count > count
    }
    return all.filter { members.contains($0.process) }
  }

  /// The kernel's boot id, which changes at each boot.
  static let bootID: String = {
    let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }()
}
