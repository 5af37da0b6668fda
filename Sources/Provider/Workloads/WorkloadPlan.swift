import Chain
import Cryptography

/// Everything that a driver needs to run a lease: a group of the manifest, and the devices reserved for it.
public struct WorkloadPlan: Codable, Hashable, Sendable {
  public var lease: LeaseText
  /// The manifest's hash in hex.
  public var manifestHash: String
  public var services: [ServicePlan]

  init(lease: LeaseID, manifestHash: Digest, services: [ServicePlan]) {
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
  /// The environment variables, each as `NAME=value`, or `NAME` alone for an empty value.
  public var environment: [String] = []
  public var replicas: UInt32 = 1
  public var limits: WorkloadLimits
  public var ports: [PortPlan] = []
  public var mounts: [MountPlan] = []
  /// Device ids of each replica.
  public var devices: [[String]] = []

  /// All texts in the plan that a tenant wrote.
  var texts: [String] {
    [name, image] + (command ?? []) + (arguments ?? []) + environment + mounts.flatMap { [$0.name, $0.path] }
  }
}

/// The limits of one replica.
public struct WorkloadLimits: Codable, Hashable, Sendable {
  public var cpuMillis: UInt64
  public var memoryBytes: UInt64
  /// Processes and threads.
  public var processes: UInt32
}

/// A TCP port that the service exposes.
public struct PortPlan: Codable, Hashable, Sendable {
  /// The port in the manifest.
  public var port: UInt16
  /// Whether the tenant gets a URL for the port.
  public var isGlobal: Bool
}

/// A volume and its path in the container. It keeps its content over restarts and is deleted with the lease.
public struct MountPlan: Codable, Hashable, Sendable {
  public var name: String
  public var path: String
  public var isReadOnly: Bool
  /// Whether the volume is in memory. Such a volume is empty after every start.
  public var isMemory: Bool
  public var bytes: UInt64
}
