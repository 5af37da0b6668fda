import Foundation
import Glibc

/// Limits memory, CPU and processes with Linux control groups. Each controller is used in version 1 or 2,
/// whichever has it.
struct ControlGroups: Sendable {
  enum Controller: String, CaseIterable, Sendable {
    case memory = "memory"
    case cpu = "cpu"
    case pids = "pids"
  }

  private struct Hierarchy: Hashable {
    /// The group below which workloads' groups are made.
    var parent: String
    var isUnified: Bool
  }

  private let hierarchies: [Controller: Hierarchy]
  /// Why a controller cannot be used; empty when all can.
  let missing: [Controller: String]

  var enforced: Set<Controller> { Set(hierarchies.keys) }
  /// `cgroup v1`, `cgroup v2` or `no control groups`, for people.
  let versionText: String

  /// Finds the usable controllers below `root`; makes the group `parent` there. `shell` is the program by which
  /// a process is made to enter a group.
  init(root: String = "/sys/fs/cgroup", parent: String, shell: String = "/bin/sh") {
    var hierarchies: [Controller: Hierarchy] = [:]
    var missing: [Controller: String] = [:]
    for controller in Controller.allCases {
      do throws(WorkloadError) {
        hierarchies[controller] = try Self.hierarchy(of: controller, root: root, parent: parent, shell)
      } catch {
        missing[controller] = error.description
      }
    }
    self.hierarchies = hierarchies
    self.missing = missing
    let versions = Set(hierarchies.values.map(\.isUnified))
    versionText = versions.isEmpty ? "no control groups" : versions == [true] ? "cgroup v2" : "cgroup v1"
  }

  private static func hierarchy(
    of controller: Controller,
    root: String,
    parent: String,
    _ shell: String
  ) throws(WorkloadError) -> Hierarchy {
    let legacy = "\(root)/\(controller.rawValue)"
    if access("\(legacy)/cgroup.procs", F_OK) == 0 {
      var folder = legacy
      for name in parent.split(separator: "/") {
        folder += "/\(name)"
        try makeFolder(folder)
      }
      return try probe(controller, Hierarchy(parent: folder, isUnified: false), shell)
    }
    guard let controllers = try? String(contentsOfFile: "\(root)/cgroup.controllers", encoding: .utf8) else {
      throw .files("no \(controller.rawValue) controller below \(root)")
    }
    guard controllers.split(whereSeparator: \.isWhitespace).contains(Substring(controller.rawValue)) else {
      throw .files("\(root)/cgroup.controllers does not list \(controller.rawValue)")
    }
    // In version 2 every group above must enable the controller for its children.
    var folder = root
    for name in parent.split(separator: "/").map(String.init) + [""] {
      let file = "\(folder)/cgroup.subtree_control"
      // Where an administrator has given a subtree to an ordinary user, the groups above enable it already.
      guard write("+\(controller.rawValue)", to: file) || enables(controller, file) else {
        throw .files("\(file) does not accept +\(controller.rawValue): \(errorText())")
      }
      guard !name.isEmpty else { break }
      folder += "/\(name)"
      try makeFolder(folder)
    }
    return try probe(controller, Hierarchy(parent: folder, isUnified: true), shell)
  }

  /// Sets a limit in a temporary group, so that only limits that work are reported as enforced.
  private static func probe(
    _ controller: Controller,
    _ hierarchy: Hierarchy,
    _ shell: String
  ) throws(WorkloadError) -> Hierarchy {
    let folder = "\(hierarchy.parent)/probe-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    let limits = WorkloadLimits(cpuMillis: 1_000, memoryBytes: 64 << 20, processes: 64)
    defer { for _ in 0..<50 where rmdir(folder) != 0 && errno == EBUSY { usleep(10_000) } }
    try create(folder, controller, limits, isUnified: hierarchy.isUnified)
    // An ordinary user may make groups in a subtree of its own and yet not move a process there from outside.
    let file = "\(folder)/cgroup.procs"
    let entered = try? ProcessLauncher.spawn(
      shell,
      arguments: ["-c", "echo 0 > \"$1\"", "supercloud-probe", file],
      environment: [:],
      output: "/dev/null",
      errors: "/dev/null"
    )
    var status: Int32 = -1
    if let entered { while waitpid(entered, &status, 0) < 0 && errno == EINTR {} }
    guard status == 0 else { throw .files("no process may enter \(folder)") }
    return hierarchy
  }

