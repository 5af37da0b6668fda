import Chain

/// What really runs leased workloads: a sandbox on this machine, a container engine, a cluster.
///
/// Workloads outlive their driver: a new one finds them by `recover`.
public protocol WorkloadDriver: Sendable {
  /// What is enforced, and what is not and why.
  func capabilities() async -> DriverCapabilities

  /// Refuses what this driver cannot run, before anything is changed.
  func validate(_ plan: WorkloadPlan) async throws(WorkloadError)

  /// Makes ready what `start` needs and remembers the plan; a former plan of the lease is replaced, and
  /// must not be running any more.
  func prepare(_ plan: WorkloadPlan, manifest: [UInt8]) async throws(WorkloadError)

  /// Starts every replica of a prepared lease that does not run.
  func start(_ lease: LeaseID) async throws(WorkloadError)

  /// The replicas of a lease; empty when nothing is known of it.
  func status(_ lease: LeaseID) async -> [ReplicaStatus]

  /// The newest lines of every log of a service, of all services when it is empty.
  func logs(_ lease: LeaseID, service: String, tail: Int) async throws(WorkloadError) -> [LogChunk]

  /// Ends every replica: asked first, killed after the grace time. Afterwards no process and no control
  /// group is left.
  func stop(_ lease: LeaseID) async throws(WorkloadError)

  /// Deletes what is left of a stopped lease.
  func purge(_ lease: LeaseID) async

  /// What an earlier driver left: prepared or running leases.
  func recover() async -> [RecoveredWorkload]
}

/// What a driver cannot do.
public enum WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
  case imageMissing(image: String, reason: String)
  case unsupported(String)
  case notPrepared(LeaseID)
  case unknownService(String)
  case launch(service: String, reason: String)
  /// Processes that did not end.
  case stuck(processes: [Int32])
  case files(String)

  public var description: String {
    switch self {
    case .imageMissing(let image, let reason): "image \(image) is not here: \(reason)"
    case .unsupported(let what): what
    case .notPrepared(let lease): "nothing is known of lease \(lease)"
    case .unknownService(let name): "there is no service \(name)"
    case .launch(let service, let reason): "service \(service) did not start: \(reason)"
    case .stuck(let processes): "processes \(processes) do not end"
    case .files(let what): what
    }
  }
}

/// One limit or ability, and whether it holds on this machine.
public struct Capability: Hashable, Sendable, Codable {
  public var name: String
  public var isEnforced: Bool
  /// How it is done, or why not.
  public var detail: String

  public init(name: String, isEnforced: Bool, detail: String) {
    self.name = name
    self.isEnforced = isEnforced
    self.detail = detail
  }
}

/// What a driver really enforces here.
public struct DriverCapabilities: Hashable, Sendable, Codable {
  public var driver: String
  /// Isolation, memory, cpu, processes, disk, network, images.
  public var list: [Capability]

  public init(driver: String, list: [Capability]) {
    self.driver = driver
    self.list = list
  }

  public subscript(name: String) -> Capability? { list.first { $0.name == name } }
}

/// How a replica ended.
public struct ExitRecord: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The exit status; 128 + the signal's number when one ended it. Nil when nobody saw it.
  public var code: Int?
  public var outOfMemory: Bool
  /// Bytes.
  public var memoryLimit: UInt64

  public init(code: Int?, outOfMemory: Bool, memoryLimit: UInt64) {
    self.code = code
    self.outOfMemory = outOfMemory
    self.memoryLimit = memoryLimit
  }

  public var description: String {
    let status = code.map { "exit \($0)" } ?? "ended unseen"
    return outOfMemory ? "\(status), out of memory, limit \(memoryLimit >> 20) MiB" : status
  }
}

/// What one replica does.
public struct ReplicaStatus: Hashable, Sendable {
  public var service: String
  public var replica: Int
  public var isRunning: Bool
  /// Runs, and its first port accepts connections if it has one.
  public var isReady: Bool
  /// Of its global ports.
  public var urls: [String]
  public var restarts: Int
  public var lastExit: ExitRecord?

  public init(
    service: String,
    replica: Int,
    isRunning: Bool,
    isReady: Bool,
    urls: [String] = [],
    restarts: Int = 0,
    lastExit: ExitRecord? = nil
  ) {
    self.service = service
    self.replica = replica
    self.isRunning = isRunning
    self.isReady = isReady
    self.urls = urls
    self.restarts = restarts
    self.lastExit = lastExit
  }
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
  /// The newest last.
  public var lines: [String]

  public init(service: String, replica: UInt32, stream: Stream, lines: [String]) {
    self.service = service
    self.replica = replica
    self.stream = stream
    self.lines = lines
  }
}

/// A lease that a driver found at its start.
public struct RecoveredWorkload: Hashable, Sendable {
  public var plan: WorkloadPlan
  public var running: Int
  public var replicas: Int

  public init(plan: WorkloadPlan, running: Int, replicas: Int) {
    self.plan = plan
    self.running = running
    self.replicas = replicas
  }
}
