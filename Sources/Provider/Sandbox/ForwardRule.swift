/// One way by which `PortForwarder` carries connections between a replica's network namespace and a place
/// outside of it. Its text is an argument of `supercloud workload enter`.
enum ForwardRule: Hashable, Sendable, CustomStringConvertible {
  /// A TCP socket of this machine, bound before the namespace was entered and inherited under this number. It
  /// leads to the first of `ports` on which the replica listens.
  case inherited(descriptor: Int32, ports: [UInt16])
  /// A Unix socket in the replica's folder, for the other replicas of the lease. It leads to the first of
  /// `ports` on which the replica listens.
  case shared(path: String, ports: [UInt16])
  /// A port of the namespace's loopback that leads to the Unix socket of another replica of the lease.
  case peer(port: UInt16, path: String)

  var description: String {
    switch self {
    case .inherited(let descriptor, let ports): "inherited/\(Self.list(ports))/\(descriptor)"
    case .shared(let path, let ports): "shared/\(Self.list(ports))/\(path)"
    case .peer(let port, let path): "peer/\(port)/\(path)"
    }
  }

  /// Reads what `description` writes; nil for anything else.
  init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, !parts[2].isEmpty else { return nil }
    let ports = parts[1].split(separator: ",").compactMap { UInt16($0) }
    guard let first = ports.first, Self.list(ports) == parts[1] else { return nil }
    switch parts[0] {
    case "inherited":
      guard let descriptor = Int32(parts[2]), descriptor > 2 else { return nil }
      self = .inherited(descriptor: descriptor, ports: ports)
    case "shared": self = .shared(path: parts[2], ports: ports)
    case "peer": self = .peer(port: first, path: parts[2])
    default: return nil
    }
  }

  private static func list(_ ports: [UInt16]) -> String { ports.map(String.init).joined(separator: ",") }
}
