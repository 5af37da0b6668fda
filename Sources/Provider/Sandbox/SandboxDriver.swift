import Chain
import Cryptography
import Foundation
import Glibc

/// Runs workloads on this machine: in bubblewrap where it works, and limited by control groups where they can
/// be used.
///
/// Each lease has a folder with its plan, its manifest and a folder for each replica. Each replica is the
/// child of a shell that outlives the provider and writes the exit status. After a restart the driver finds
/// the replica by process id and start time.
public actor SandboxDriver: WorkloadDriver {
  public struct Configuration: Sendable {
    /// The folder in which each lease's folder is made.
    public var folder: String
    public var settings: WorkloadSettings
    /// The host in URLs that tenants are told.
    public var publicHost: String
    /// Built-in programs by image name without tag.
    public var builtIns: [String: BuiltInProgram]
    public var controlGroupRoot: String
    /// The path of `supercloud`, which is run inside a lease's namespace; nil without one.
    public var helper: String?

    public init(
      folder: String,
      settings: WorkloadSettings,
      publicHost: String,
      builtIns: [String: BuiltInProgram]? = nil,
      controlGroupRoot: String = "/sys/fs/cgroup",
      helper: String? = BuiltInProgram.hello()?.path
    ) {
      self.folder = folder
      self.settings = settings
      self.publicHost = publicHost
      self.builtIns = builtIns ?? BuiltInProgram.hello().map { ["supercloud/hello": $0] } ?? [:]
      self.controlGroupRoot = controlGroupRoot
      self.helper = helper
    }
  }

  /// A prepared lease, stored as `lease.json`.
  struct Prepared: Codable, Hashable {
    var plan: WorkloadPlan
    /// The ports of this machine, by `service.replica`, then by the port in the manifest.
    var ports: [String: [UInt16: UInt16]]
  }

  let configuration: Configuration
  let isolation: Isolation
  let groups: ControlGroups
  let images: Images
  var prepared: [LeaseID: Prepared] = [:]
  /// Supervisors that are children of this process and must be reaped.
  var children: Set<pid_t> = []

  /// Tries which isolation and limits this machine allows.
  ///
  /// - Throws: `files` when the folder cannot be made.
  public init(_ configuration: Configuration) async throws(WorkloadError) {
    self.configuration = configuration
    isolation = await Isolation.find(wanted: configuration.settings.driver, helper: configuration.helper)
    let settings = configuration.settings
    groups = ControlGroups(root: configuration.controlGroupRoot, parent: settings.controlGroup)
    images = Images(folder: settings.imageFolder, builtIns: configuration.builtIns)
    try Self.makeFolder(configuration.folder)
  }

  public func validate(_ plan: WorkloadPlan) async throws(WorkloadError) {
    if case .refused = isolation { throw .unsupported(isolation.text) }
    for service in plan.services {
      try SandboxOptions.check(service.texts)
      _ = try await images.root(for: service)
      for mount in service.mounts where !mount.path.hasPrefix("/") || mount.path.contains("..") {
        throw .unsupported("volume \(mount.name) of \(service.name) cannot be mounted at \(mount.path)")
      }
    }
  }

  public func prepare(_ plan: WorkloadPlan, manifest: [UInt8]) async throws(WorkloadError) {
    try await validate(plan)
    let lease = plan.lease.id
    let folder = folder(of: lease)
    let former = prepared[lease]
    let used = plan.manifestPorts
    var taken = Set(prepared.values.flatMap { $0.ports.values.flatMap(\.values) }).union(used)
    var ports: [String: [UInt16: UInt16]] = [:]
    for service in plan.services {
      for replica in 0..<Int(service.replicas) {
        let name = Self.name(service, replica)
        for port in service.ports {
          // An update keeps the former port, and so the URL, where it can.
          if let kept = former?.ports[name]?[port.port], !used.contains(kept) {
            ports[name, default: [:]][port.port] = kept
            continue
          }
          guard let free = PortChoice.free(in: configuration.settings.portRange, excluding: taken) else {
            throw .unsupported("no port is free for \(service.name)")
          }
          taken.insert(free)
          ports[name, default: [:]][port.port] = free
        }
      }
    }
    let new = Prepared(plan: plan, ports: ports)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(manifest).write(to: URL(filePath: folder + "/manifest.json"), options: .atomic)
    } catch {
      throw .files("\(folder) could not be written: \(error)")
    }
    try store(new)
  }

  /// Writes `lease.json`.
  func store(_ new: Prepared) throws(WorkloadError) {
    let file = folder(of: new.plan.lease.id) + "/lease.json"
    do {
      try JSONEncoder().encode(new).write(to: URL(filePath: file), options: .atomic)
    } catch {
      throw .files("\(file) could not be written: \(error)")
    }
    prepared[new.plan.lease.id] = new
  }

  public func recover() -> [RecoveredWorkload] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: configuration.folder)) ?? []
    var found: [RecoveredWorkload] = []
    for name in names.sorted() {
      let file = "\(configuration.folder)/\(name)/lease.json"
      guard let data = FileManager.default.contents(atPath: file),
        let known = try? JSONDecoder().decode(Prepared.self, from: data),
        known.plan.lease.id.folderName == name
      else { continue }
      prepared[known.plan.lease.id] = known
      let replicas = self.replicas(known)
      let running = replicas.count { replica in
        adoptUnrecorded(replica.folder)
        return replica.folder.readState().flatMap(replica.folder.runningProcess) != nil
      }
      found.append(RecoveredWorkload(plan: known.plan, running: running, replicas: replicas.count))
    }
    return found
  }

  /// Takes over a replica that the former driver started just before its end and did not record in
  /// `state.json`. The replica's supervisor is recognised by its command line.
  private func adoptUnrecorded(_ folder: ReplicaFolder) {
    var state = folder.readState() ?? StoredReplica()
    guard folder.runningProcess(state) == nil, let supervisor = folder.supervisorProcess(),
      let number = folder.number("pid"), let process = pid_t(exactly: number),
      let entry = ProcessEntry(process), entry.parent == supervisor
    else { return }
    state.process = process
    state.processStart = entry.startTime
    state.supervisor = supervisor
    state.bootID = ProcessTable.bootID
    state.startedBefore = true
    try? folder.write(state)
  }

  public func purge(_ lease: LeaseID) {
    prepared[lease] = nil
    try? FileManager.default.removeItem(atPath: folder(of: lease))
  }

  func folder(of lease: LeaseID) -> String { "\(configuration.folder)/\(lease.folderName)" }

  static func name(_ service: ServicePlan, _ replica: Int) -> String { "\(service.name).\(replica)" }

  /// One replica with its folder, ports and control group.
  struct Replica {
    var lease: LeaseID
    var service: ServicePlan
    var index: Int
    var folder: ReplicaFolder
    var ports: [UInt16: UInt16]
    /// The name of its control group.
    var group: String
  }

  func replicas(_ known: Prepared) -> [Replica] {
    let lease = known.plan.lease.id
    return known.plan.services.flatMap { service in
      (0..<Int(service.replicas)).map { index in
        let name = Self.name(service, index)
        return Replica(
          lease: lease,
          service: service,
          index: index,
          folder: ReplicaFolder(path: "\(folder(of: lease))/\(name)"),
          ports: known.ports[name] ?? [:],
          group: "\(lease.folderName).\(name)"
        )
      }
    }
  }
}
