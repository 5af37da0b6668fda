public import Chain

/// The part of a deployment that tells a provider what to run. It is sent to the provider, and the chain has
/// only its hash.
///
/// Tenant and provider must compute the same hash, so they must write the same bytes; see `canonicalJSON`.
public struct Manifest: Hashable, Sendable {
  public var groups: [ManifestGroup]
}

/// The services of one placement.
public struct ManifestGroup: Hashable, Sendable {
  public var name: String
  /// The services in byte order of their names.
  public var services: [ManifestService]
}

/// A container image with everything needed to run it.
///
/// A missing list (nil) and an empty one have different JSON, so both are distinguished.
public struct ManifestService: Hashable, Sendable {
  public var name: String
  public var image: String
  public var command: [String]?
  public var arguments: [String]?
  /// The environment variables, each as `NAME=value`, or `NAME` without a value.
  public var environment: [String]?
  /// The resources with this service's own endpoints; the id is that of the group's resource unit.
  public var resources: Resources
  /// The number of replicas.
  public var count: UInt32
  /// The ports, sorted by service, port and protocol; of equal ones, a global one comes first.
  public var exposes: [ServiceExpose]
  public var parameters: ServiceParameters?
  public var credentials: ImageCredentials?
}

/// The transport protocols of a port.
public enum TransportProtocol: String, Hashable, Sendable {
  case tcp = "TCP"
  case udp = "UDP"
}

/// A port of a service, and from where it can be reached.
public struct ServiceExpose: Hashable, Sendable {
  public var port: UInt32
  /// The port as seen from outside. 0 means the same as `port`, and the manifest has it as 0.
  public var externalPort: UInt32 = 0
  public var proto = TransportProtocol.tcp
  /// The service that may connect; empty for all services of the deployment.
  public var service = ""
  /// Whether the port is reachable from outside the deployment.
  public var isGlobal = false
  public var hosts: [String]?
  public var options = HTTPOptions()
  /// The name of a leased address; empty for none.
  public var ip = ""
  public var endpointSequence: UInt32 = 0

  /// The port as seen from outside.
  public var effectivePort: UInt32 { externalPort == 0 ? port : externalPort }

  /// Whether the provider's shared HTTP proxy serves the port.
  public var isIngress: Bool { isGlobal && proto == .tcp && effectivePort == 80 }

  /// The endpoints that the provider must have for the port. A port that is not global needs none. An
  /// endpoint for a leased address comes last.
  public var endpoints: [ServiceEndpoint] {
    guard isGlobal else { return [] }
    let first = ServiceEndpoint(kind: isIngress ? .sharedHTTP : .randomPort)
    guard !ip.isEmpty else { return [first] }
    let leased = ServiceEndpoint(kind: .leasedIP, sequence: endpointSequence)
    return endpointSequence == 0 ? [leased, first] : [first, leased]
  }
}

/// Options of the provider's HTTP proxy. The defaults are Akash's.
public struct HTTPOptions: Hashable, Sendable {
  /// The size of the largest request body, in bytes.
  public var maxBodySize: UInt32 = 1_048_576
  /// In milliseconds.
  public var readTimeout: UInt32 = 60_000
  /// In milliseconds.
  public var sendTimeout: UInt32 = 60_000
  public var nextTries: UInt32 = 3
  public var nextTimeout: UInt32 = 0
  /// The cases in which the proxy tries another replica; left out of the JSON when empty.
  public var nextCases = ["error", "timeout"]
  /// The proxy's buffer size in bytes. 0 means the provider's default and is left out of the JSON.
  public var proxyBufferSize: UInt32 = 0
}

/// What a service needs besides resources.
public struct ServiceParameters: Hashable, Sendable {
  /// The mounts in byte order of the volumes' names; nil when there are none.
  public var mounts: [VolumeMount]?
  public var permissions: ServicePermissions?
  public var confidentialComputing: ConfidentialComputing?
}

/// The place of a volume in the container.
public struct VolumeMount: Hashable, Sendable {
  public var name: String
  public var mount: String
  public var isReadOnly = false
}

/// What the service may read of its own deployment.
public struct ServicePermissions: Hashable, Sendable {
  public var read: [String] = []
}

/// The trusted execution environment that a service requires.
public struct ConfidentialComputing: Hashable, Sendable {
  /// The type of environment: `cpu` or `cpu-gpu`.
  public var type: String
  public var needsAttestation = true
}

/// The login for a private image registry.
public struct ImageCredentials: Hashable, Sendable {
  public var host: String
  public var email: String
  public var username: String
  public var password: String
}
