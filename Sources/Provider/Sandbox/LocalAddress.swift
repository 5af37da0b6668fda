import Glibc

/// An address of a socket on this machine: IPv4, IPv6 or a path.
struct LocalAddress {
  private var storage = sockaddr_storage()
  private var length: socklen_t = 0

  /// `text`: an IPv4 or IPv6 address; empty for all addresses of this machine. Nil for anything else.
  init?(_ text: String, port: UInt16) {
    var v4 = sockaddr_in()
    v4.sin_family = sa_family_t(AF_INET)
    v4.sin_port = port.bigEndian
    var v6 = sockaddr_in6()
    v6.sin6_family = sa_family_t(AF_INET6)
    v6.sin6_port = port.bigEndian
    if text.isEmpty || inet_pton(AF_INET, text, &v4.sin_addr) == 1 {
      set(v4)
    } else if inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 {
      set(v6)
    } else {
      return nil
    }
  }

  /// A Unix socket's path; nil when it is longer than the kernel allows.
  init?(path: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let fits = withUnsafeMutableBytes(of: &address.sun_path) { place in
      guard bytes.count < place.count else { return false }
      place.copyBytes(from: bytes)
      return true
    }
    guard fits else { return nil }
    set(address)
  }

  private mutating func set<Address>(_ address: Address) {
    withUnsafeMutableBytes(of: &storage) { place in
      withUnsafeBytes(of: address) { place.copyMemory(from: $0) }
    }
    length = socklen_t(MemoryLayout<Address>.size)
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// A new TCP or Unix stream socket of this family that does not block; nil when the system has none left.
  func makeSocket() -> Int32? {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(family, type, 0)
    return socket >= 0 ? socket : nil
  }

  /// Binds the socket; returns 0, or the error's number.
  func bind(_ socket: Int32) -> Int32 { call { Glibc.bind(socket, $0, $1) } }

  /// Connects the socket; returns 0, or the error's number, which is `EINPROGRESS` while it is connecting.
  func connect(_ socket: Int32) -> Int32 { call { Glibc.connect(socket, $0, $1) } }

  private func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) == 0 ? 0 : errno }
    }
  }
}

/// A TCP port of this machine that is bound and does not listen yet, so that a connection to it is refused.
struct HostPort: Hashable, Sendable {
  var socket: Int32
  var port: UInt16

  /// Binds `port`, which is not 0: a socket whose port the kernel chose loses it when it ends listening.
  ///
  /// - Throws: The error's number, such as `EADDRINUSE`; `EINVAL` when `address` is none.
  static func bind(_ port: UInt16, at address: String) throws(BindError) -> HostPort {
    guard let local = LocalAddress(address, port: port) else { throw BindError(code: EINVAL) }
    guard let socket = local.makeSocket() else { throw BindError(code: errno) }
    var code = local.bind(socket)
    if code == EADDRINUSE {
      // It may be that only ended connections of an earlier run still hold the port. The option is not set at
      // the first try nor kept, since two programs that both set it may bind one port.
      setReuse(socket, true)
      code = local.bind(socket)
      setReuse(socket, false)
    }
    guard code == 0 else {
      close(socket)
      throw BindError(code: code)
    }
    return HostPort(socket: socket, port: port)
  }

  /// Makes a bound socket listen; returns whether it does.
  ///
  /// Accepted sockets inherit the option to share the port. Without it, each connection that lingers after its
  /// end would keep the port from the next run of the replica for a minute.
  static func startListening(_ socket: Int32) -> Bool {
    setReuse(socket, true)
    guard listen(socket, 64) == 0 else {
      setReuse(socket, false)
      return false
    }
    return true
  }

  /// Ends the listening. On Linux the socket keeps its port, and nobody else can bind that.
  static func stopListening(_ socket: Int32) {
    shutdown(socket, Int32(SHUT_RD))
    setReuse(socket, false)
  }

  private static func setReuse(_ socket: Int32, _ isOn: Bool) {
    var value: Int32 = isOn ? 1 : 0
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Binds a port in `range`, or any when that is nil; nil when none is free.
  static func bind(
    in range: ClosedRange<UInt16>?,
    excluding taken: Set<UInt16>,
    at address: String
  ) -> HostPort? {
    guard let range else {
      for _ in 0..<64 {
        guard let free = PortChoice.free(in: nil, excluding: taken) else { return nil }
        if let bound = try? bind(free, at: address) { return bound }
      }
      return nil
    }
    for choice in range where !taken.contains(choice) {
      if let bound = try? bind(choice, at: address) { return bound }
    }
    return nil
  }
}

/// Why a port could not be bound.
struct BindError: Error, Hashable, CustomStringConvertible {
  var code: Int32
  var description: String { code == EINVAL ? "it is no address" : String(cString: strerror(code)) }
}
