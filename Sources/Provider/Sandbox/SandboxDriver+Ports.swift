import Chain
import Foundation
import Glibc

/// The ports of replicas that have a network namespace of their own.
///
/// A port of this machine is bound here and inherited by the forwarder inside the namespace, so nobody else can
/// take it in between. Inside, the replica listens on the port of the same number (`PORT`), or on the port of its
/// manifest.
extension SandboxDriver {
  /// Binds the ports of the lease's replicas that do not run. A port that somebody else has taken since it was
  /// chosen is replaced by another, which is stored.
  ///
  /// - Returns: By the replica's name, then by the port in the manifest; empty where replicas share this
  ///   machine's network and bind their ports themselves.
  func bindPorts(of lease: LeaseID) throws(WorkloadError) -> [String: [UInt16: HostPort]] {
    guard isolation.namespace != nil, var known = prepared[lease] else { return [:] }
    var bound: [String: [UInt16: HostPort]] = [:]
    do throws(WorkloadError) {
      for replica in replicas(known) {
        let state = replica.folder.readState() ?? StoredReplica()
        guard !replica.folder.isRunning(state) else { continue }
        let name = Self.name(replica.service, replica.index)
        for (port, wanted) in replica.ports {
          let new = try bind(wanted, for: replica, of: known.plan)
          bound[name, default: [:]][port] = new
          known.ports[name, default: [:]][port] = new.port
        }
      }
      if known != prepared[lease] { try store(known) }
    } catch {
      for port in bound.values.flatMap(\.values) { close(port.socket) }
      throw error
    }
    return bound
  }

  private func bind(
    _ wanted: UInt16,
    for replica: Replica,
    of plan: WorkloadPlan
  ) throws(WorkloadError) -> HostPort {
    let settings = configuration.settings
    do throws(BindError) {
      return try HostPort.bind(wanted, at: settings.listenAddress)
    } catch {
      let taken = Set(prepared.values.flatMap { $0.ports.values.flatMap(\.values) }).union(plan.manifestPorts)
      let other = HostPort.bind(in: settings.portRange, excluding: taken, at: settings.listenAddress)
      guard let other else {
        throw .launch(
          service: replica.service.name,
          reason:
            "port \(wanted) of \(settings.listenAddress) cannot be bound (\(error)), and no other is free"
        )
      }
      return other
    }
  }

  /// What carries the replica's connections: its ports of this machine, a socket for each port for the other
  /// replicas of the lease, and the ports of the lease's other services.
  ///
  /// - Returns: The rules, and the descriptors of this process that they name, by their numbers there.
  func forwarding(
    of replica: Replica,
    in known: Prepared,
    _ sockets: [UInt16: HostPort]
  ) -> (rules: [ForwardRule], inherited: [Int32: Int32]) {
    guard isolation.namespace != nil else { return ([], [:]) }
    let ports = sockets.sorted { $0.key < $1.key }
    let numbers = ProcessLauncher.numbers(for: ports.map(\.value.socket))
    var rules: [ForwardRule] = []
    var inherited: [Int32: Int32] = [:]
    for (number, (port, host)) in zip(numbers, ports) {
      inherited[number] = host.socket
      let inside = host.port == port ? [port] : [host.port, port]
      rules.append(.inherited(descriptor: number, ports: inside))
      rules.append(.shared(path: "\(port).sock", ports: inside))
    }
    // Other services find the first replica of each.
    for service in known.plan.services where service.name != replica.service.name || replica.index != 0 {
      let name = Self.name(service, 0)
      for (port, host) in (known.ports[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
        rules.append(.peer(port: host, path: "../\(name)/\(port).sock"))
      }
    }
    return (rules, inherited)
  }
}

extension WorkloadPlan {
  /// The ports in the manifest. No port of this machine is chosen among them: a replica's namespace has the
  /// other services' ports under the numbers of this machine, beside the replica's own of the manifest.
  var manifestPorts: Set<UInt16> { Set(services.flatMap { $0.ports.map(\.port) }) }
}
