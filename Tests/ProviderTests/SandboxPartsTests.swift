import Foundation
import Glibc
import Testing

@testable import Provider

@Suite struct ControlGroupTests {
  /// A folder that looks like a version 2 hierarchy.
  private func unified(_ controllers: String) throws -> String {
    let root = FileManager.default.temporaryDirectory.appending(path: "cgroup-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    try controllers.write(toFile: root + "/cgroup.controllers", atomically: true, encoding: .utf8)
    return root
  }

  private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

  @Test func `version 2 limits are written as the kernel wants them`() throws {
    let root = try unified("cpuset cpu io memory pids\n")
    let groups = ControlGroups(root: root, parent: "mine")
    #expect(groups.enforced == [.memory, .cpu, .pids])
    #expect(groups.versionText == "cgroup v2")
    let limits = WorkloadLimits(cpuMillis: 250, memoryBytes: 64 << 20, processes: 12)
    let files = try groups.create("a", limits)
    #expect(files == ["\(root)/mine/a/cgroup.procs"])
    #expect(text("\(root)/mine/a/memory.max") == "67108864")
    #expect(text("\(root)/mine/a/memory.swap.max") == "0")
    #expect(text("\(root)/mine/a/cpu.max") == "25000 100000")
    #expect(text("\(root)/mine/a/pids.max") == "12")
    #expect(text("\(root)/cgroup.subtree_control")?.hasPrefix("+") == true)
    try "low 0\nmax 3\noom 1\noom_kill 2\n".write(
      toFile: "\(root)/mine/a/memory.events",
      atomically: true,
      encoding: .utf8
    )
    #expect(groups.memoryKills("a") == 2)
    try "11\n12\n".write(toFile: "\(root)/mine/a/cgroup.procs", atomically: true, encoding: .utf8)
    #expect(groups.processes("a") == [11, 12])
  }

  @Test func `a group that no process can enter limits nothing`() throws {
    let root = try unified("pids\n")
    // As in a subtree that belongs to an ordinary user: groups can be made, the file of processes is closed.
    try FileManager.default.createDirectory(atPath: root + "/mine", withIntermediateDirectories: true)
    let open = ControlGroups(root: root, parent: "mine")
    #expect(open.enforced == [.pids])
    let closed = ControlGroups(root: root, parent: "mine", shell: "/bin/false")
    #expect(closed.enforced.isEmpty)
    #expect(closed.missing[.pids]?.contains("no process may enter") == true)
  }

  @Test func `a controller that is not there is named with the reason`() throws {
    let root = try unified("cpu\n")
    let groups = ControlGroups(root: root, parent: "mine")
    #expect(groups.enforced == [.cpu])
    #expect(groups.missing[.memory]?.contains("does not list memory") == true)
  }

  @Test func `without control groups nothing is promised`() {
    let groups = ControlGroups(root: "/nowhere", parent: "mine")
    #expect(groups.enforced.isEmpty)
    #expect(groups.missing.count == 3)
    #expect(groups.missing[.pids] == "no pids controller below /nowhere")
  }
}

@Suite struct ProcessEntryTests {
  @Test func `a name may hold brackets and blanks`() {
    let fields = "S 1 42 42 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0"
    let entry = ProcessEntry(7, stat: "7 (a) b (c) \(fields)")
    #expect(entry?.name == "a) b (c")
    #expect(entry?.parent == 1)
    #expect(entry?.session == 42)
    #expect(entry?.startTime == 98_765)
    #expect(ProcessEntry(7, stat: "7 nothing") == nil)
    #expect(ProcessEntry(7, stat: ")(") == nil)
  }

  @Test func `this process is in the table`() {
    #expect(ProcessEntry(getpid())?.isZombie == false)
    #expect(ProcessTable.all().contains { $0.process == getpid() })
  }
}

@Suite struct ImageNameTests {
  @Test(arguments: [
    ("supercloud/hello:1.0", "supercloud/hello"), ("nginx", "nginx"), ("host:5000/a/b", "host:5000/a/b"),
    ("host:5000/a/b:2@sha256:00", "host:5000/a/b"),
  ])
  func `a name is what stands before tag and digest`(_ image: String, _ name: String) {
    #expect(Images.name(of: image) == name)
  }

