import Chain
import Cryptography

/// Everything that a driver needs to run a lease: a group of the manifest, and the devices reserved for it.
public struct WorkloadPlan: Codable, Hashable, Sendable {
  public var lease: LeaseText
  /// The manifest's hash in hex.
  public var manifestHash: String
  public var services: [ServicePlan]

  public init(lease: LeaseID, manifestHash: Digest, services: [ServicePlan]) {
    self.lease = LeaseText(lease)
    self.manifestHash = manifestHash.description
    self.services = services
  }
}

/// One service with its replicas.
public struct ServicePlan: Codable, Hashable, Sendable {
  public var name: String
  public var image: String
  public var command: [String]?
  public var arguments: [String]?
  /// `NAME=value`, or `NAME` alone for an empty value.
  public var environment: [String]
  public var replicas: UInt32
  public var limits: WorkloadLimits
  public var ports: [PortPlan]
  public var mounts: [MountPlan]
  /// Device ids of each replica.
  public var devices: [[String]]

  public init(
    name: String,
    image: String,
    command: [String]? = nil,
    arguments: [String]? = nil,
    environment: [String] = [],
    replicas: UInt32 = 1,
    limits: WorkloadLimits,
    ports: [PortPlan] = [],
    mounts: [MountPlan] = [],
    devices: [[String]] = []
  ) {
    self.name = name
    self.image = image
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.replicas = replicas
    self.limits = limits
    self.ports = ports
    self.mounts = mounts
    self.devices = devices
  }

  /// All texts in the plan that a tenant wrote.
  var texts: [String] {
    [name, image] + (command ?? []) + (arguments ?? []) + environment
      + mounts.flatMap { [$0.name, $0.path] }
  }
}

/// The limits of one replica.
public struct WorkloadLimits: Codable, Hashable, Sendable {
  public var cpuMillis: UInt64
  public var memoryBytes: UInt64
  /// Processes and threads.
  public var processes: UInt32

  public init(cpuMillis: UInt64, memoryBytes: UInt64, processes: UInt32) {
    self.cpuMillis = cpuMillis
    self.memoryBytes = memoryBytes
    self.processes = processes
  }
}

/// A TCP port that the service exposes.
public struct PortPlan: Codable, Hashable, Sendable {
  /// The port in the manifest.
  public var port: UInt16
  /// Whether the tenant is told a URL for it.
  public var isGlobal: Bool

  public init(port: UInt16, isGlobal: Bool) {
    self.port = port
    self.isGlobal = isGlobal
  }
}

/// A volume. It keeps its content over restarts and is deleted with the lease.
public struct MountPlan: Codable, Hashable, Sendable {
  public var name: String
  public var path: String
  public var isReadOnly: Bool
  /// It is in memory and empty after every start.
  public var isMemory: Bool
  public var bytes: UInt64

  public init(name: String, path: String, isReadOnly: Bool, isMemory: Bool, bytes: UInt64) {
    self.name = name
    self.path = path
    self.isReadOnly = isReadOnly
    self.isMemory = isMemory
    self.bytes = bytes
  }
}
