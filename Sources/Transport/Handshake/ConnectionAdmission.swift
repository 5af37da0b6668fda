import Primitives

/// Decides which inbound connections may begin a handshake, by rules that cost no curve operation.
struct ConnectionAdmission {
  private let limits: ConnectionLimits
  private var handshakes: SourceLimiter
  private var perAddress: [IPAddress: Int] = [:]
  private var perSubnet: [IPAddress: Int] = [:]
  private(set) var connections = 0

  init(limits: ConnectionLimits) {
    self.limits = limits
    let rate = TokenBucket.Rate(limits.handshakesPerAddress, bursts: 2)
    handshakes = SourceLimiter(rate: rate, total: TokenBucket.Rate(limits.handshakesInTotal, bursts: 2))
  }

  /// Admits and counts the connection, or returns the reason for refusing it. Call `release` once for each
  /// admitted connection.
  mutating func admit(_ source: IPAddress, reserved: Int, at now: Instant) -> ConnectionRefusal? {
    guard connections < limits.inbound + limits.leases + limits.halfOpen + reserved else { return .full }
    guard perAddress[source, default: 0] < limits.perAddress else { return .perAddress }
    guard perSubnet[source.subnet, default: 0] < limits.perSubnet else { return .perSubnet }
    guard handshakes.admits(source, at: now) else { return .handshakeRate }
    connections += 1
    perAddress[source, default: 0] += 1
    perSubnet[source.subnet, default: 0] += 1
    return nil
  }

  mutating func release(_ source: IPAddress) {
    connections -= 1
    Self.decrement(&perAddress, source)
    Self.decrement(&perSubnet, source.subnet)
  }

  private static func decrement(_ counts: inout [IPAddress: Int], _ key: IPAddress) {
    guard let count = counts[key] else { return }
    counts[key] = count > 1 ? count - 1 : nil
  }
}
