import API
import Chain
import Consensus
import Cryptography
import Foundation
import NIOCore
import NIOPosix
import Primitives
import Replication
import Testing
import Transport

extension RealProcesses.HostileClientTests {
  /// Peers that say that they validate: without proof, by the word of a key that is nobody, with another node's proof.
  func claim(_ victim: Victim) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let expiry = Timestamp(milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000) + 600_000)
    let nobody = SigningKey.generate()
    let other = SigningKey.generate()
    let key = SigningKey.generate()
    func voucher(for node: SigningKey) -> NodeVoucher {
      NodeVoucher(for: node.publicKey, as: .validator, by: nobody, expiresAt: expiry, chain: victim.chain)
    }
    let role = UInt8(NodeRecord.Role.validator.rawValue)
    let unproved = try await peer([role], .generate(), victim, group)
    let vouched = try await peer([role] + voucher(for: key).encoded, key, victim, group)
    let thief = try await peer([role] + voucher(for: other).encoded, .generate(), victim, group)
    #expect(await unproved.connect(to: victim.address, victim.key))
    #expect(await vouched.connect(to: victim.address, victim.key))
    thief.endpoint.dial(victim.address, expecting: .key(victim.key))
    let height = try await victim.network.height(victim.name)
    try await victim.network.expect([victim.name], at: height + 3, seconds: 30)
    #expect(unproved.isConnected(to: victim.key) && vouched.isConnected(to: victim.key))
    #expect(unproved.consensusFrames + vouched.consensusFrames == 0, "a claim draws votes and proposals")
    let answer: [Answer.Peer] = try await victim.network.client(victim.name).get("/v1/peers")
    for peer in [unproved, vouched] {
      let name = Hex.encode(peer.key.publicKey.bytes)
      #expect(answer.first { $0.nodeKey == name }?.role != "validator")
    }
    #expect(!thief.isConnected(to: victim.key), "another node's voucher keeps its session")
    for peer in [unproved, vouched, thief] { await peer.stop() }
    try await group.shutdownGracefully()
  }

  /// Four peers that ask for blocks and tell where they stand as fast as they can, and read what comes.
  func ask(_ victim: Victim, _ count: Int) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let role = UInt8(NodeRecord.Role.full.rawValue)
    var peers: [HostilePeer] = []
    for _ in 0..<4 {
      let peer = try await peer([role], .generate(), victim, group)
      if await peer.connect(to: victim.address, victim.key) { peers.append(peer) }
    }
    #expect(peers.count == 4)
    let height = try await victim.network.height(victim.name)
    let consensusStatus = ConsensusStatus(height: height, round: 0, step: .prevote)
    let blocks = PeerMessage.blocksRequest(from: 1, count: 32)
    for number in 0..<count {
      let status = PeerMessage.status(
        PeerStatus(committed: height + UInt64(number), base: 1, consensusStatus: consensusStatus)
      )
      for message in [blocks, status, .candidateRequest(.sha256([1]), height)] {
        for peer in peers { peer.send(message.kind, message.encoded, to: victim.key) }
      }
      // As fast as the session takes it, and not so fast that its own queue ends it.
      if number.isMultiple(of: 200) { try await Task.sleep(for: .milliseconds(2)) }
    }
    try await victim.network.expect([victim.name], at: height + 5, seconds: 60)
    for peer in peers { await peer.stop() }
    try await group.shutdownGracefully()
  }

  private func peer(
    _ hello: [UInt8],
    _ key: SigningKey,
    _ victim: Victim,
    _ group: MultiThreadedEventLoopGroup
  ) async throws -> HostilePeer {
    try await HostilePeer(network: victim.identity, chain: victim.chain, on: group, key: key, hello: hello)
  }
}
