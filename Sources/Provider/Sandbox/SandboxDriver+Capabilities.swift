import Glibc

extension SandboxDriver {
  public func capabilities() -> DriverCapabilities {
    let builtIns = configuration.builtIns.keys.sorted().joined(separator: ", ")
    let folder = configuration.settings.imageFolder
    let images =
      "built in: \(builtIns); others from \(folder.isEmpty ? "nowhere" : folder); nothing is pulled"
    let list = [
      Capability(name: "isolation", isEnforced: isolation.isSandboxed, detail: isolation.text),
      memory, limit("cpu", .cpu, instead: nil), processes,
      Capability(
        name: "disk",
        isEnforced: false,
        detail: "volumes are folders without quota; the root is read-only, /tmp counts as memory"
      ), network,
      Capability(
        name: "gpus",
        isEnforced: false,
        detail: "the workload is told their names only; no device is passed through"
      ),
    ]
    let scope = scope(list)
    return DriverCapabilities(
      driver: isolation.driver,
      list: list + [
        Capability(name: "images", isEnforced: true, detail: images),
        Capability(name: "chains", isEnforced: scope == .everywhere, detail: scope.text),
      ],
      scope: scope
    )
  }

  private func limit(_ name: String, _ controller: ControlGroups.Controller, instead: String?) -> Capability {
    guard let missing = groups.missing[controller] else {
      let detail = "\(groups.versionText), entered before the program starts"
      return Capability(name: name, isEnforced: true, detail: detail)
    }
    return Capability(name: name, isEnforced: false, detail: (instead.map { "\($0); " } ?? "") + missing)
  }

  private var memory: Capability {
    let reserve = LeaseNamespace.reservedBytes >> 20
    let held =
      "all processes of a replica together are not limited; each one alone may have its limit and "
      + "\(reserve) MiB of data (RLIMIT_DATA)"
    return limit("memory", .memory, instead: isolation.namespace?.limitsMemory == true ? held : nil)
  }

  private var processes: Capability {
    guard isolation.namespace?.limitsProcesses == true, groups.missing[.pids] != nil else {
      return limit("processes", .pids, instead: nil)
    }
    let detail =
      "RLIMIT_NPROC in a user namespace of the replica's own: its limit and up to "
      + "\(LeaseNamespace.ownProcesses) of the sandbox's"
    return Capability(name: "processes", isEnforced: true, detail: detail)
  }

  private var network: Capability {
    if isolation.namespace != nil {
      let detail =
        "a network namespace of each replica's own without any way out; its ports, and those of the lease's "
        + "other services, are carried by a process outside of the sandbox"
      return Capability(name: "network", isEnforced: true, detail: detail)
    }
    var detail = "the machine's own network: a workload listens on the port that it is given (PORT)"
    if case .providerUser(_, nil, let reason) = isolation { detail += "; no namespace: \(reason)" }
    return Capability(name: "network", isEnforced: false, detail: detail)
  }

  /// On which chains workloads may be offered, given what is enforced.
  private func scope(_ list: [Capability]) -> BiddingScope {
    if case .refused = isolation { return .nowhere(reason: isolation.text) }
    let missing = list.filter {
      ["isolation", "memory", "cpu", "processes"].contains($0.name) && !$0.isEnforced
    }
    .map(\.name)
    let lacks = missing.isEmpty ? "" : "not enforced: \(missing.joined(separator: ", "))"
    guard geteuid() == 0 else {
      let user = "the provider runs as an ordinary user (\(geteuid()))"
      return .localChains(reason: lacks.isEmpty ? user : "\(user); \(lacks)")
    }
    return missing.isEmpty ? .everywhere : .localChains(reason: lacks)
  }
}
