import NIOCore
import Primitives
import Testing

@testable import Transport

@Suite struct BudgetTests {
  @Test func `sources are limited apart, in bounded memory`() {
    var limiter = SourceLimiter(
      rate: .init(perSecond: 1, burst: 2),
      total: .init(perSecond: 1_000_000, burst: 1_000_000),
      capacity: 100
    )
    for source in 0..<10_000 { _ = limiter.admits(IPAddress(v4: UInt32(source)), at: Fixture.start) }
    #expect(limiter.buckets.count <= 100)
    let known = (0..<3).count { _ in limiter.admits(IPAddress(v4: 5), at: Fixture.start) }
    #expect(known == 1)
    let isForgotten = limiter.admits(IPAddress(v4: 777_777), at: Fixture.start + .seconds(60))
    #expect(isForgotten)
  }

  @Test func `socket addresses survive the way through numbers`() throws {
    for text in ["192.0.2.7", "2001:db8::7", "127.0.0.1", "::1"] {
      let socket = try SocketAddress(ipAddress: text, port: 4_242)
      let endpoint = try #require(IPEndpoint(socket))
      #expect(endpoint.networkAddress == NetworkAddress(host: text, port: 4_242))
      #expect(endpoint.address.isV4 == !text.contains(":"))
    }
    let mapped = try #require(IPEndpoint(try SocketAddress(ipAddress: "::ffff:192.0.2.7", port: 1)))
    #expect(mapped == IPEndpoint(address: IPAddress(v4: 0xC000_0207), port: 1))
    #expect(mapped.address.subnet == IPAddress(v4: 0xC000_0200))
    #expect(mapped.socketAddress(ofV6Socket: true)?.ipAddress == "::ffff:192.0.2.7")
  }
}
