import Chain
import Cryptography
import Primitives
import SDL

/// A deployment as registered on the chain, against which manifests are checked.
public struct DeploymentView: Hashable, Sendable {
  public var id: DeploymentID
  public var manifestHash: Digest
  /// All groups in order; the first has sequence 1.
  public var groups: [GroupSpec]

  public init(id: DeploymentID, manifestHash: Digest, groups: [GroupSpec]) {
    self.id = id
    self.manifestHash = manifestHash
    self.groups = groups
  }
}

/// The rules of lease streams, without input or output: who may send requests, and which manifests are
/// accepted.
public struct LeaseGateway: Hashable, Sendable {
  public let provider: Address
  /// The most processes and threads that each replica may have.
  public let maximumProcesses: UInt32

  public init(provider: Address, maximumProcesses: UInt32) {
    self.provider = provider
    self.maximumProcesses = maximumProcesses
  }

  /// Decodes a request and checks that it comes from the deployment's owner and names an active lease of this
  /// provider.
  public func admit(
    account: PublicKey,
    type: UInt8,
    bytes: [UInt8],
    isActive: (LeaseID) -> Bool
  ) -> Result<LeaseRequest, LeaseFault> {
    let request: LeaseRequest
    do throws(Primitives.DecodingError) {
      request = try LeaseRequest(type: type, decoding: bytes)
    } catch {
      return .failure(.badRequest(error))
    }
    let lease = request.lease
    // The owner is checked first, so that others cannot find out which leases exist.
    guard Address(account) == lease.deployment.owner else {
      return .failure(.notOwner(Address(account), lease))
    }
    guard lease.provider == provider, isActive(lease) else {
      return .failure(.unknown(lease, provider: provider))
    }
    return .success(request)
  }

  /// Checks a manifest: its format, its hash against the chain's, and its resources against the ordered
  /// groups.
  ///
  /// - Parameters:
  ///   - json: The manifest.
  ///   - lease: The lease for whose group it is sent.
  ///   - deployment: What the chain has.
  ///   - reservation: The lease's devices.
  ///   - isTrial: Whether the tenant only asks if a manifest would be accepted whose hash the chain does not have
  ///     yet.
  /// - Returns: What to run for the lease's group.
  /// - Throws: Why the manifest is rejected.
  public func accept(
    _ json: [UInt8],
    for lease: LeaseID,
    deployment: DeploymentView,
    reservation: Reservation?,
    isTrial: Bool = false
  ) throws(LeaseFault) -> WorkloadPlan {
    let manifest: Manifest
    do throws(ManifestError) {
      manifest = try Manifest.decode(json: json)
    } catch {
      let fix = "`supercloud sdl manifest deploy.yaml` writes a legal one"
      throw LeaseFault(.malformedManifest, "\(error)", fix: fix)
    }
    let hash = manifest.hash
    guard isTrial || hash == deployment.manifestHash else {
      throw .hashes(chain: deployment.manifestHash, sent: hash)
    }
    do throws(ManifestError) {
      try manifest.check(against: deployment.groups)
    } catch .invalid(let path, let reason) {
      let fix = "change the deploy.yaml and update the deployment"
      throw LeaseFault(.malformedManifest, "the manifest breaks a rule: \(path): \(reason)", fix: fix)
    } catch {
      let fix = "order and manifest must come from one deploy.yaml"
      throw LeaseFault(.manifestMismatch, "the manifest does not fit the order: \(error)", fix: fix)
    }
    guard lease.group >= 1, Int(lease.group) <= deployment.groups.count,
      let group = manifest.groups.first(where: { $0.name == deployment.groups[Int(lease.group) - 1].name })
    else {
      let problem = "the manifest has no group \(lease.group)"
      throw LeaseFault(.manifestMismatch, problem, fix: "send the whole manifest")
    }
    var devices = DeviceShares(reservation)
    var services: [ServicePlan] = []
    for service in group.services { services.append(try plan(service, &devices)) }
    return WorkloadPlan(lease: lease, manifestHash: hash, services: services)
  }

  private func plan(
    _ service: ManifestService,
    _ devices: inout DeviceShares
  ) throws(LeaseFault) -> ServicePlan {
    func unsupported(_ what: String) -> LeaseFault {
      .workload(.unsupported("service \(service.name): \(what)"))
    }
    var ports: [PortPlan] = []
    for expose in service.exposes {
      guard expose.proto == .tcp else {
        throw unsupported("UDP port \(expose.port) cannot be published here")
      }
      guard expose.ip.isEmpty else { throw unsupported("this provider has no addresses to lease") }
      guard let port = UInt16(exactly: expose.port) else { throw unsupported("\(expose.port) is not a port") }
      if let index = ports.firstIndex(where: { $0.port == port }) {
        ports[index].isGlobal = ports[index].isGlobal || expose.isGlobal
      } else {
        ports.append(PortPlan(port: port, isGlobal: expose.isGlobal))
      }
    }
    guard service.credentials == nil else {
      throw unsupported("this provider does not pull images, so it cannot use credentials")
    }
    // Global ports come first: the first port is the one in `PORT` and the one by which readiness is
    // determined.
    ports = ports.filter(\.isGlobal) + ports.filter { !$0.isGlobal }
    let resources = service.resources
    var memory = resources.memoryBytes
    for volume in resources.volumes where volume.storageClass == "ram" {
      memory = memory.addingReportingOverflow(volume.bytes).partialValue
    }
    let cpu = resources.cpuMillis
    return ServicePlan(
      name: service.name,
      image: service.image,
      command: service.command,
      arguments: service.arguments,
      environment: service.environment ?? [],
      replicas: service.count,
      limits: WorkloadLimits(cpuMillis: cpu, memoryBytes: memory, processes: maximumProcesses),
      ports: ports,
      mounts: Self.mounts(of: service),
      devices: (0..<service.count).map { _ in devices.next(unit: resources.id) }
    )
  }

  /// The volumes that the service mounts, with their paths in its file system.
  private static func mounts(of service: ManifestService) -> [MountPlan] {
    (service.parameters?.mounts ?? []).compactMap { mount in
      let volume = service.resources.volumes.first { $0.name == mount.name }
      guard let volume, !mount.mount.isEmpty else { return nil }
      return MountPlan(
        name: mount.name,
        path: mount.mount,
        isReadOnly: mount.isReadOnly,
        isMemory: volume.storageClass == "ram",
        bytes: volume.bytes
      )
    }
  }
}

/// Assigns a unit's devices to the replicas of its services, one after another.
private struct DeviceShares {
  private let units: [UInt32: Reservation.Unit]
  private var next: [UInt32: Int] = [:]

  init(_ reservation: Reservation?) {
    units = Dictionary((reservation?.units ?? []).map { ($0.offer.resources.id, $0) }) { first, _ in first }
  }

  mutating func next(unit: UInt32) -> [String] {
    let replica = next[unit, default: 0]
    next[unit] = replica + 1
    return units[unit]?.devices(ofReplica: replica) ?? []
  }
}
