/// Limits of the number of HTTP connections and of their idle time.
///
/// Every connection is an open file, and a node that runs out of files cannot write its records. It may even be
/// ended: libdispatch counts its runnable threads by files of `/proc`, and traps when it cannot open one.
public struct HTTPConnectionLimits: Hashable, Sendable {
  /// The largest number of connections, at least 1.
  public var total: Int
  /// The largest number of connections from one remote address, at least 1. A /64 network of IPv6 is one.
  public var perAddress: Int
  /// The longest time that a connection may be without a request, or take to receive a request's head. It
  /// does not apply during a response, such as a stream of events.
  public var idle: Duration
  /// The interval between heartbeats of a stream of events. Also the longest time that a write to a stream
  /// may wait for a client that does not read; then the connection is closed.
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

  /// Allows a quarter of the files that the process may open, but at most 4,096 connections, and an eighth of
  /// this number per address. The other files are for the database (256 at most), the log, the peers and the
  /// lease sessions (fewer than 350 together).
  public init(openFiles: Int) {
    let total = min(4_096, openFiles / 4)
    self.init(total: total, perAddress: total / 8)
  }
}

/// Counts open connections, in total and by address.
struct ConnectionCounts {
  let limits: HTTPConnectionLimits
  private(set) var total = 0
  private var byAddress: [[UInt8]: Int] = [:]

  init(_ limits: HTTPConnectionLimits) {
    self.limits = limits
  }

  /// Counts a connection from `address`; returns false, without counting it, when it exceeds a limit.
  mutating func open(_ address: [UInt8]) -> Bool {
    let count = byAddress[address, default: 0]
    guard total < limits.total, count < limits.perAddress else { return false }
    total += 1
    byAddress[address] = count + 1
    return true
  }

  /// Undoes one `open`.
  mutating func close(_ address: [UInt8]) {
    total -= 1
    let count = byAddress[address, default: 0] - 1
    byAddress[address] = count > 0 ? count : nil
  }
}
