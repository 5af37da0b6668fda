/// A key with its value, as placement requirements and resources carry them.
public struct Attribute: Hashable, Sendable {
  public var key: String
  public var value: String

  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// A volume of one replica.
public struct Volume: Hashable, Sendable {
  public var name: String
  public var bytes: UInt64
  public var attributes: [Attribute]

  public init(name: String, bytes: UInt64, attributes: [Attribute] = []) {
    self.name = name
    self.bytes = bytes
    self.attributes = attributes
  }
}

/// How a service is reached from outside.
public struct Endpoint: Hashable, Sendable {
  public enum Kind: UInt32, Hashable, Sendable {
    /// TCP behind external port 80, shared by name.
    case sharedHTTP = 0
    /// A port of the provider's choice.
    case randomPort = 1
    /// An address leased for this deployment.
    case leasedIP = 2
  }

  public var kind: Kind
  /// The number of a leased address, else 0.
  public var sequence: UInt32

  public init(kind: Kind, sequence: UInt32 = 0) {
    self.kind = kind
    self.sequence = sequence
  }
}

/// What one replica needs.
public struct Resources: Hashable, Sendable {
  /// Unique in its group, from 1.
  public var id: UInt32
  /// Thousandths of a core.
  public var cpuMillis: UInt64
  public var cpuAttributes: [Attribute]
  public var memoryBytes: UInt64
  public var memoryAttributes: [Attribute]
  public var volumes: [Volume]
  public var gpus: UInt64
  /// `vendor/nvidia/model/h100[/ram/80Gi][/interface/sxm]` = `true`; several are alternatives.
  public var gpuAttributes: [Attribute]
  public var endpoints: [Endpoint]

  public init(
    id: UInt32,
    cpuMillis: UInt64,
    cpuAttributes: [Attribute] = [],
    memoryBytes: UInt64,
    memoryAttributes: [Attribute] = [],
    volumes: [Volume],
    gpus: UInt64 = 0,
    gpuAttributes: [Attribute] = [],
    endpoints: [Endpoint] = []
  ) {
    self.id = id
    self.cpuMillis = cpuMillis
    self.cpuAttributes = cpuAttributes
    self.memoryBytes = memoryBytes
    self.memoryAttributes = memoryAttributes
    self.volumes = volumes
    self.gpus = gpus
    self.gpuAttributes = gpuAttributes
    self.endpoints = endpoints
  }
}
