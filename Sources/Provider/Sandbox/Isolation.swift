import Foundation
import Glibc

/// How far workloads are kept apart from this machine, found by trying.
enum Isolation: Hashable, Sendable {
  /// Bubblewrap as a user of the lease's own, without any right on this machine.
  case ownUser(bubblewrap: String, setpriv: String)
  /// Bubblewrap as the provider's user, without capabilities.
  case sameUser(bubblewrap: String, reason: String)
  /// Nothing: a plain process.
  case none(reason: String)

  var text: String {
    switch self {
    case .ownUser: "bubblewrap: own user, process, mount, host name and IPC namespaces, no capabilities"
    case .sameUser(_, let reason):
      "bubblewrap: namespaces, no capabilities, but the provider's user (\(reason))"
    case .none(let reason): "plain processes, NOT isolated: \(reason)"
    }
  }

  var isSandboxed: Bool {
    if case .none = self { false } else { true }
  }

  /// Tries what works here.
  static func find(wanted driver: String) async -> Isolation {
    guard driver == "sandbox" else { return .none(reason: "the settings want the driver `\(driver)`") }
    guard let bubblewrap = Command.find("bwrap") else {
      return .none(reason: "bwrap is not installed (apt install bubblewrap)")
    }
    let arguments =
      ["--unshare-all", "--share-net", "--new-session", "--cap-drop", "ALL"]
      + ["/usr", "/bin", "/lib", "/lib64"].flatMap { ["--ro-bind-try", $0, $0] }
      + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", "/bin/true"]
    guard geteuid() == 0 else {
      if let reason = await failure(bubblewrap, arguments) {
        return .none(reason: "bwrap does not work here: \(reason)")
      }
      return .sameUser(bubblewrap: bubblewrap, reason: "the provider does not run as root")
    }
    var ownReason = "setpriv is not installed"
    if let setpriv = Command.find("setpriv") {
      let dropped = userArguments(1_000_000_000) + [bubblewrap, "--unshare-user"] + arguments
      guard let reason = await failure(setpriv, dropped) else {
        return .ownUser(bubblewrap: bubblewrap, setpriv: setpriv)
      }
      ownReason = "another user cannot make namespaces: \(reason)"
    }
    if let reason = await failure(bubblewrap, arguments) {
      return .none(reason: "bwrap does not work here: \(reason)")
    }
    return .sameUser(bubblewrap: bubblewrap, reason: ownReason)
  }

  /// For `setpriv`.
  static func userArguments(_ user: UInt32) -> [String] {
    ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--"]
  }

  /// Why the command fails; nil when it works.
  private static func failure(_ path: String, _ arguments: [String]) async -> String? {
    do {
      let output = try await Command(path: path, arguments: arguments).run(timeout: .seconds(10))
      let errors = output.errors.trimmingCharacters(in: .whitespacesAndNewlines)
      return output.status == 0 ? nil : "status \(output.status) \(errors.prefix(160))"
    } catch {
      return "\(error)"
    }
  }

  /// Whether any user may go to `path`: all folders above it let others pass.
  static func isOpen(_ path: String) -> Bool {
    var folder = ""
    for name in path.split(separator: "/").dropLast() {
      folder += "/\(name)"
      var status = stat()
      guard stat(folder, &status) == 0, status.st_mode & 0o001 != 0 else { return false }
    }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & 0o004 != 0
  }
}
