import API
import Glibc

/// Finds loopback ports that nothing uses now, neither with TCP nor with UDP.
enum FreePort {
  /// - Throws: `Failure` when the system has no free port.
  static func choose(excluding taken: inout Set<Int>) throws -> Int {
    for _ in 0..<200 {
      guard let port = bound(to: 0), !taken.contains(port), isFree(port) else { continue }
      taken.insert(port)
      return port
    }
    throw Failure("no free port was found on 127.0.0.1")
  }

  /// Whether both a TCP and a UDP socket can be bound to the port.
  static func isFree(_ port: Int) -> Bool {
    bound(to: port) != nil && bound(to: port, datagram: true) != nil
  }

  private static func bound(to port: Int, datagram: Bool = false) -> Int? {
    let kind = datagram ? SOCK_DGRAM.rawValue : SOCK_STREAM.rawValue
    let descriptor = socket(AF_INET, Int32(kind), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Like the nodes, ignore connections on the port that ended a moment ago.
    var reuse: Int32 = 1
    if !datagram {
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
      }
    }
    return result ? Int(in_port_t(bigEndian: address.sin_port)) : nil
  }
}