  private static func enables(_ controller: Controller, _ file: String) -> Bool {
    let code = errno
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    errno = code
    return text.split(whereSeparator: \.isWhitespace).contains(Substring(controller.rawValue))
  }

  /// Makes a group with the controller's limits.
  private static func create(
    _ folder: String,
    _ controller: Controller,
    _ limits: WorkloadLimits,
    isUnified: Bool
  ) throws(WorkloadError) {
    try makeFolder(folder)
    for (name, value) in values(controller, limits, isUnified: isUnified) {
      // These files are missing when the kernel does not account swap.
      let isOptional = ["memory.swap.max", "memory.memsw.limit_in_bytes"].contains(name)
      guard write(value, to: "\(folder)/\(name)") || isOptional else {
        throw .files("\(folder)/\(name) cannot be written: \(errorText())")
      }
    }
  }

  /// The names of a controller's files, with their values in the order in which they are written.
  private static func values(
    _ controller: Controller,
    _ limits: WorkloadLimits,
    isUnified: Bool
  ) -> [(name: String, value: String)] {
    let period: UInt64 = 100_000
    let quota = max(1_000, limits.cpuMillis * period / 1_000)
    let memory = "\(limits.memoryBytes)"
    return switch (controller, isUnified) {
    case (.memory, true): [("memory.max", memory), ("memory.swap.max", "0")]
    case (.memory, false): [("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory)]
    case (.cpu, true): [("cpu.max", "\(quota) \(period)")]
    case (.cpu, false): [("cpu.cfs_period_us", "\(period)"), ("cpu.cfs_quota_us", "\(quota)")]
    case (.pids, _): [("pids.max", "\(limits.processes)")]
    }
  }

  /// Makes the group `name` with these limits.
  ///
  /// - Returns: The `cgroup.procs` files of the group. A process joins the group by writing its id into each
  ///   of them.
  func create(_ name: String, _ limits: WorkloadLimits) throws(WorkloadError) -> [String] {
    for (controller, hierarchy) in hierarchies {
      let folder = "\(hierarchy.parent)/\(name)"
      try Self.create(folder, controller, limits, isUnified: hierarchy.isUnified)
    }
    return folders(name).map { "\($0)/cgroup.procs" }
  }

  /// The group's folders, without repetitions.
  func folders(_ name: String) -> [String] {
    Set(hierarchies.values.map { "\($0.parent)/\(name)" }).sorted()
  }

  /// Processes in the group.
  func processes(_ name: String) -> Set<pid_t> {
    folders(name).reduce(into: []) { found, folder in
      let text = (try? String(contentsOfFile: "\(folder)/cgroup.procs", encoding: .utf8)) ?? ""
      found.formUnion(text.split(separator: "\n").compactMap { pid_t($0) })
    }
  }

  /// How often the kernel has killed a process in the group because it was out of memory.
  func memoryKills(_ name: String) -> UInt64 {
    guard let hierarchy = hierarchies[.memory] else { return 0 }
    let file = hierarchy.isUnified ? "memory.events" : "memory.oom_control"
    let text = (try? String(contentsOfFile: "\(hierarchy.parent)/\(name)/\(file)", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == "oom_kill" { return UInt64(words[1]) ?? 0 }
    }
    return 0
  }

  /// Removes the group and returns whether it is gone. Waits up to 2 s, since the kernel may need a moment
  /// after the last process has ended.
  func remove(_ name: String) async -> Bool {
    for attempt in 0..<100 {
      if attempt > 0 { try? await Task.sleep(for: .milliseconds(20)) }
      if folders(name).allSatisfy({ rmdir($0) == 0 || errno == ENOENT }) { return true }
    }
    return false
  }

  private static func makeFolder(_ path: String) throws(WorkloadError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw .files("\(path) cannot be made: \(errorText())")
    }
  }

  /// Writes the text with one unbuffered system call, as control files require. Returns whether this
  /// succeeded.
  private static func write(_ text: String, to path: String) -> Bool {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { return false }
    defer {
      let code = errno
      close(file)
      errno = code
    }
    return Array(text.utf8).withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) == $0.count }
  }

  private static func errorText() -> String { String(cString: strerror(errno)) }
}
