public import Chain

/// What a provider runs: the part of a deployment that goes to the provider and not on the chain.
///
/// The chain holds its hash. Both sides must therefore write the same bytes: see `canonicalJSON`.
public struct Manifest: Hashable, Sendable {
  public var groups: [ManifestGroup]

  public init(groups: [ManifestGroup]) {
    self.groups = groups
  }
}

/// The services of one placement.
public struct ManifestGroup: Hashable, Sendable {
  public var name: String
  /// In byte order of their names.
  public var services: [ManifestService]

  public init(name: String, services: [ManifestService]) {
    self.name = name
    self.services = services
  }
}

/// A container image with all that is needed to run it.
///
/// An absent list (`nil`) and an empty one are written differently, so both exist.
public struct ManifestService: Hashable, Sendable {
  public var name: String
  public var image: String
  public var command: [String]?
  public var arguments: [String]?
  /// `NAME=value`, or `NAME` alone.
  public var environment: [String]?
  /// With this service's own endpoints; the id is that of the group's resource unit.
  public var resources: Resources
  /// Replicas.
  public var count: UInt32
  /// In order of service, port, protocol, global first.
  public var exposes: [ServiceExpose]
  public var parameters: ServiceParameters?
  public var credentials: ImageCredentials?

  public init(
    name: String,
    image: String,
    command: [String]? = nil,
    arguments: [String]? = nil,
    environment: [String]? = nil,
    resources: Resources,
    count: UInt32,
    exposes: [ServiceExpose],
    parameters: ServiceParameters? = nil,
    credentials: ImageCredentials? = nil
  ) {
    self.name = name
    self.image = image
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.resources = resources
    self.count = count
    self.exposes = exposes
    self.parameters = parameters
    self.credentials = credentials
  }
}

/// The protocols a port can speak.
public enum TransportProtocol: String, Hashable, Sendable {
  case tcp = "TCP"
  case udp = "UDP"
}

/// One way to reach a service: from another service, or from everywhere.
public struct ServiceExpose: Hashable, Sendable {
  public var port: UInt32
  /// 0 means the same as `port`, and is written as 0.
  public var externalPort: UInt32
  public var proto: TransportProtocol
  /// The service that may connect; empty for all of the deployment's.
  public var service: String
  /// Reachable from outside of the deployment.
  public var isGlobal: Bool
  public var hosts: [String]?
  public var options: HTTPOptions
  /// The name of a leased address, or empty.
  public var ip: String
  public var endpointSequence: UInt32

  public init(
    port: UInt32,
    externalPort: UInt32 = 0,
    proto: TransportProtocol = .tcp,
    service: String = "",
    isGlobal: Bool = false,
    hosts: [String]? = nil,
    options: HTTPOptions = HTTPOptions(),
    ip: String = "",
    endpointSequence: UInt32 = 0
  ) {
    self.port = port
    self.externalPort = externalPort
    self.proto = proto
    self.service = service
    self.isGlobal = isGlobal
    self.hosts = hosts
    self.options = options
    self.ip = ip
    self.endpointSequence = endpointSequence
  }

  /// The port seen from outside.
  public var effectivePort: UInt32 { externalPort == 0 ? port : externalPort }

  /// Served by the provider's shared HTTP proxy.
  public var isIngress: Bool { isGlobal && proto == .tcp && effectivePort == 80 }

  /// What it takes up at the provider: nothing unless global; a leased address comes last.
  public var endpoints: [Endpoint] {
    guard isGlobal else { return [] }
    let first = Endpoint(kind: isIngress ? .sharedHTTP : .randomPort)
    guard !ip.isEmpty else { return [first] }
    let leased = Endpoint(kind: .leasedIP, sequence: endpointSequence)
    return endpointSequence == 0 ? [leased, first] : [first, leased]
  }
}

/// How the provider's proxy treats requests. The defaults are the format's.
public struct HTTPOptions: Hashable, Sendable {
  /// Bytes.
  public var maxBodySize: UInt32 = 1_048_576
  /// Milliseconds.
  public var readTimeout: UInt32 = 60_000
  /// Milliseconds.
  public var sendTimeout: UInt32 = 60_000
  public var nextTries: UInt32 = 3
  public var nextTimeout: UInt32 = 0
  /// Not written when empty.
  public var nextCases = ["error", "timeout"]
  /// Bytes; 0 leaves it to the provider, and is not written.
  public var proxyBufferSize: UInt32 = 0

  public init() {}
}

/// What a service wants beside resources.
public struct ServiceParameters: Hashable, Sendable {
  /// In byte order of the volumes' names; nil when there is none.
  public var mounts: [VolumeMount]?
  public var permissions: ServicePermissions?
  public var confidentialComputing: ConfidentialComputing?

  public init(
    mounts: [VolumeMount]? = nil,
    permissions: ServicePermissions? = nil,
    confidentialComputing: ConfidentialComputing? = nil
  ) {
    self.mounts = mounts
    self.permissions = permissions
    self.confidentialComputing = confidentialComputing
  }
}

/// Where a volume appears in the container.
public struct VolumeMount: Hashable, Sendable {
  public var name: String
  public var mount: String
  public var isReadOnly: Bool

  public init(name: String, mount: String, isReadOnly: Bool = false) {
    self.name = name
    self.mount = mount
    self.isReadOnly = isReadOnly
  }
}

/// What of its own deployment a service may read.
public struct ServicePermissions: Hashable, Sendable {
  public var read: [String]

  public init(read: [String] = []) {
    self.read = read
  }
}

/// The trusted execution environment that a service asks for.
public struct ConfidentialComputing: Hashable, Sendable {
  /// `cpu` or `cpu-gpu`.
  public var type: String
  public var needsAttestation: Bool

  public init(type: String, needsAttestation: Bool = true) {
    self.type = type
    self.needsAttestation = needsAttestation
  }
}

/// How to log in at a private image registry.
public struct ImageCredentials: Hashable, Sendable {
  public var host: String
  public var email: String
  public var username: String
  public var password: String

  public init(host: String, email: String, username: String, password: String) {
    self.host = host
    self.email = email
    self.username = username
    self.password = password
  }
}
