import Cryptography
import NIOCore
import NIOPosix
import Primitives
import Testing

@testable import Transport

extension SocketTests {
  @Test func `a full node lets those in who have a place of their own, and nobody else`() async throws {
    let full = try await Node.start(1) { configuration in
      configuration.connections.inbound = 1
      configuration.isReserved = { _, hello in hello == [9] }
    }
    let first = try await Node.start(2)
    try await first.connect(to: full)
    let stranger = try await Node.start(3)
    stranger.endpoint.dial(full.address, expecting: .key(full.key))
    try await eventually("the stranger is refused") {
      stranger.dialFailures == [.handshake(.refused(.full))]
    }
    let proven = try await Node.start(4) { $0.hello = [9] }
    try await proven.connect(to: full)
    let named = try await Node.start(5)
    full.endpoint.setReserved([named.key, proven.key])
    try await named.connect(to: full)
    #expect(await full.endpoint.counters().inboundPeers == 1)
    for node in [full, first, stranger, proven, named] { await node.endpoint.shutdown() }
  }
}
