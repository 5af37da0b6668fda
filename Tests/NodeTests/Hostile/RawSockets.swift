import Foundation
import Glibc
import Primitives

/// Sockets without any protocol, from many loopback addresses.
struct RawSockets {
  let port: UInt16
  var generator: SeededGenerator

  init(port: UInt16, seed: UInt64) {
    self.port = port
    generator = SeededGenerator(seed: seed)
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  private static func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = host.bigEndian
    return address
  }

  private static func with<Value>(
    _ address: sockaddr_in,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
  )
    -> Value
  {
    var address = address
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// A connection from one of 16 million loopback addresses; nil when the machine or the node refuses it.
  mutating func connect() -> Int32? {
    let source = 0x7F00_0000 | UInt32(truncatingIfNeeded: generator.next(below: 0xFF_0000) + 0x100)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    _ = Self.with(Self.address(source, 0)) { bind(descriptor, $0, $1) }
    var timeout = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    let result = Self.with(Self.address(0x7F00_0001, port)) { Glibc.connect(descriptor, $0, $1) }
    guard result == 0 else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  func send(_ bytes: [UInt8], over descriptor: Int32) {
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Sends datagrams, each from another address that never listens for an answer; returns the bytes that were
  /// answered to a socket that stays open.
  mutating func datagrams(_ count: Int, _ body: (inout RawSockets, Int) -> [UInt8]) -> (
    sent: Int, answered: Int
  ) {
    var sent = 0
    var answered = 0
    for number in 0..<count {
      let source = 0x7F00_0000 | UInt32(truncatingIfNeeded: generator.next(below: 0xFF_0000) + 0x100)
      let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      _ = Self.with(Self.address(source, 0)) { bind(descriptor, $0, $1) }
      let payload = body(&self, number)
      sent += Self.with(Self.address(0x7F00_0001, port)) {
        max(0, sendto(descriptor, payload, payload.count, 0, $0, $1))
      }
      guard number.isMultiple(of: 16) else { continue }
      var buffer = [UInt8](repeating: 0, count: 2_048)
      let received = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if received > 0 { answered += received }
    }
    return (sent, answered)
  }

  /// What the process has in memory, in bytes.
  static func memory(of process: Int32) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kilobytes = line.split(separator: " ").compactMap({ Int($0) }).first
    else { return 0 }
    return kilobytes * 1_024
  }
}