  @Test func `file names cannot leave the image folder`() {
    #expect(Images.fileNames(of: "a/b:1") == ["a-b-1", "a-b"])
    #expect(Images.fileNames(of: "../../etc").isEmpty)
    for name in Images.fileNames(of: "x/../../etc:\u{0}") { #expect(!name.contains("/")) }
  }
}

@Suite struct SandboxOptionTests {
  private static let escape = "a\0--bind\0/\0/tmp/h"

  private func command(
    _ isolation: Isolation,
    program: String = "/bin/true",
    mount: String = "/data",
    variable: (String, String) = ("A", "1"),
    hostname: String = "web"
  ) -> SandboxCommand {
    let mount = MountPlan(name: "data", path: mount, isReadOnly: false, isMemory: false, bytes: 1)
    return SandboxCommand(
      isolation: isolation,
      root: ImageRoot(program: [program]),
      volumes: [("/volumes/data", mount)],
      environment: [variable],
      hostname: hostname,
      user: 1_000_000_000
    )
  }

  @Test func `every text stays one word`() throws {
    let isolation = Isolation.leaseUser(bubblewrap: "/bwrap", setpriv: "/setpriv", unshare: nil)
    let options = try #require(try command(isolation, variable: ("A", "x --bind / /\n\t")).build().options)
    #expect(options.words.suffix(3) == ["--setenv", "A", "x --bind / /\n\t"])
    #expect(Array(options.words.drop { $0 != "--bind" }.prefix(3)) == ["--bind", "/volumes/data", "/data"])
  }

  @Test func `a NUL makes no option of a tenant's own`() {
    let isolation = Isolation.leaseUser(bubblewrap: "/bwrap", setpriv: "/setpriv", unshare: nil)
    for bad in [
      command(isolation, program: Self.escape), command(isolation, mount: "/tmp/\(Self.escape)"),
      command(isolation, variable: (Self.escape, "1")), command(isolation, variable: ("X", Self.escape)),
      command(isolation, hostname: Self.escape),
    ] {
      #expect(throws: WorkloadError.self) { try bad.build() }
    }
    #expect(throws: WorkloadError.self) {
      try command(.none(setpriv: "/setpriv", reason: "a test"), variable: ("X", Self.escape)).build()
    }
    var options = SandboxOptions()
    #expect(throws: WorkloadError.self) { try options.add("--hostname", Self.escape) }
    #expect(options.bytes.isEmpty)
  }

  @Test func `a program is not started with a text that would be cut`() {
    #expect(throws: LaunchError(path: "/bin/echo", code: EINVAL)) {
      _ = try ProcessLauncher.spawn(
        "/bin/echo",
        arguments: ["a\0b"],
        environment: [:],
        output: "/dev/null",
        errors: "/dev/null"
      )
    }
  }
}

/// Who a workload is on the machine, decided by its command line.
@Suite struct SandboxUserTests {
  private static let user: UInt32 = 1_000_000_007

  private func build(_ isolation: Isolation, volume: String = "/nowhere", path: String? = nil) throws
    -> [String]
  {
    let mount = MountPlan(name: "data", path: "/data", isReadOnly: false, isMemory: false, bytes: 1)
    return try SandboxCommand(
      isolation: isolation,
      root: ImageRoot(readOnlyPaths: [path].compactMap(\.self), program: ["/bin/true"]),
      volumes: [(volume, mount)],
      environment: [],
      hostname: "web",
      user: Self.user
    ).build().command
  }

  /// A folder below one that only its owner may pass.
  private func closedFolder(mode: mode_t = 0o755) throws -> String {
    let outer = FileManager.default.temporaryDirectory.appending(path: "closed-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: outer + "/data", withIntermediateDirectories: true)
    chmod(outer + "/data", mode)
    chmod(outer, 0o700)
    return outer + "/data"
  }

  private func reason(_ body: () throws -> [String]) -> String {
    do { return "not refused: \(try body())" } catch { return "\(error)" }
  }

  @Test(.enabled(if: geteuid() == 0, "only root could become root"))
  func `as root, nothing is started that does not change its user`() {
    for isolation in [
      Isolation.providerUser(bubblewrap: "/bwrap", namespace: nil, reason: "a test"),
      .none(setpriv: nil, reason: "a test"),
      .refused(reason: "would run as root"),
    ] {
      #expect(reason { try build(isolation) }.contains("service web did not start"))
      #expect(reason { try build(isolation) }.contains("run as root"))
    }
  }

  @Test func `a plain process of root's changes its user for good`() throws {
    let words = try build(.none(setpriv: "/setpriv", reason: "a test"))
    #expect(
      words.starts(with: ["/setpriv", "--no-new-privs", "--reuid", "\(Self.user)", "--regid", "\(Self.user)"])
    )
  }

