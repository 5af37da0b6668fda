import Foundation
import Glibc

/// How a provider that is an ordinary user gives a replica a network of its own: `unshare` makes a user and a
/// network namespace, and `helper`, this program, prepares it (`NamespaceEntry`) and becomes bubblewrap.
///
/// The namespace has a loopback and nothing else, so no packet leaves it. Made only when it was proved by doing.
struct LeaseNamespace: Hashable, Sendable {
  var unshare: String
  /// The path of `supercloud`.
  var helper: String
  /// Whether `RLIMIT_NPROC` holds inside: kernels before 5.14 count a user's processes of all namespaces.
  var limitsProcesses = false
  /// Whether `RLIMIT_DATA` holds inside.
  var limitsMemory = false
  /// Whether bubblewrap can limit folders in memory (`--size`, since version 0.7).
  var limitsFolders = false

  /// Processes and threads of the sandbox itself, beside the replica's: bubblewrap and the forwarder.
  static let ownProcesses: UInt64 = 8
  /// Bytes of data that a process may have beyond its limit, since stacks and pools are reserved and not used.
  static let reservedBytes: UInt64 = 128 << 20

  /// The words in front of bubblewrap's.
  func command(limits: WorkloadLimits?, rules: [ForwardRule]) -> [String] {
    var words = [unshare, "--user", "--map-root-user", "--net", "--", helper, "workload", "enter"]
    if limitsProcesses, let limits {
      words += ["--processes", "\(UInt64(limits.processes) + Self.ownProcesses)"]
    }
    if limitsMemory, let limits {
      let (sum, overflows) = limits.memoryBytes.addingReportingOverflow(Self.reservedBytes)
      words += ["--memory", "\(overflows ? limits.memoryBytes : sum)"]
    }
    return words + rules.flatMap { ["--rule", "\($0)"] } + ["--"]
  }

  /// Makes a namespace and looks what is in it, then tries each limit. Throws why there is none.
  static func prove(bubblewrap: [String], unshare: String, helper: String) async throws(Unproven)
    -> LeaseNamespace
  {
    var namespace = LeaseNamespace(unshare: unshare, helper: helper)
    let look = "readlink /proc/self/ns/net && cat /proc/net/dev && cat /proc/self/uid_map"
    let seen = try await output(namespace.command(limits: nil, rules: []) + bubblewrap + ["sh", "-c", look])
    let lines = seen.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")) ?? ""
    let interfaces = lines.compactMap { line in
      line.firstIndex(of: ":").map { String(line[..<$0]) }
    }.filter { $0 != "net" }
    guard let first = lines.first, first.hasPrefix("net:["), !own.isEmpty, first != own, interfaces == ["lo"]
    else { throw Unproven(reason: "the namespace is not one of its own: \(seen.prefix(160))") }

    let help = (try? await output([bubblewrap[0], "--help"])) ?? ""
    namespace.limitsFolders = help.contains("--size ")
    namespace.limitsProcesses = true
    namespace.limitsMemory = true
    let limits = WorkloadLimits(cpuMillis: 1_000, memoryBytes: 64 << 20, processes: 8)
    let attempts = """
      dd if=/dev/zero of=/dev/null bs=536870912 count=1 2>/dev/null && echo memory
      (n=0; while [ $n -lt 40 ]; do sleep 5 & n=$((n+1)); done; echo processes) 2>/dev/null
      echo end
      """
    let command = namespace.command(limits: limits, rules: []) + bubblewrap + ["sh", "-c", attempts]
    let words = (try? await output(command))?.split(separator: "\n") ?? []
    namespace.limitsMemory = words.contains("end") && !words.contains("memory")
    namespace.limitsProcesses = words.contains("end") && !words.contains("processes")
    return namespace
  }

  /// Why a machine has no such namespaces.
  struct Unproven: Error {
    var reason: String
  }

  private static func output(_ command: [String]) async throws(Unproven) -> String {
    do {
      let result = try await Command(path: command[0], arguments: Array(command.dropFirst()))
        .run(timeout: .seconds(10))
      let errors = result.errors.trimmingCharacters(in: .whitespacesAndNewlines)
      guard result.status == 0 else {
        throw Unproven(reason: "status \(result.status) \(errors.prefix(160))")
      }
      return result.text
    } catch {
      throw (error as? Unproven) ?? Unproven(reason: "\(error)")
    }
  }
}
