import API
import Foundation
import Glibc

/// Chooses loopback ports for nodes that are started later, by somebody else, and whose addresses must be known
/// before. Nothing holds them until then, so they are chosen outside the range from which the system gives ports by
/// itself: only a program that asks for just this port can take one.
enum FreePort {
  /// - Throws: `Failure` when no free port was found.
  static func choose(excluding taken: inout Set<Int>) throws -> Int {
    for _ in 0..<200 {
      guard let port = candidates.randomElement(), !taken.contains(port), isFree(port) else { continue }
      taken.insert(port)
      return port
    }
    throw Failure("no free port was found on 127.0.0.1")
  }

  private static let candidates: [Int] = {
    let file = "/proc/sys/net/ipv4/ip_local_port_range"
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    let bounds = text.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    let (low, high) = bounds.count == 2 ? (bounds[0], bounds[1]) : (32_768, 60_999)
    let outside = (10_000...65_535).filter { $0 < low || $0 > high }
    return outside.isEmpty ? Array(10_000...65_535) : outside
  }()

  /// Whether both a TCP and a UDP socket can be bound to the port now.
  static func isFree(_ port: Int) -> Bool {
    canBind(port, SOCK_STREAM) && canBind(port, SOCK_DGRAM)
  }

  private static func canBind(_ port: Int, _ kind: __socket_type) -> Bool {
    let descriptor = socket(AF_INET, Int32(kind.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Like the nodes, ignore connections on the port that ended a moment ago.
    var reuse: Int32 = 1
    if kind == SOCK_STREAM {
      setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
