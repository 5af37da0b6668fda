import Chain
import Cryptography
import Foundation
import Glibc
import Testing

@testable import Provider

/// A sandbox driver with a folder and a control group of its own; `sh` and perl are its images.
struct SandboxBench {
  let folder: String
  let group: String
  let driver: SandboxDriver

  init(_ change: (inout WorkloadSettings) -> Void = { _ in }) async throws {
    let name = "supercloud-test-\(UInt32.random(in: 0 ... .max))"
    folder = FileManager.default.temporaryDirectory.appending(path: name).path
    group = name
    driver = try await Self.driver(folder, group, change)
  }

  static func driver(
    _ folder: String,
    _ group: String,
    _ change: (inout WorkloadSettings) -> Void = { _ in }
  ) async throws -> SandboxDriver {
    var settings = WorkloadSettings(stopGraceSeconds: 2, controlGroup: group)
    change(&settings)
    let seen = ["/usr", "/bin", "/lib", "/lib64", "/etc/perl"]
    return try await SandboxDriver(
      SandboxDriver.Configuration(
        folder: folder,
        settings: settings,
        publicHost: "127.0.0.1",
        builtIns: [
          "test/sh": BuiltInProgram(path: "/bin/sh", arguments: ["-c"], readOnlyPaths: seen),
          "test/perl": BuiltInProgram(path: "/usr/bin/perl", arguments: ["-e"], readOnlyPaths: seen),
          "test/true": BuiltInProgram(path: "/bin/true", arguments: []),
        ],
        helper: helper
      )
    )
  }

  /// The built `supercloud`, beside the tests.
  static let helper: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(filePath: tests).deletingLastPathComponent().appending(path: "supercloud").path
  }()

  func service(
    _ image: String,
    _ script: String,
    replicas: UInt32 = 1,
    memory: UInt64 = 256 << 20,
    cpu: UInt64 = 1_000,
    processes: UInt32 = 32,
    ports: [PortPlan] = []
  ) -> ServicePlan {
    ServicePlan(
      name: "web",
      image: image,
      arguments: [script],
      environment: ["MINE=a b"],
      replicas: replicas,
      limits: WorkloadLimits(cpuMillis: cpu, memoryBytes: memory, processes: processes),
      ports: ports,
      devices: [["declared/nvidia/h100/80Gi/sxm/0"]]
    )
  }

  func run(_ services: ServicePlan..., number: UInt64 = 1, prepared: () async throws -> Void = {})
    async throws
    -> LeaseID
  {
    let lease = Fixture.lease(number)
    let plan = WorkloadPlan(lease: lease, manifestHash: Fixture.digest(1), services: services)
    try await driver.prepare(plan, manifest: Array("[]".utf8))
    try await prepared()
    try await driver.start(lease)
    return lease
  }

  /// Waits until the first replica is as wanted.
  func wait(
    _ lease: LeaseID,
    seconds: Int = 20,
    until condition: (ReplicaStatus) -> Bool
  ) async throws -> ReplicaStatus {
    for _ in 0..<(seconds * 20) {
      if let status = await driver.status(lease).first, condition(status) { return status }
      try await Task.sleep(for: .milliseconds(50))
    }
    let status = await driver.status(lease)
    let logs = try await driver.logs(lease, service: "", tail: 20)
    throw TestFailure(text: "\(status) \(logs)")
  }

  /// Waits until the output of the service `web` has the word.
  func wait(_ lease: LeaseID, toSay word: String) async throws -> String {
    for _ in 0..<400 {
      let text = try await output(lease)
      if text.contains(word) { return text }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw TestFailure(text: "no `\(word)` in: \(try await output(lease))")
  }

  func output(_ lease: LeaseID) async throws -> String {
    try await driver.logs(lease, service: "web", tail: 100).flatMap(\.lines).joined(separator: "\n")
  }

  /// Ends everything and says what is left: processes that know this folder, control groups.
  func clean(_ leases: LeaseID...) async throws -> [String] {
    for lease in leases {
      try await driver.stop(lease)
      await driver.purge(lease)
    }
    let processes = ProcessTable.all().filter { entry in
      let line = FileManager.default.contents(atPath: "/proc/\(entry.process)/cmdline") ?? Data()
      return String(decoding: line, as: UTF8.self).contains(folder)
    }
    var left = processes.map { "process \($0.process) \($0.name)" }
    for controller in ["memory", "cpu", "pids", ""] {
      let root = controller.isEmpty ? "/sys/fs/cgroup/\(group)" : "/sys/fs/cgroup/\(controller)/\(group)"
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: root, isDirectory: &isFolder), isFolder.boolValue else {
        continue
      }
      let names = try FileManager.default.contentsOfDirectory(atPath: root)
      left += names.filter { FileManager.default.fileExists(atPath: "\(root)/\($0)/cgroup.procs") }.map {
        "group \(root)/\($0)"
      }
      rmdir(root)
    }
    left += (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    try? FileManager.default.removeItem(atPath: folder)
    return left
  }
}

struct TestFailure: Error {
  var text: String
}

extension SandboxDriver {
  func firstFolder(_ lease: LeaseID) -> ReplicaFolder { replicas(prepared[lease]!)[0].folder }

  func process(of lease: LeaseID) -> pid_t? {
    let folder = firstFolder(lease)
    return folder.readState().flatMap { folder.runningProcess($0)?.process }
  }
}

extension DriverCapabilities {
  subscript(name: String) -> Capability? { list.first { $0.name == name } }
}
