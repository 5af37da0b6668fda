import Chain
import Foundation
import Glibc
import Primitives

extension SandboxDriver {
  public func status(_ lease: LeaseID) -> [ReplicaStatus] {
    guard let known = prepared[lease] else { return [] }
    reapChildren()
    return replicas(known).map { replica in
      replica.folder.trimLogs(limit: configuration.settings.logBytes)
      let state = replica.folder.readState() ?? StoredReplica()
      // Without it nothing reaches the replica, while its port may still listen; it must be started again.
      let isCutOff = replica.folder.lacksForwarder(state)
      if isCutOff { for process in programs(of: replica) { kill(process, SIGKILL) } }
      let isRunning = replica.folder.isRunning(state) && !isCutOff
      let first = replica.service.ports.first.flatMap { replica.ports[$0.port] }
      return ReplicaStatus(
        service: replica.service.name,
        replica: replica.index,
        isRunning: isRunning,
        isReady: isRunning
          && first.map { PortChoice.answers($0, at: configuration.settings.listenAddress) } != false,
        urls: replica.service.ports.filter(\.isGlobal).compactMap { port in
          replica.ports[port.port].map {
            "http://\(NetworkAddress(host: configuration.publicHost, port: $0))"
          }
        },
        restarts: state.restarts,
        lastExit: !isRunning && state.startedBefore ? exit(of: replica, state) : state.lastExit
      )
    }
  }

  /// How the newest run of the replica ended.
  func exit(of replica: Replica, _ state: StoredReplica) -> ExitRecord {
    let code = replica.folder.number("exit")
    // Lack of memory counts as the reason when the kernel has killed a process of the group for it and the
    // exit status is an error. It may have killed only a child, and the program then ended with a status of
    // its own.
    let killed = groups.memoryKills(replica.group) > state.memoryKills
    return ExitRecord(
      code: code,
      outOfMemory: killed && code != 0,
      memoryLimit: replica.service.limits.memoryBytes
    )
  }

  public func logs(_ lease: LeaseID, service: String, tail: Int) throws(WorkloadError) -> [LogChunk] {
    guard let known = prepared[lease] else { throw .notPrepared(lease) }
    let wanted = replicas(known).filter { service.isEmpty || $0.service.name == service }
    guard !wanted.isEmpty else { throw .unknownService(service) }
    let limit = max(4_096, Self.logAnswerBytes / (wanted.count * 2))
    return wanted.flatMap { replica in
      [(LogChunk.Stream.output, "stdout.log"), (.errors, "stderr.log")].map { stream, name in
        LogChunk(
          service: replica.service.name,
          replica: UInt32(replica.index),
          stream: stream,
          lines: replica.folder.tail(name, lines: tail, limit: limit)
        )
      }
    }
  }

  /// Largest size of all logs in an answer together, in bytes.
  static let logAnswerBytes = 512 << 10

  public func stop(_ lease: LeaseID) async throws(WorkloadError) {
    guard let known = prepared[lease] else { return }
    let all = replicas(known)
    let grace = ContinuousClock.now + .seconds(Int64(configuration.settings.stopGraceSeconds))
    for replica in all { signal(replica, SIGTERM) }
    while ContinuousClock.now < grace, all.contains(where: { !programs(of: $0).isEmpty }) {
      try? await Task.sleep(for: .milliseconds(25))
    }
    // Processes that are left are killed. Supervisors are killed only after 5 s, since they need a moment to
    // write exit statuses and end.
    let deadline = ContinuousClock.now + .seconds(5)
    while all.contains(where: { !family(of: $0).isEmpty }) {
      for replica in all {
        for process in programs(of: replica) { kill(process, SIGKILL) }
        if ContinuousClock.now > deadline {
          for entry in family(of: replica) { kill(entry.process, SIGKILL) }
        }
      }
      guard ContinuousClock.now < deadline + .seconds(5) else {
        throw .stuck(processes: all.flatMap { family(of: $0).map(\.process) })
      }
      try? await Task.sleep(for: .milliseconds(25))
      reapChildren()
    }
    for replica in all {
      guard await groups.remove(replica.group) else {
        throw .files("the control group \(replica.group) could not be removed")
      }
      var state = replica.folder.readState() ?? StoredReplica()
      state.process = 0
      state.startedBefore = false
      try? replica.folder.write(state)
    }
    reapChildren()
  }

  /// Asks a replica to end. The signal goes to the programs inside bubblewrap, because bubblewrap itself
  /// would end and leave them running.
  private func signal(_ replica: Replica, _ signal: Int32) {
    for process in programs(of: replica, withoutSandbox: true) { kill(process, signal) }
  }

  /// The replica's processes without its supervisor; `withoutSandbox` leaves out bubblewrap too.
  private func programs(of replica: Replica, withoutSandbox: Bool = false) -> [pid_t] {
    let supervisor = replica.folder.supervisorProcess()
    return family(of: replica).filter { entry in
      entry.process != supervisor && !(withoutSandbox && entry.name == "bwrap")
    }.map(\.process)
  }

  private func family(of replica: Replica) -> [ProcessEntry] {
    reapChildren()
    var roots = groups.processes(replica.group)
    if let supervisor = replica.folder.supervisorProcess() { roots.insert(supervisor) }
    if let forwarder = replica.folder.forwarderProcess() { roots.insert(forwarder) }
    if let state = replica.folder.readState(), let entry = replica.folder.runningProcess(state) {
      roots.insert(entry.process)
    }
    return roots.isEmpty ? [] : ProcessTable.family(of: roots)
  }

  func reapChildren() {
    for child in children where ProcessLauncher.reap(child) { children.remove(child) }
  }
}
