import Chain
import Cryptography
import Foundation
import Gossip
import NIOCore
import NIOPosix
import Primitives
import Testing

extension RealProcesses {
  @Suite(.serialized) struct LoopbackPeersTests {
    /// Cores, each with its own TCP and UDP socket on loopback, that know one of them. `SUPERCLOUD_PEERS=60` for sixty.
    @Test func `peers find each other over real sockets and all of them get everything`() async throws {
      let count = ProcessInfo.processInfo.environment["SUPERCLOUD_PEERS"].flatMap(Int.init) ?? 16
      let chain = try #require(ChainID("sixty-1"))
      let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
      var peers: [LoopbackPeer] = []
      for index in 0..<count {
        let seeds = peers.first.map { [PeerManager.Seed(address: $0.address, key: $0.key.publicKey)] } ?? []
        let peer = LoopbackPeer(chain: chain, seed: UInt64(index), on: group.next(), seeds: seeds)
        try await peer.start(on: group)
        peers.append(peer)
      }
      let isConnected = await Program.until(seconds: 240) { peers.allSatisfy { $0.neighbours >= 8 } }
      #expect(isConnected, "neighbours: \(peers.map(\.neighbours))")

      var delays: [Double] = []
      var copies = 0
      let rounds = 40
      for number in 0..<rounds {
        let origin = peers[number % 2]
        if number == rounds / 2 { copies = peers.reduce(0) { $0 + $1.payloads } }
        var writer = ByteWriter()
        writer.write(UInt64(number))
        let withdrawal = Withdrawal(
          object: .sha256(writer.bytes),
          expiresAt: Timestamp(milliseconds: 3_600_000)
        )
        let object = SignedObject(
          kind: .withdrawal,
          body: withdrawal.encoded,
          signer: origin.key,
          chain: chain
        )
        let start = ContinuousClock.now
        origin.publish(object)
        let reached = await Program.until(seconds: 60) {
          peers.allSatisfy { $0 === origin || $0.accepted(object.identifier) != nil }
        }
        #expect(reached, "object \(number)")
        guard number >= rounds / 2 else { continue }
        for peer in peers {
          if let at = peer.accepted(object.identifier) { delays.append((at - start) / .milliseconds(1)) }
        }
      }
      // Late copies of the last object are still on their way; they only make the figure larger.
      let counted = peers.reduce(0) { $0 + $1.payloads } - copies
      delays.sort()
      var datagrams = 0
      for peer in peers { datagrams += await peer.datagramsSent }
      print(
        "\(count) real peers: degree \(peers.reduce(0) { $0 + $1.neighbours } / count), p50",
        String(format: "%.1f ms, p99 %.1f ms,", delays[delays.count / 2], delays[delays.count * 99 / 100]),
        String(format: "copies %.2f,", Double(counted) / Double(rounds / 2 * count)),
        "datagrams \(datagrams)"
      )
      #expect(datagrams > 0)
      #expect(peers.allSatisfy { $0.faults.isEmpty }, "\(peers.map(\.faults))")
      for peer in peers { await peer.stop() }
      try await group.shutdownGracefully()
    }
  }
}
