import Glibc

/// What runs between `unshare` and bubblewrap where an ordinary user runs workloads: it is root in a user
/// namespace of its own, which has no rights outside.
public enum NamespaceEntry {
  /// Prepares the network namespace that this process is in, starts the forwarder of its ports, limits what
  /// comes after, and becomes `command`. The forwarder ends with `command`.
  ///
  /// - Parameters:
  ///   - processes: How many processes and threads the user namespace may have; nil for no limit.
  ///   - memoryBytes: How many bytes of data each process may have; nil for no limit.
  ///   - rules: Texts of `ForwardRule`.
  ///   - command: The path of a program, and its arguments.
  /// - Throws: `WorkloadError` that says what cannot be done here; nothing runs then.
  public static func enter(
    processes: UInt64?,
    memoryBytes: UInt64?,
    rules: [String],
    command: [String]
  ) throws -> Never {
    guard let program = command.first else { throw WorkloadError.unsupported("there is no command to run") }
    try openLoopback()
    if !rules.isEmpty { try startForwarder(rules) }
    if let processes { try limit(__RLIMIT_NPROC.rawValue, processes, "processes") }
    if let memoryBytes { try limit(RLIMIT_DATA.rawValue, memoryBytes, "memory") }
    var pointers: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    execv(program, &pointers)
    throw WorkloadError.launch(service: program, reason: String(cString: strerror(errno)))
  }

  /// Carries connections until the process `parent` has ended.
  ///
  /// - Parameters:
  ///   - parent: The process that runs the sandbox, whose child this one is.
  ///   - rules: Texts of `ForwardRule`.
  /// - Throws: `WorkloadError` when a rule is illegal or its socket cannot be made.
  public static func forward(parent: Int32, rules: [String]) throws {
    var forwarder = try PortForwarder(try parse(rules))
    // The provider asks every process of the replica to end. This one ends when the sandbox has ended.
    for number in [SIGTERM, SIGINT, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
    forwarder.run { getppid() == parent }
  }

  private static func parse(_ rules: [String]) throws(WorkloadError) -> [ForwardRule] {
    var parsed: [ForwardRule] = []
    for text in rules {
      guard let rule = ForwardRule(text) else { throw .unsupported("`\(text)` is no rule of forwarding") }
      parsed.append(rule)
    }
    return parsed
  }

  /// Brings the namespace's loopback up, and lets everybody in it listen on ports below 1024.
  private static func openLoopback() throws(WorkloadError) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    guard socket >= 0 else { throw .files("no socket: \(errorText())") }
    defer { close(socket) }
    // `struct ifreq` of netdevice(7): the interface's name, then at byte 16 its flags.
    var request = [UInt8](repeating: 0, count: 40)
    request.replaceSubrange(0..<2, with: Array("lo".utf8))
    guard ioctl(socket, 0x8913, &request) == 0 else {  // SIOCGIFFLAGS
      throw .files("the loopback's flags cannot be read: \(errorText())")
    }
    request[16] |= UInt8(IFF_UP)
    guard ioctl(socket, 0x8914, &request) == 0 else {  // SIOCSIFFLAGS
      throw .files("the loopback of the network namespace cannot be brought up: \(errorText())")
    }
    // Where this cannot be written, as in some containers, the replica still has the port that it is given.
    let file = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC)
    if file >= 0 {
      _ = write(file, "0", 1)
      close(file)
    }
  }

  private static func startForwarder(_ rules: [String]) throws {
    let parsed = try parse(rules)
    let arguments = ["/proc/self/exe", "workload", "forward", "--parent", "\(getpid())"] + rules
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Descriptor 3 has bubblewrap's options, with what the tenant keeps in its environment.
    posix_spawn_file_actions_addopen(&actions, 3, "/dev/null", O_RDONLY, 0)
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ)
    guard code == 0 else {
      throw WorkloadError.launch(service: "the port forwarder", reason: String(cString: strerror(code)))
    }
    try record(process)
    // The sandbox must not have them: whoever holds such a socket can use the machine's network.
    for case .inherited(let descriptor, _) in parsed {
      guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
        throw WorkloadError.files("descriptor \(descriptor) cannot be closed: \(errorText())")
      }
    }
  }

  /// Tells the provider who carries the connections, in the replica's folder, which is this process's.
  private static func record(_ forwarder: pid_t) throws(WorkloadError) {
    let file = open(ReplicaFolder.forwarderFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .files("\(ReplicaFolder.forwarderFile) cannot be written: \(errorText())") }
    defer { close(file) }
    let text = Array("\(forwarder)\n".utf8)
    guard write(file, text, text.count) == text.count else {
      throw .files("\(ReplicaFolder.forwarderFile) cannot be written: \(errorText())")
    }
  }

  private static func limit(_ kind: UInt32, _ value: UInt64, _ name: String) throws(WorkloadError) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(kind), &limit) == 0 else { throw .files("\(name): \(errorText())") }
    // An ordinary user cannot raise the hard limit.
    let wanted = min(rlim_t(value), limit.rlim_max)
    limit = rlimit(rlim_cur: wanted, rlim_max: wanted)
    guard setrlimit(__rlimit_resource_t(kind), &limit) == 0 else {
      throw .files("the limit of \(name) cannot be set: \(errorText())")
    }
  }

  private static func errorText() -> String { String(cString: strerror(errno)) }
}
