import Glibc

/// Finds free TCP ports of this machine.
enum PortChoice {
  /// Returns a port in `range` (any port if that is nil) that can be bound now; nil when there is none.
  ///
  /// The port is not held until the workload binds it, so another program may take it.
  static func free(in range: ClosedRange<UInt16>?, excluding taken: Set<UInt16>) -> UInt16? {
    guard let range else {
      for _ in 0..<64 {
        if let port = bind(0), !taken.contains(port) { return port }
      }
      return nil
    }
    return range.first { !taken.contains($0) && bind($0) != nil }
  }

  private static func bind(_ port: UInt16) -> UInt16? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return nil }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        Glibc.bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
      }
    }
    return bound ? UInt16(bigEndian: address.sin_port) : nil
  }

  /// Whether something accepts connections on the port of this machine's address `host`, which is its loopback
  /// where it names all addresses; waits at most 200 ms.
  static func answers(_ port: UInt16, at host: String = "") -> Bool {
    let all = ["": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"]
    guard let address = LocalAddress(all[host] ?? host, port: port) ?? LocalAddress("127.0.0.1", port: port),
      let socket = address.makeSocket()
    else { return false }
    defer { close(socket) }
    let result = address.connect(socket)
    if result == 0 { return true }
    guard result == EINPROGRESS else { return false }
    var wait = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    guard poll(&wait, 1, 200) == 1 else { return false }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &length) == 0 && code == 0
  }
}
