import Chain
import Cryptography
import Foundation
import Glibc

extension SandboxDriver {
  public func start(_ lease: LeaseID) async throws(WorkloadError) {
    guard prepared[lease] != nil else { throw .notPrepared(lease) }
    let sockets = try bindPorts(of: lease)
    defer { for port in sockets.values.flatMap(\.values) { close(port.socket) } }
    guard let known = prepared[lease] else { throw .notPrepared(lease) }
    for replica in replicas(known) {
      try await start(replica, of: known, sockets[Self.name(replica.service, replica.index)] ?? [:])
    }
  }

  private func start(
    _ replica: Replica,
    of known: Prepared,
    _ sockets: [UInt16: HostPort]
  ) async throws(WorkloadError) {
    let folder = replica.folder
    var state = folder.readState() ?? StoredReplica()
    guard !folder.isRunning(state) else { return }
    try Self.makeFolder(folder.path)
    if state.startedBefore {
      state.lastExit = exit(of: replica, state)
      state.restarts += 1
    }
    folder.remove(["pid", "exit", "supervisor", "options", ReplicaFolder.forwarderFile])
    state.memoryKills = groups.memoryKills(replica.group)
    state.ports = replica.ports
    state.startedBefore = true
    state.process = 0
    try folder.write(state)

    let root = try await images.root(for: replica.service)
    let entries = try groups.create(replica.group, replica.service.limits)
    let forwarding = forwarding(of: replica, in: known, sockets)
    let command = try SandboxCommand(
      isolation: isolation,
      root: root,
      volumes: try volumes(of: replica, in: root),
      environment: environment(of: replica, root, known),
      hostname: replica.service.name,
      user: Self.user(of: replica.lease),
      limits: replica.service.limits,
      rules: forwarding.rules
    ).build()
    if let options = command.options { try write(options, to: folder.file("options")) }
    let supervisor: pid_t
    do throws(LaunchError) {
      supervisor = try ProcessLauncher.spawn(
        "/bin/sh",
        arguments: ["-c", SandboxCommand.supervisor, "supercloud-workload", folder.path]
          + [entries.joined(separator: ":")] + command.command,
        environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
        output: folder.file("stdout.log"),
        errors: folder.file("stderr.log"),
        inherited: forwarding.inherited
      )
    } catch {
      throw .launch(service: replica.service.name, reason: error.description)
    }
    children.insert(supervisor)
    state.supervisor = supervisor
    try await recordProcess(replica, &state)
  }

  /// Waits up to 5 s for the id of the replica's first process and stores it with its start time.
  private func recordProcess(_ replica: Replica, _ state: inout StoredReplica) async throws(WorkloadError) {
    let deadline = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < deadline {
      if let number = replica.folder.number("pid"), let process = pid_t(exactly: number) {
        state.process = process
        state.processStart = ProcessEntry(process)?.startTime ?? 0
        state.bootID = ProcessTable.bootID
        try replica.folder.write(state)
        return
      }
      try? await Task.sleep(for: .milliseconds(2))
    }
    let errors = replica.folder.tail("stderr.log", lines: 3, limit: 4_096).joined(separator: "; ")
    throw .launch(service: replica.service.name, reason: errors.isEmpty ? "no process appeared" : errors)
  }

  /// The lease's own user id, derived from the lease and above the ids of this machine's accounts.
  static func user(of lease: LeaseID) -> UInt32 {
    1_000_000_000 + (UInt32(lease.folderName.prefix(8), radix: 16) ?? 0) % 1_000_000_000
  }

