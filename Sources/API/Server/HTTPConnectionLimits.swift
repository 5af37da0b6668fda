/// How many HTTP connections a node keeps, and for how long one may be silent.
///
/// Every connection is an open file, and a node that runs out of files cannot write its records.
public struct HTTPConnectionLimits: Hashable, Sendable {
  /// Connections in all, from 1.
  public var total: Int
  /// Connections from one remote address, from 1. An IPv6 network of 64 bits counts as one address.
  public var perAddress: Int
  /// The longest time without a request, and the longest that the head of one may take. An answer that is
  /// still being given, such as a stream of events, has no such end.
  public var idle: Duration
  /// How often a stream of events shows that it is alive, and the longest that one write to it may wait for a reader
  /// who takes nothing; then the connection is closed.
  public var heartbeat: Duration

  public init(
    total: Int = 512,
    perAddress: Int = 64,
    idle: Duration = .seconds(30),
    heartbeat: Duration = .seconds(10)
  ) {
    self.total = max(1, total)
    self.perAddress = max(1, perAddress)
    self.idle = idle
    self.heartbeat = heartbeat
  }

  /// Half of the files that the process may open, and 4,096 at most; one address gets an eighth of that. The
  /// other half is for the database, the log and the peers.
  public init(openFiles: Int) {
    let total = min(4_096, openFiles / 2)
    self.init(total: total, perAddress: total / 8)
  }
}

/// The connections that are open, in all and by address.
struct ConnectionCounts {
  let limits: HTTPConnectionLimits
  private(set) var total = 0
  private var byAddress: [[UInt8]: Int] = [:]

  init(_ limits: HTTPConnectionLimits) {
    self.limits = limits
  }

  /// Counts a connection from `address`; false, and not counted, when it would be one too many.
  mutating func open(_ address: [UInt8]) -> Bool {
    let count = byAddress[address, default: 0]
    guard total < limits.total, count < limits.perAddress else { return false }
    total += 1
    byAddress[address] = count + 1
    return true
  }

  /// Takes back what `open` has counted.
  mutating func close(_ address: [UInt8]) {
    total -= 1
    let count = byAddress[address, default: 0] - 1
    byAddress[address] = count > 0 ? count : nil
  }
}
