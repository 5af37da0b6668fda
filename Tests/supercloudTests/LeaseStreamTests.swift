import Glibc
import Testing

@testable import supercloud

/// When a tenant takes the services of a lease for ready.
@Suite struct LeaseStreamTests {
  @Test func `a port that accepts connections is ready, whatever is spoken there`() async throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    let port = try #require(bind(socket))
    let url = "http://127.0.0.1:\(port)"
    let isReadyBefore = await LeaseStream.accept([url])
    #expect(!isReadyBefore)
    #expect(listen(socket, 8) == 0)
    let isReady = await LeaseStream.accept([url])
    #expect(isReady)
  }

  /// Binds a port of the loopback that is free; returns it.
  private func bind(_ socket: Int32) -> UInt16? {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        Glibc.bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
      }
    }
    return isBound ? UInt16(bigEndian: address.sin_port) : nil
  }
}
