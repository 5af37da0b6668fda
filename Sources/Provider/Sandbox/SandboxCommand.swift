import Foundation
import Glibc

/// The command line of one replica.
struct SandboxCommand {
  var isolation: Isolation
  var root: ImageRoot
  /// Folders of this machine for the replica's volumes, with the place of each in the replica.
  var volumes: [(source: String, mount: MountPlan)]
  var environment: [(name: String, value: String)]
  var hostname: String
  /// The lease's own user; used only when the isolation switches to it.
  var user: UInt32
  /// Limits and ways in and out, for an isolation with a network namespace of the replica's own.
  var limits: WorkloadLimits?
  var rules: [ForwardRule] = []

  /// The command line, and the options that bubblewrap reads from file descriptor 3. The environment is among
  /// the options, because everybody on the machine can read a command line.
  ///
  /// - Throws: `unsupported` when a text contains NUL; `launch` when the command would run as root, or as a
  ///   user who cannot read what it needs.
  func build() throws(WorkloadError) -> (command: [String], options: SandboxOptions?) {
    try SandboxOptions.check(root.program)
    switch isolation {
    case .refused(let reason): throw .launch(service: hostname, reason: reason)
    case .none(let setpriv, _):
      let variables = environment.map { "\($0.name)=\($0.value)" }
      try SandboxOptions.check(variables)
      let command = ["/usr/bin/env", "-i"] + variables + root.program
      guard let setpriv else {
        try refuseRoot()
        return (command, nil)
      }
      return ([setpriv, "--no-new-privs"] + Isolation.userArguments(user) + command, nil)
    case .providerUser(let bubblewrap, let namespace, _):
      try refuseRoot()
      let entry = namespace?.command(limits: limits, rules: rules) ?? []
      return (entry + [bubblewrap, "--args", "3", "--"] + root.program, try options())
    case .leaseUser(let bubblewrap, let setpriv, let unshare):
      do throws(WorkloadError) {
        var bindMounts: SandboxBindMounts? = SandboxBindMounts(user: user)
        let options = try options(&bindMounts)
        let command = try bindMounts?.command(unshare) ?? []
        let bubblewrap = [bubblewrap, "--args", "3", "--"]
        return (command + [setpriv] + Isolation.userArguments(user) + bubblewrap + root.program, options)
      } catch .files(let reason) {
        throw .launch(service: hostname, reason: reason)
      }
    }
  }

  /// Throws when this process is root. It is the last check before a command that does not switch the user.
  private func refuseRoot() throws(WorkloadError) {
    guard geteuid() != 0 else {
      throw .launch(service: hostname, reason: "it would run as root, which no workload may")
    }
  }

  private func options() throws(WorkloadError) -> SandboxOptions {
    var none: SandboxBindMounts?
    return try options(&none)
  }

  /// Makes bubblewrap's options. `bindMounts` is nil unless the replica runs as the lease's own user.
  private func options(_ bindMounts: inout SandboxBindMounts?) throws(WorkloadError) -> SandboxOptions {
    var options = SandboxOptions()
    try options.add("--unshare-all", "--share-net", "--new-session", "--cap-drop", "ALL")
    try options.add("--hostname", hostname)
    if bindMounts != nil || isolation.namespace != nil {
      for option in Self.userOptions { try options.add(option) }
    }
    if let folder = root.folder { try options.add("--ro-bind", bindMounts?.path(of: folder) ?? folder, "/") }
    try options.add("--proc", "/proc", "--dev", "/dev")
    if isolation.namespace?.limitsFolders == true {
      // The folder for devices is in memory without a limit; only what lies in it is written.
      try addMemory("/dev/shm", limits?.memoryBytes, &options)
      try options.add("--remount-ro", "/dev")
    }
    try addMemory("/tmp", limits?.memoryBytes, &options)
    // The program may be below /tmp, so this comes after /tmp is mounted.
    for path in root.readOnlyPaths {
      try options.add("--ro-bind-try", bindMounts?.path(of: path) ?? path, path)
    }
    if let folder = root.folder {
      for file in Self.hostFiles where Self.isFile(folder + file) {
        try options.add("--ro-bind-try", file, file)
      }
    }
    for (source, mount) in volumes {
      if mount.isMemory {
        try addMemory(mount.path, mount.bytes, &options)
      } else {
        let seen = try bindMounts?.path(of: source) ?? source
        try options.add(mount.isReadOnly ? "--ro-bind" : "--bind", seen, mount.path)
      }
    }
    if root.folder == nil { try options.add("--remount-ro", "/") }
    try options.add("--chdir", "/", "--clearenv")
    for (name, value) in environment { try options.add("--setenv", name, value) }
    return options
  }

  /// The user that a workload is inside, in a user namespace of its own.
  static let userOptions = ["--unshare-user", "--uid", "1000", "--gid", "1000"]

  /// Adds a folder in memory, with a limit where bubblewrap can set one and no control group does.
  private func addMemory(_ path: String, _ bytes: UInt64?, _ options: inout SandboxOptions)
    throws(WorkloadError)
  {
    if isolation.namespace?.limitsFolders == true, let bytes, bytes > 0 {
      try options.add("--size", "\(bytes)")
    }
    try options.add("--tmpfs", path)
  }

  /// Files of this machine that every workload sees, since it uses this machine's network.
  static let hostFiles = ["/etc/resolv.conf", "/etc/hosts"]

  /// Whether the path is a regular file; nothing can be mounted on a symbolic link.
  private static func isFile(_ path: String) -> Bool {
    let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    return type == .typeRegular
  }

  /// The supervisor: a shell script that runs "$@" as its child in the control groups and writes the child's
  /// exit status into a file. It outlives the provider, so the status is known even if the provider was not
  /// running. Writing `0` to a group's file moves the writing process into the group.
  static let supervisor = """
    ulimit -c 0
    cd "$1" || exit 120
    groups=$2
    shift 2
    echo $$ > supervisor
    (
      IFS=:
      for file in $groups; do echo 0 > "$file" || exit 121; done
      unset IFS
      if [ -f options ]; then exec "$@" 3< options; else exec "$@"; fi
    ) &
    child=$!
    echo $child > pid.new && mv pid.new pid
    wait $child
    code=$?
    echo $code > exit.new && mv exit.new exit
    """
}