  private func volumes(
    of replica: Replica,
    in root: ImageRoot
  ) throws(WorkloadError) -> [(source: String, mount: MountPlan)] {
    var volumes: [(source: String, mount: MountPlan)] = []
    for mount in replica.service.mounts {
      let name =
        "\(Self.name(replica.service, replica.index)).\(mount.name.filter { $0.isLetter || $0.isNumber })"
      let source = "\(folder(of: replica.lease))/volumes/\(name)"
      if !mount.isMemory {
        try Self.makeFolder(source)
        let user = Self.user(of: replica.lease)
        if isolation.usesLeaseUser, chown(source, user, user) != 0 {
          throw .files(
            "\(source) could not be given to the lease's user \(user): \(String(cString: strerror(errno)))"
          )
        }
      }
      volumes.append((source, mount))
    }
    // The root is read-only, so mount points must exist before.
    if let image = root.folder {
      let places = ["/proc", "/dev", "/tmp", "/etc"] + volumes.map(\.mount.path)
      for place in places { try makePlace(place, in: image) }
      for file in SandboxCommand.hostFiles where access(image + file, F_OK) != 0 {
        guard FileManager.default.createFile(atPath: image + file, contents: Data()) else {
          throw .files("\(image + file) could not be made")
        }
      }
    }
    return volumes
  }

  /// Makes a folder in an image. Symbolic links are rejected, because they may lead out of the image.
  private func makePlace(_ place: String, in image: String) throws(WorkloadError) {
    var path = image
    for name in place.split(separator: "/") {
      path += "/\(name)"
      var status = stat()
      if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
        throw .unsupported("nothing can be mounted at \(place): the image has no folder there")
      }
    }
    try Self.makeFolder(path)
  }

  /// The environment variables of a replica. Those that every workload gets come first; the image's and the
  /// tenant's come later and win.
  private func environment(
    of replica: Replica,
    _ root: ImageRoot,
    _ known: Prepared
  ) -> [(name: String, value: String)] {
    let lease = replica.lease
    let service = replica.service
    let devices = replica.index < service.devices.count ? service.devices[replica.index] : []
    var variables: [(name: String, value: String)] = [
      ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/tmp"),
      ("SUPERCLOUD_LEASE", lease.description), ("SUPERCLOUD_PROVIDER", lease.provider.description),
      ("SUPERCLOUD_GPUS", devices.joined(separator: ",")), ("SUPERCLOUD_SERVICE", service.name),
      ("SUPERCLOUD_REPLICA", "\(replica.index)"), ("AKASH_OWNER", lease.deployment.owner.description),
      ("AKASH_DEPLOYMENT_SEQUENCE", "\(lease.deployment.sequence)"),
      ("AKASH_GROUP_SEQUENCE", "\(lease.group)"),
      ("AKASH_ORDER_SEQUENCE", "\(lease.order)"), ("AKASH_PROVIDER", lease.provider.description),
      ("AKASH_CLUSTER_PUBLIC_HOSTNAME", configuration.publicHost),
      ("SUPERCLOUD_LISTEN", isolation.namespace == nil ? configuration.settings.listenAddress : "127.0.0.1"),
    ]
    variables += root.environment.map(Self.variable)
    variables += service.environment.map(Self.variable)
    // Ports come last so that nothing overrides them: a workload on other ports cannot be reached.
    for other in known.plan.services {
      for port in other.ports {
        guard let host = known.ports[Self.name(other, 0)]?[port.port] else { continue }
        let name = other.name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
        variables.append(("SUPERCLOUD_SERVICE_\(name)_\(port.port)", "127.0.0.1:\(host)"))
      }
    }
    for port in service.ports {
      guard let host = replica.ports[port.port] else { continue }
      variables.append(("SUPERCLOUD_PORT_\(port.port)", "\(host)"))
    }
    if let first = service.ports.first.flatMap({ replica.ports[$0.port] }) {
      variables.append(("PORT", "\(first)"))
    }
    return variables
  }

  private static func variable(_ text: String) -> (name: String, value: String) {
    guard let sign = text.firstIndex(of: "=") else { return (text, "") }
    return (String(text[..<sign]), String(text[text.index(after: sign)...]))
  }

  static func makeFolder(_ path: String) throws(WorkloadError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .files("\(path) could not be made: \(error)")
    }
  }

  /// Writes the options for bubblewrap into a file that only the owner can read.
  private func write(_ options: SandboxOptions, to path: String) throws(WorkloadError) {
    guard
      FileManager.default.createFile(
        atPath: path,
        contents: Data(options.bytes),
        attributes: [.posixPermissions: 0o600]
      )
    else { throw .files("\(path) could not be written") }
  }
}
