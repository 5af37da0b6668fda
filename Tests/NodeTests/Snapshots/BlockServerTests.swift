import Cryptography
import Foundation
import Primitives
import Synchronization
import Testing

@testable import Node

@Suite struct BlockServerTests {
  private final class Log: Sendable {
    let gate = DispatchSemaphore(value: 0)
    let served = Mutex<[(peer: PublicKey, from: UInt64)]>([])
  }

  @Test func `a peer that asks all the time gets one answer at a time, and others their turn between`() async
  {
    let (greedy, modest) = (SigningKey.generate().publicKey, SigningKey.generate().publicKey)
    let log = Log()
    let server = BlockServer { peer, request in
      log.gate.wait()
      log.served.withLock { $0.append((peer, request.from)) }
    }
    for height in 1...10_000 as ClosedRange<UInt64> { server.serve(greedy, .init(from: height, count: 32)) }
    server.serve(modest, .init(from: 5, count: 32))
    for _ in 0..<3 { log.gate.signal() }
    #expect(await Program.until(seconds: 60) { log.served.withLock { $0.count } == 3 })
    let served = log.served.withLock { $0 }
    #expect(served.map(\.peer) == [greedy, modest, greedy])
    // Of those that came meanwhile, the newest.
    #expect(served.map(\.from) == [1, 5, 10_000])
    // Nothing waits any more: the next request is served at once.
    log.gate.signal()
    server.serve(greedy, .init(from: 20_000, count: 1))
    #expect(await Program.until(seconds: 60) { log.served.withLock { $0.count } == 4 })
    server.stop()
  }
}
