import Chain
import Cryptography
import Foundation
import Glibc
import Primitives
import Testing

@testable import Provider

/// With real processes, bubblewrap and control groups. What the machine lacks is said by `capabilities`, and
/// the tests of that limit expect exactly what is said.
@Suite(.serialized) struct SandboxTests {
  private static let server = #"""
    use IO::Socket::INET;
    my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $ENV{PORT}, Listen => 5,
      ReuseAddr => 1) or die $!;
    $| = 1; print "listening on $ENV{PORT}\n";
    while (my $c = $s->accept) { print $c "HTTP/1.0 200 OK\r\n\r\n$ENV{SUPERCLOUD_GPUS}"; close $c }
    """#

  @Test func `programs that the tests run are here`() {
    for path in ["/bin/sh", "/usr/bin/perl", "/bin/true"] {
      #expect(access(path, X_OK) == 0, "\(path) is missing")
    }
  }

  @Test func `capabilities say what holds here and why`() async throws {
    let bench = try await SandboxBench()
    let capabilities = await bench.driver.capabilities()
    #expect(
      capabilities.list.map(\.name) == [
        "isolation", "memory", "cpu", "processes", "disk", "network", "gpus", "images", "chains",
      ]
    )
    #expect(capabilities["disk"]?.isEnforced == false)
    let hasOwnNetwork = await bench.driver.isolation.namespace != nil
    #expect(capabilities["network"]?.isEnforced == hasOwnNetwork)
    #expect(capabilities["network"]?.detail.contains("machine's own network") == !hasOwnNetwork)
    #expect(capabilities.list.allSatisfy { !$0.detail.isEmpty })
    for item in capabilities.list { print("  \(item.name): \(item.isEnforced) \(item.detail)") }
    #expect(try await bench.clean() == [])
  }

  @Test func `a workload sees its environment and only what it should`() async throws {
    let bench = try await SandboxBench()
    let script =
      "echo lease=$SUPERCLOUD_LEASE gpus=$SUPERCLOUD_GPUS owner=$AKASH_OWNER mine=$MINE; ls /; touch /x; "
      + "grep CapEff /proc/self/status; echo pids=$(ls /proc | grep -c '^[0-9]'); echo home=${HOSTONLY:-none}"
    setenv("HOSTONLY", "secret", 1)
    let lease = try await bench.run(bench.service("test/sh", script))
    let status = try await bench.wait(lease) { !$0.isRunning }
    let output = try await bench.output(lease)
    #expect(
      output.contains("lease=\(lease) gpus=declared/nvidia/h100/80Gi/sxm/0 owner=\(Fixture.tenant) mine=a b")
    )
    #expect(output.contains("home=none"))
    if await bench.driver.isolation.isSandboxed {
      #expect(output.contains("Read-only file system"))
      #expect(output.contains("CapEff:\t0000000000000000"))
      #expect(!output.contains("root") && !output.contains("work"))
    }
    #expect(status.lastExit?.code == 0)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a service on its port is ready, answers at its URL, and nothing is left after the stop`()
    async throws
  {
    let bench = try await SandboxBench()
    let service = bench.service("test/perl", Self.server, ports: [PortPlan(port: 80, isGlobal: true)])
    let lease = try await bench.run(service)
    let status = try await bench.wait(lease) { $0.isReady }
    let url = try #require(status.urls.first)
    #expect(url.hasPrefix("http://127.0.0.1:"))
    let answer = try await Command(path: "/usr/bin/curl", arguments: ["-s", url]).run()
    #expect(answer.text == "declared/nvidia/h100/80Gi/sxm/0")
    #expect(try await bench.output(lease).contains("listening on"))
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `memory beyond the limit is killed, and the end says why`() async throws {
    let bench = try await SandboxBench()
    guard await bench.driver.groups.enforced.contains(.memory) else { return }
    let script = #"my @held; while (1) { push @held, "x" x (1 << 20) }"#
    let lease = try await bench.run(bench.service("test/perl", script, memory: 48 << 20))
    let status = try await bench.wait(lease) { !$0.isRunning }
    #expect(status.lastExit == ExitRecord(code: 137, outOfMemory: true, memoryLimit: 48 << 20))
    #expect(status.lastExit?.description == "exit 137, out of memory, limit 48 MiB")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a quarter of a core is a quarter of a core`() async throws {
    let bench = try await SandboxBench()
    guard await bench.driver.groups.enforced.contains(.cpu) else { return }
    let script =
      #"my $end = time + 4; while (time < $end) { } my ($u, $s) = times; printf "used %.2f\n", $u + $s;"#
    let lease = try await bench.run(bench.service("test/perl", script, cpu: 250))
    _ = try await bench.wait(lease) { !$0.isRunning }
    let output = try await bench.output(lease)
    let used = try #require(Double(output.split(separator: " ").last ?? ""), "\(output)")
    #expect(used < 1.6, "4 seconds at 25 %")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `processes beyond the limit cannot be made`() async throws {
    let bench = try await SandboxBench()
    guard await bench.driver.capabilities()["processes"]?.isEnforced == true else { return }
    // A limit by number has some processes of the sandbox on top; a control group has them inside.
    let isNumber = await !bench.driver.groups.enforced.contains(.pids)
    let script =
      #"my $n = 0; for (1..100) { my $p = fork; last unless defined $p; if (!$p) { sleep 30; exit } $n++ } "#
      + #"print "made $n\n"; kill 9, -getpgrp"#
    let lease = try await bench.run(bench.service("test/perl", script, processes: 12))
    _ = try await bench.wait(lease) { _ in true }
    for _ in 0..<100 where try await !bench.output(lease).contains("made") {
      try await Task.sleep(for: .milliseconds(50))
    }
    let made = try #require(Int(try await bench.output(lease).split(separator: " ").last ?? ""))
    #expect((1...(isNumber ? 12 + Int(LeaseNamespace.ownProcesses) : 11)).contains(made))
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `what ignores the request to end is killed after the grace time`() async throws {
    let bench = try await SandboxBench { $0.stopGraceSeconds = 1 }
    let lease = try await bench.run(
      bench.service("test/sh", "trap '' TERM; echo up; while :; do sleep 1; done")
    )
    for _ in 0..<100 where try await !bench.output(lease).contains("up") {
      try await Task.sleep(for: .milliseconds(50))
    }
    let start = ContinuousClock.now
    #expect(try await bench.clean(lease) == [])
    let took = ContinuousClock.now - start
    #expect(took >= .seconds(1) && took < .seconds(6))
  }

  @Test func `what ends when asked ends well before the grace time`() async throws {
    let bench = try await SandboxBench { $0.stopGraceSeconds = 30 }
    let lease = try await bench.run(
      bench.service("test/sh", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done")
    )
    for _ in 0..<100 where try await !bench.output(lease).contains("up") {
      try await Task.sleep(for: .milliseconds(50))
    }
    try await bench.driver.stop(lease)
    #expect(try await bench.output(lease).contains("bye"))
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `workloads outlive their driver, and a new one adopts them`() async throws {
    let bench = try await SandboxBench()
    let service = bench.service("test/perl", Self.server, ports: [PortPlan(port: 80, isGlobal: true)])
    let lease = try await bench.run(service)
    let before = try await bench.wait(lease) { $0.isReady }
    let process = try #require(await bench.driver.process(of: lease))

    let second = try await SandboxBench.driver(bench.folder, bench.group)
    let found = await second.recover()
    #expect(found.map(\.plan.lease.id) == [lease])
    #expect(found.map(\.running) == [1])
    #expect(found.first?.plan.manifestHash == Fixture.digest(1).description)
    #expect(await second.status(lease).first == before)
    try await second.start(lease)
    #expect(await second.process(of: lease) == process)
    try await second.stop(lease)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `workloads whose driver was killed are found in its folder, and ended`() async throws {
    let bench = try await SandboxBench()
    let lease = try await bench.run(bench.service("test/sh", "sleep 100 & sleep 100"))
    let abandoned = AbandonedWorkloads(folder: bench.folder)
    #expect(abandoned.processes.count == 2, "its supervisor and its first process")
    #expect(try await abandoned.end())
    #expect(abandoned.processes.isEmpty)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a process that only has the number of ours is not taken for it`() async throws {
    let bench = try await SandboxBench()
    let lease = try await bench.run(bench.service("test/sh", "sleep 100"))
    _ = try await bench.wait(lease) { $0.isRunning }
    let folder = await bench.driver.firstFolder(lease)
    var state = try #require(folder.readState())
    state.processStart += 1
    try folder.write(state)
    #expect(folder.runningProcess(state) == nil)
    state.processStart -= 1
    state.bootID = "another start"
    #expect(folder.runningProcess(state) == nil)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `an ended replica is started again, and counted`() async throws {
    let bench = try await SandboxBench()
    let lease = try await bench.run(bench.service("test/sh", "echo once; exit 5"))
    let first = try await bench.wait(lease) { !$0.isRunning && $0.lastExit?.code != nil }
    #expect(first.lastExit?.code == 5 && first.restarts == 0)
    try await bench.driver.start(lease)
    let second = try await bench.wait(lease) { !$0.isRunning && $0.restarts == 1 && $0.lastExit?.code != nil }
    #expect(second.lastExit?.code == 5)
    #expect(try await bench.output(lease) == "once\nonce")
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `replicas have ports and folders of their own`() async throws {
    let bench = try await SandboxBench()
    let service = bench.service(
      "test/perl",
      Self.server,
      replicas: 2,
      ports: [PortPlan(port: 80, isGlobal: true)]
    )
    let lease = try await bench.run(service)
    _ = try await bench.wait(lease) { $0.isReady }
    let all = await bench.driver.status(lease)
    #expect(all.count == 2)
    #expect(Set(all.flatMap(\.urls)).count == 2)
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `long logs are cut to their newest half`() async throws {
    let bench = try await SandboxBench { $0.logBytes = 8_192 }
    let script = #"$| = 1; for (1..2000) { print "line $_\n" } sleep 30"#
    let lease = try await bench.run(bench.service("test/perl", script))
    for _ in 0..<100 where try await !bench.output(lease).contains("line 2000") {
      try await Task.sleep(for: .milliseconds(50))
    }
    _ = await bench.driver.status(lease)
    let folder = await bench.driver.firstFolder(lease)
    let size = try FileManager.default.attributesOfItem(atPath: folder.file("stdout.log"))[.size] as? Int
    #expect(size == 0)
    let lines = try await bench.driver.logs(lease, service: "web", tail: 3)[0].lines
    #expect(lines == ["line 1998", "line 1999", "line 2000"])
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `images that are not here are refused, with what to do`() async throws {
    let bench = try await SandboxBench { $0.imageFolder = "/nowhere" }
    var service = bench.service("nginx:1.25", "")
    service.arguments = nil
    let plan = WorkloadPlan(lease: Fixture.lease(), manifestHash: Fixture.digest(1), services: [service])
    do throws(WorkloadError) {
      try await bench.driver.validate(plan)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("image nginx:1.25 is not available: this driver does not pull"))
      #expect(error.description.contains("nginx-1.25"))
    }
    #expect(try await bench.clean() == [])
  }

  @Test func `a root folder or tarball in the image folder runs`() async throws {
    let images = FileManager.default.temporaryDirectory.appending(path: "images-\(UUID().uuidString)").path
    let root = images + "/staging"
    for library in try await Images.libraries(of: "/bin/sh") + ["/bin/sh"] {
      let target = root + library
      try FileManager.default.createDirectory(
        atPath: (target as NSString).deletingLastPathComponent,
        withIntermediateDirectories: true
      )
      // Followed, since the link's target is not copied.
      let copied = try await Command(path: "/bin/cp", arguments: ["-L", library, target]).run()
      #expect(copied.status == 0)
    }
    let tar = Command(path: "/bin/tar", arguments: ["-C", root, "-czf", images + "/mine-tiny-1.tar.gz", "."])
    #expect(try await tar.run().status == 0)
    let bench = try await SandboxBench { $0.imageFolder = images }
    var service = bench.service("mine/tiny:1", "")
    service.command = ["/bin/sh", "-c"]
    service.arguments = ["echo from the image; cd /data && echo kept > f && read word < f && echo $word"]
    service.mounts = [
      MountPlan(name: "data", path: "/data", isReadOnly: false, isMemory: false, bytes: 1 << 20)
    ]
    let lease = try await bench.run(service)
    _ = try await bench.wait(lease) { !$0.isRunning }
    if await bench.driver.isolation.isSandboxed {
      let output = try await bench.output(lease)
      #expect(output.contains("from the image") && output.contains("kept"), "\(output)")
    }
    #expect(try await bench.clean(lease) == [])
    try FileManager.default.removeItem(atPath: images)
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a lease a user of its own"))
  func `a tenant writes its volume in a closed home as the lease's own user, never as root`() async throws {
    let bench = try await SandboxBench()
    guard case .leaseUser(_, _, .some) = await bench.driver.isolation else { return }
    chmod(bench.folder, 0o700)
    var service = bench.service(
      "test/sh",
      "cat /data/f; echo kept > /data/f && cat /data/f; ls -d /run/supercloud; echo done; sleep 100"
    )
    service.mounts = [
      MountPlan(name: "data", path: "/data", isReadOnly: false, isMemory: false, bytes: 1 << 20)
    ]
    let lease = try await bench.run(service)
    let user = SandboxDriver.user(of: lease)
    func lines(_ line: String) async throws -> Int {
      try await bench.output(lease).split(separator: "\n").count { $0 == line }
    }
    for start in 1...2 {
      for _ in 0..<400 where try await lines("done") < start {
        try await Task.sleep(for: .milliseconds(50))
      }
      let process = try #require(await bench.driver.process(of: lease))
      let family = ProcessTable.family(of: [process])
      #expect(!family.isEmpty)
      for entry in family {
        let status = try String(contentsOfFile: "/proc/\(entry.process)/status", encoding: .utf8)
        let users = try #require(status.split(separator: "\n").first { $0.hasPrefix("Uid:") })
        #expect(users.split(separator: "\t").dropFirst() == ["\(user)", "\(user)", "\(user)", "\(user)"])
      }
      var status = stat()
      #expect(stat("\(bench.folder)/\(lease.folderName)/volumes/web.0.data/f", &status) == 0)
      #expect(status.st_uid == user && status.st_gid == user)
      #expect(stat(bench.folder, &status) == 0 && status.st_mode & 0o777 == 0o700, "the home stays closed")
      #expect(access("\(SandboxBindMounts.folder)/0", F_OK) != 0, "the stage is not seen outside")
      if start == 1 {
        try await bench.driver.stop(lease)
        try await bench.driver.start(lease)
      }
    }
    #expect(try await lines("kept") == 3, "written, then read and written")
    #expect(try await lines("/run/supercloud") == 0, "the stage is not seen inside")
    let detail = await bench.driver.capabilities()["isolation"]?.detail
    #expect(detail?.contains("a user of each lease's own") == true)
    #expect(try await bench.clean(lease) == [])
  }

  @Test(.enabled(if: geteuid() == 0, "only root can give a lease a user of its own"))
  func `a plain process of root's runs as the lease's own user`() async throws {
    let bench = try await SandboxBench { $0.driver = "process" }
    let lease = try await bench.run(bench.service("test/sh", "id -u; exit 3"))
    _ = try await bench.wait(lease) { !$0.isRunning && $0.lastExit?.code == 3 }
    #expect(try await bench.output(lease) == "\(SandboxDriver.user(of: lease))")
    #expect(try await bench.clean(lease) == [])
  }

  /// A plan that a manifest's check did not see, such as one that an older version wrote down.
  @Test func `a plan with a NUL in a variable or a mount is refused before anything is changed`() async throws
  {
    let bench = try await SandboxBench()
    var variable = bench.service("test/sh", "ls /tmp/h")
    variable.environment = ["X=a\0--bind\0/\0/tmp/h\0--setenv\0Y\0b"]
    var mount = bench.service("test/sh", "ls /tmp/h")
    mount.mounts = [
      MountPlan(
        name: "data",
        path: "/tmp/a\0--bind\0/\0/tmp/h",
        isReadOnly: false,
        isMemory: false,
        bytes: 1
      )
    ]
    for service in [variable, mount] {
      let lease = Fixture.lease()
      let plan = WorkloadPlan(lease: lease, manifestHash: Fixture.digest(1), services: [service])
      await #expect(throws: WorkloadError.self) {
        try await bench.driver.prepare(plan, manifest: Array("[]".utf8))
      }
    }
    #expect(try await bench.clean() == [])
  }

  @Test func `without a sandbox a plain process runs, and that is said`() async throws {
    let bench = try await SandboxBench { $0.driver = "process" }
    #expect(await bench.driver.capabilities().driver == "process")
    #expect(await bench.driver.capabilities()["isolation"]?.detail.contains("NOT isolated") == true)
    let lease = try await bench.run(bench.service("test/sh", "echo $SUPERCLOUD_SERVICE $MINE; sleep 100"))
    for _ in 0..<100 where try await !bench.output(lease).contains("web a b") {
      try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await bench.output(lease).contains("web a b"))
    #expect(try await bench.clean(lease) == [])
  }

  @Test func `a built-in program runs with nothing but its libraries`() async throws {
    let bench = try await SandboxBench()
    var service = bench.service("test/true", "")
    service.arguments = nil
    let lease = try await bench.run(service)
    let status = try await bench.wait(lease) { !$0.isRunning && $0.lastExit?.code != nil }
    #expect(status.lastExit?.code == 0)
    #expect(try await bench.clean(lease) == [])
  }
}
