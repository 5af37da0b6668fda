import Chain

/// Runs leased workloads: in a sandbox on this machine, a container engine, or a cluster.
///
/// Workloads outlive their driver; a new driver finds them with `recover`.
public protocol WorkloadDriver: Sendable {
  /// Which limits are enforced, and why others are not.
  func capabilities() async -> DriverCapabilities

  /// Throws for a plan that this driver cannot run; changes nothing.
  func validate(_ plan: WorkloadPlan) async throws(WorkloadError)

  /// Prepares what `start` needs and stores the plan. It replaces a former plan of the lease, which must not
  /// be running any more.
  func prepare(_ plan: WorkloadPlan, manifest: [UInt8]) async throws(WorkloadError)

  /// Starts every replica of a prepared lease that is not running.
  func start(_ lease: LeaseID) async throws(WorkloadError)

  /// The replicas of a lease; empty when the driver does not know it.
  func status(_ lease: LeaseID) async -> [ReplicaStatus]

  /// The newest `tail` lines of every log of a service; an empty name means all services.
  func logs(_ lease: LeaseID, service: String, tail: Int) async throws(WorkloadError) -> [LogChunk]

  /// Ends every replica: asks it first and kills it after the grace time. Afterwards no process and no
  /// control group is left.
  func stop(_ lease: LeaseID) async throws(WorkloadError)

  /// Deletes all that is left of a stopped lease.
  func purge(_ lease: LeaseID) async

  /// The prepared or running leases that an earlier driver left.
  func recover() async -> [RecoveredWorkload]
}

/// Why a driver cannot do something.
public enum WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
  case imageMissing(image: String, reason: String)
  case unsupported(String)
  case notPrepared(LeaseID)
  case unknownService(String)
  case launch(service: String, reason: String)
  /// These processes did not end after they were killed.
  case stuck(processes: [Int32])
  case files(String)

  public var description: String {
    switch self {
    case .imageMissing(let image, let reason): "image \(image) is not available: \(reason)"
    case .unsupported(let what): what
    case .notPrepared(let lease): "lease \(lease) has not been prepared"
    case .unknownService(let name): "there is no service \(name)"
    case .launch(let service, let reason): "service \(service) did not start: \(reason)"
    case .stuck(let processes): "processes \(processes) cannot be stopped"
    case .files(let what): what
    }
  }
}

/// A limit or ability, and whether it is effective on this machine.
public struct Capability: Hashable, Sendable, Codable {
  public var name: String
  public var isEnforced: Bool
  /// How the limit is enforced, or why it is not.
  public var detail: String
}

/// What a driver enforces on this machine.
public struct DriverCapabilities: Hashable, Sendable, Codable {
  public var driver: String
  /// One entry each for isolation, memory, cpu, processes, disk, network, GPUs, images and chains.
  public var list: [Capability]
  public var scope = BiddingScope.everywhere
}

/// On which chains a driver's workloads may be offered. A tenant of a public chain pays for isolation and limits;
/// where they cannot be enforced, there must be no bid.
public enum BiddingScope: Hashable, Sendable, Codable {
  case everywhere
  /// Only on chains whose genesis says that they are local.
  case localChains(reason: String)
  /// Nowhere: no workload would run.
  case nowhere(reason: String)

  public var text: String {
    switch self {
    case .everywhere: "all"
    case .localChains(let reason): "bids only on chains whose genesis.json says `local`: \(reason)"
    case .nowhere(let reason): "bids on no chain: \(reason)"
    }
  }

  /// Why there must be no bid on a chain; nil when there may be one.
  public func obstacle(isLocal: Bool) -> String? {
    switch self {
    case .everywhere: nil
    case .localChains: isLocal ? nil : text
    case .nowhere: text
    }
  }
}

/// How a replica ended.
public struct ExitRecord: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The exit status, or 128 + the signal's number; nil when it is unknown.
  public var code: Int?
  public var outOfMemory: Bool
  /// The limit of the replica's memory, in bytes.
  public var memoryLimit: UInt64

  public var description: String {
    let status = code.map { "exit \($0)" } ?? "exit status unknown"
    return outOfMemory ? "\(status), out of memory, limit \(memoryLimit >> 20) MiB" : status
  }
}

/// The state of one replica.
public struct ReplicaStatus: Hashable, Sendable {
  public var service: String
  public var replica: Int
  public var isRunning: Bool
  /// Whether the replica runs and its first port, if it has one, accepts connections.
  public var isReady: Bool
  /// The URLs of its global ports.
  public var urls: [String] = []
  public var restarts = 0
  public var lastExit: ExitRecord?
}

/// Lines of one log.
public struct LogChunk: Hashable, Sendable {
  public enum Stream: UInt8, Hashable, Sendable {
    case output = 1
    case errors = 2
  }

  public var service: String
  public var replica: UInt32
  public var stream: Stream
  /// The newest line is last.
  public var lines: [String]
}

/// A lease that a driver found when it started.
public struct RecoveredWorkload: Hashable, Sendable {
  public var plan: WorkloadPlan
  public var running: Int
  public var replicas: Int
}
