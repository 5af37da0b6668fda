import Foundation
import Glibc

/// How workloads can be isolated on this machine, found by trying.
///
/// When the provider runs as root, each workload runs as a user of its lease's own, or not at all.
enum Isolation: Hashable, Sendable {
  /// Bubblewrap as the lease's own user, who has no rights on this machine. `unshare` is nil where root
  /// cannot make a mount namespace.
  case leaseUser(bubblewrap: String, setpriv: String, unshare: String?)
  /// Bubblewrap as the provider's user, who is not root, without capabilities. `namespace` gives each replica
  /// a network of its own; where it is nil, `reason` says why, and workloads share the machine's network.
  case providerUser(bubblewrap: String, namespace: LeaseNamespace?, reason: String)
  /// A plain process. Where the provider runs as root, `setpriv` makes it a process of the lease's own user.
  case none(setpriv: String?, reason: String)
  /// Workloads are refused because they would run as root.
  case refused(reason: String)

  var text: String {
    switch self {
    case .leaseUser(_, _, let unshare):
      "bubblewrap: a user of each lease's own, process, mount, host name and IPC namespaces, no capabilities"
        + (unshare == nil ? "; nothing from folders that are closed to others (no mount namespace)" : "")
    case .providerUser(_, let namespace, _):
      "bubblewrap: user, process, mount, host name and IPC namespaces\(namespace == nil ? "" : ", network too"), "
        + "no capabilities, but for files the provider's user (the provider does not run as root)"
    case .none(nil, let reason): "plain processes of the provider's user, NOT isolated: \(reason)"
    case .none(_, let reason): "plain processes of a user of each lease's own, NOT isolated: \(reason)"
    case .refused(let reason): "no workload is started, since it would run as root: \(reason)"
    }
  }

  /// The name of the method: `sandbox`, `process`, or `none` when no workload is run.
  var driver: String {
    switch self {
    case .leaseUser, .providerUser: "sandbox"
    case .none: "process"
    case .refused: "none"
    }
  }

  var isSandboxed: Bool { driver == "sandbox" }

  /// How each replica gets a network of its own; nil where it shares this machine's.
  var namespace: LeaseNamespace? {
    if case .providerUser(_, let namespace, _) = self { namespace } else { nil }
  }

  /// Whether workloads run as their lease's own user.
  var usesLeaseUser: Bool {
    switch self {
    case .leaseUser, .none(.some, _): true
    case .providerUser, .none(nil, _), .refused: false
    }
  }

  /// Tries the methods, the best first. `driver` is the one that the settings want; `helper` is the path of
  /// `supercloud`.
  static func find(wanted driver: String, helper: String?) async -> Isolation {
    guard driver == "sandbox" else { return plain("the settings want the driver `\(driver)`") }
    guard let bubblewrap = Command.find("bwrap") else {
      return plain("bwrap is not installed (apt install bubblewrap)")
    }
    let options =
      ["--unshare-all", "--share-net", "--new-session", "--cap-drop", "ALL"]
      + ["/usr", "/bin", "/lib", "/lib64"].flatMap { ["--ro-bind-try", $0, $0] }
      + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    let arguments = options + ["--", "/bin/true"]
    guard geteuid() == 0 else {
      if let reason = await failure([bubblewrap] + arguments) {
        return plain("bwrap does not work here: \(reason)")
      }
      let user = SandboxCommand.userOptions + ["--"]
      return await providerUser([bubblewrap] + options + user, helper: helper)
    }
    guard let setpriv = Command.find("setpriv") else { return plain("setpriv is not installed") }
    let dropped = [setpriv] + userArguments(1_000_000_000) + [bubblewrap, "--unshare-user"] + arguments
    if let unshare = Command.find("unshare"),
      await failure(SandboxBindMounts.command(unshare, ["/usr/bin"]) + dropped) == nil
    {
      return .leaseUser(bubblewrap: bubblewrap, setpriv: setpriv, unshare: unshare)
    }
    guard let reason = await failure(dropped) else {
      return .leaseUser(bubblewrap: bubblewrap, setpriv: setpriv, unshare: nil)
    }
    if let reason = await failure([bubblewrap] + arguments) {
      return plain("bwrap does not work here: \(reason)")
    }
    return .refused(
      reason:
        "bwrap works for root only (\(reason)): let other users make namespaces, or run the provider as "
        + "a user of its own"
    )
  }

  /// The isolation of a provider that is not root: bubblewrap works with this command line.
  private static func providerUser(_ bubblewrap: [String], helper: String?) async -> Isolation {
    var reason = "this program is not found"
    var namespace: LeaseNamespace?
    if let helper, let unshare = Command.find("unshare") {
      do throws(LeaseNamespace.Unproven) {
        namespace = try await .prove(bubblewrap: bubblewrap, unshare: unshare, helper: helper)
      } catch {
        reason = error.reason
      }
    } else if helper != nil {
      reason = "unshare is not installed (apt install util-linux)"
    }
    return .providerUser(
      bubblewrap: bubblewrap[0],
      namespace: namespace,
      reason: namespace == nil ? reason : ""
    )
  }

  /// The isolation without bubblewrap; `reason` says why it is not used.
  private static func plain(_ reason: String) -> Isolation {
    guard geteuid() == 0 else { return .none(setpriv: nil, reason: reason) }
    guard let setpriv = Command.find("setpriv") else {
      return .refused(
        reason: "setpriv is not installed (apt install util-linux), so nothing can run as another user"
      )
    }
    return .none(setpriv: setpriv, reason: reason)
  }

  /// Arguments of `setpriv` that switch to the user.
  static func userArguments(_ user: UInt32) -> [String] {
    ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "--"]
  }

  /// Runs the command; returns why it fails, or nil when it works.
  private static func failure(_ command: [String]) async -> String? {
    guard let path = command.first else { return "there is no command" }
    do {
      let output = try await Command(path: path, arguments: Array(command.dropFirst()))
        .run(timeout: .seconds(10))
      let errors = output.errors.trimmingCharacters(in: .whitespacesAndNewlines)
      return output.status == 0 ? nil : "status \(output.status) \(errors.prefix(160))"
    } catch {
      return "\(error)"
    }
  }
}