  @Test func `what lies in a closed folder is shown to the lease's user, and the folder stays closed`() throws
  {
    let folder = try closedFolder()
    let words = try build(.leaseUser(bubblewrap: "/b", setpriv: "/s", unshare: "/u"), volume: folder)
    #expect(words.starts(with: ["/u", "--mount", "--", "/bin/sh", "-c"]))
    #expect(
      Array(words.drop { $0 != SandboxBindMounts.folder }.prefix(4)) == [
        SandboxBindMounts.folder, folder, "--", "/s",
      ]
    )
    #expect(words.contains("\(Self.user)"))
    let open = try build(.leaseUser(bubblewrap: "/b", setpriv: "/s", unshare: "/u"), volume: "/usr")
    #expect(open.first == "/s")
  }

  @Test func `what cannot be shown to the lease's user is refused in words`() throws {
    let folder = try closedFolder()
    let outside = reason {
      try build(.leaseUser(bubblewrap: "/b", setpriv: "/s", unshare: nil), volume: folder)
    }
    #expect(outside.contains("\(folder) lies in a folder that the lease's user \(Self.user) may not pass"))
    let closed = try closedFolder(mode: 0o700)
    let inside = reason {
      try build(.leaseUser(bubblewrap: "/b", setpriv: "/s", unshare: "/u"), path: closed)
    }
    #expect(inside.contains("\(closed) (mode 700) cannot be read by the lease's user"), "\(inside)")
  }
}

@Suite struct PortTests {
  @Test func `a free port is free, and a taken one is passed over`() throws {
    let first = try #require(PortChoice.free(in: nil, excluding: []))
    #expect(!PortChoice.answers(first))
    let range = first...first
    #expect(PortChoice.free(in: range, excluding: []) == first)
    #expect(PortChoice.free(in: range, excluding: [first]) == nil)
  }

  @Test func `a lease gets no port of this machine that is in its manifest`() async throws {
    let first = try #require(PortChoice.free(in: nil, excluding: []))
    let bench = try await SandboxBench { $0.ports = "\(first)-\(first + 99)" }
    let service = bench.service("test/sh", "true", ports: [PortPlan(port: first, isGlobal: true)])
    let plan = WorkloadPlan(lease: Fixture.lease(), manifestHash: Fixture.digest(1), services: [service])
    try await bench.driver.prepare(plan, manifest: Array("[]".utf8))
    let chosen = await bench.driver.prepared[Fixture.lease()]?.ports["web.0"]?[first]
    #expect(chosen != nil && chosen != first)
    #expect(try await bench.clean(Fixture.lease()) == [])
  }
}

@Suite struct HelloTests {
  @Test func `the hello workload serves its page, its health and takes memory`() async throws {
    let port = try #require(PortChoice.free(in: nil, excluding: []))
    let task = Task { try await HelloWorkload.run(port: Int(port)) }
    defer { task.cancel() }
    for _ in 0..<100 where !PortChoice.answers(port) { try await Task.sleep(for: .milliseconds(20)) }
    func get(_ path: String) async throws -> String {
      try await Command(path: "/usr/bin/curl", arguments: ["-s", "http://127.0.0.1:\(port)\(path)"]).run()
        .text
    }
    #expect(try await get("/").contains("Hello from Supercloud"))
    #expect(try await get("/health") == "ok\n")
    #expect(try await get("/burn?mb=2") == "holding 2 MiB\n")
    #expect(try await get("/burn?mb=0").contains("write /burn"))
    #expect(try await get("/burn").contains("write /burn"))
    #expect(try await get("/else").contains("there is /"))
  }
}
