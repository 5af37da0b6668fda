import API
import Chain
import Cryptography
import Foundation
import NIOCore
import NIOPosix
import Primitives
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

  private func peer(
    _ hello: [UInt8],
    _ key: SigningKey,
    _ victim: Victim,
    _ group: MultiThreadedEventLoopGroup
  ) async throws -> HostilePeer {
    try await HostilePeer(network: victim.identity, chain: victim.chain, on: group, key: key, hello: hello)
  }
}
