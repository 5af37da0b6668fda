import Foundation
import Glibc

/// A line of the kernel's process list.
struct ProcessEntry: Hashable, Sendable {
  var process: pid_t
  var parent: pid_t
  var session: pid_t
  /// The first 15 bytes of the program's name.
  var name: String
  var isZombie: Bool
  /// In clock ticks since the machine started: together with the number it names a process for ever.
  var startTime: UInt64

  /// Reads `/proc/PID/stat`; nil when there is no such process.
  init?(_ process: pid_t) {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return nil }
    self.init(process, stat: text)
  }

  /// The name is in brackets and may hold anything, so fields are counted from the last closing one.
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

  /// Processes below `roots`, with them, or in a session that one of them leads.
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

  /// Changes with every start of the machine.
  static let bootID: String = {
    let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? ""
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }()
}
