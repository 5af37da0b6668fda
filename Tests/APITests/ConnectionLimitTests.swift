import Foundation
import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import API

/// Connections that say nothing cost the node no more than it can spare.
@Suite(.serialized) struct ConnectionLimitTests {
  private func get(_ path: String, _ port: Int) async throws -> RawAnswer {
    try await raw("GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", port: port)
  }

  /// Waits for `condition`.
  private func until(_ condition: () async throws -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if (try? await condition()) == true { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  @Test func `idle connections beyond the limits are closed, and when they end others are served`()
    async throws
  {
    let limits = HTTPConnectionLimits(total: 5, perAddress: 3, idle: .seconds(60))
    try await serving(FakeNode(), connections: limits) { client in
      // The first address gets its three, the second the two that are left of five.
      let first = (0..<8).compactMap { _ in IdleConnection(port: client.port) }
      let isFirstSettled = await until { first.count(where: \.isClosed) == 5 }
      #expect(first.count == 8 && isFirstSettled, "\(first.count(where: \.isClosed)) of 8 are closed")
      let second = (0..<8).compactMap { _ in IdleConnection(port: client.port, from: 0x7F00_0002) }
      let isSecondSettled = await until { second.count(where: \.isClosed) == 6 }
      #expect(second.count == 8 && isSecondSettled, "\(second.count(where: \.isClosed)) of 8 are closed")
      await #expect(throws: (any Error).self) { try await get("/health", client.port) }
      for connection in first + second { connection.close() }
      let isServed = await until { try await get("/health", client.port).status == 200 }
      #expect(isServed)
    }
  }

  @Test func `a connection without a whole request head is closed in time, and makes room`() async throws {
    let limits = HTTPConnectionLimits(total: 4, perAddress: 4, idle: .seconds(1))
    try await serving(FakeNode(), connections: limits) { client in
      let silent = (0..<2).compactMap { _ in IdleConnection(port: client.port) }
      let slow = (0..<2).compactMap { _ in IdleConnection(port: client.port) }
      for connection in slow { connection.send("GET /health HTTP/1.1\r\nhost:") }
      let areClosed = await until {
        // A byte now and then is not a request.
        for connection in slow { connection.send("x") }
        return (silent + slow).allSatisfy(\.isClosed)
      }
      #expect(areClosed)
      let isServed = await until { try await get("/health", client.port).status == 200 }
      #expect(isServed)
    }
  }

  @Test func `three quarters of the open files are left to the rest of the node`() {
    #expect(HTTPConnectionLimits(openFiles: 1_024) == HTTPConnectionLimits(total: 256, perAddress: 32))
    #expect(HTTPConnectionLimits(openFiles: 65_536) == HTTPConnectionLimits(total: 4_096, perAddress: 512))
    #expect(HTTPConnectionLimits(openFiles: 0) == HTTPConnectionLimits(total: 1, perAddress: 1))
  }

  @Test func `counts come back when connections end`() {
    var counts = ConnectionCounts(HTTPConnectionLimits(total: 2, perAddress: 1))
    let opened: [Bool] = [[1], [1], [2], [3]].map { counts.open($0) }
    #expect(opened == [true, false, true, false])
    counts.close([1])
    #expect(counts.total == 1)
    let another = counts.open([3])
    #expect(another)
  }

  @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
  func `accepting pauses when the process has no open file left, and goes on after the pause`(
    code: CInt
  ) throws {
    let channel = EmbeddedChannel(handler: ConnectionGate(HTTPConnectionLimits()))
    var isAccepting: Bool? {
      channel.options.last { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool
    }
    channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    #expect(isAccepting == false)
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(99))
    channel.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
    #expect(isAccepting == false)
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(isAccepting == true)
    // None of these errors ends the server.
    try channel.throwIfErrorCaught()
  }

  @Test func `a connection that ended before it was accepted changes nothing, any other error is passed on`()
    throws
  {
    let channel = EmbeddedChannel(handler: ConnectionGate(HTTPConnectionLimits()))
    channel.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
    try channel.throwIfErrorCaught()
    #expect(channel.options.isEmpty)
    channel.pipeline.fireErrorCaught(IOError(errnoCode: EBADF, reason: "accept"))
    #expect(throws: IOError.self) { try channel.throwIfErrorCaught() }
  }
}

/// A connection from a chosen loopback address that is not read unless asked.
final class IdleConnection: @unchecked Sendable {
  private let descriptor: Int32
  private var received: [UInt8] = []

  init?(port: Int, from source: UInt32 = 0x7F00_0001) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0, Self.connect(descriptor, source, port) else { return nil }
  }

  private static func connect(_ descriptor: Int32, _ source: UInt32, _ port: Int) -> Bool {
    func with(_ host: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = host.bigEndian
      return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
      }
    }
    return with(source, 0) { bind(descriptor, $0, $1) }
      && with(0x7F00_0001, UInt16(clamping: port)) { Glibc.connect(descriptor, $0, $1) }
  }

  deinit { Glibc.close(descriptor) }

  func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

  /// Everything that came until now.
  func receive() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    received += buffer.prefix(max(0, count))
    return received
  }

  /// The other side has ended it.
  var isClosed: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
    return count == 0 || (count < 0 && errno != EAGAIN)
  }
}
