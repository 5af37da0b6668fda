import Chain
import Cryptography
import Gossip
import Primitives
import Testing

@testable import Replication

/// Who counts as a validator among the peers.
@Suite struct KnownNodesTests {
  private func voucher(
    _ world: World,
    _ node: PeerID,
    by signer: SigningKey,
    as role: NodeVoucher.Role = .validator,
    after milliseconds: UInt64 = 1_000_000
  ) -> NodeVoucher {
    NodeVoucher(
      for: node,
      as: role,
      by: signer,
      expiresAt: world.genesis.time.advanced(byMilliseconds: milliseconds),
      chain: world.genesis.chain
    )
  }

  private func connect(_ node: Harness, _ peer: PeerID, _ voucher: NodeVoucher?) {
    node.step(
      .connected(
        peer,
        Connection(direction: .inbound, host: "peer"),
        role: voucher == nil ? .full : .validator,
        voucher: voucher
      )
    )
  }

  @Test func `a peer that the set's key vouches for is a validator, any other is not`() throws {
    let world = try World()
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let (real, claims, stranger, expired) = (
      World.key(51).publicKey, World.key(52).publicKey, World.key(53).publicKey, World.key(54).publicKey
    )
    connect(node, real, voucher(world, real, by: world.validators[1]))
    connect(node, claims, nil)
    connect(node, stranger, voucher(world, stranger, by: World.key(99)))
    connect(node, expired, voucher(world, expired, by: world.validators[2], after: 0))
    #expect(node.replica.validatorPeers == [real])
    #expect(node.reserved == [real])
    #expect(Set(node.validatorKeys) == Set(world.validators.map(\.publicKey)))
  }

  @Test func `a validator has one node, the one that it vouched for longest`() throws {
    let world = try World()
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let (old, new) = (World.key(51).publicKey, World.key(52).publicKey)
    connect(node, old, voucher(world, old, by: world.validators[1]))
    connect(node, new, voucher(world, new, by: world.validators[1], after: 2_000_000))
    #expect(node.replica.validatorPeers == [new])
    connect(node, old, voucher(world, old, by: world.validators[1]))
    #expect(node.replica.validatorPeers == [new])
  }

  @Test func `a role without the chain's word gives nothing: an account that is no provider`() throws {
    let world = try World()
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let peer = World.key(51).publicKey
    connect(node, peer, voucher(world, peer, by: world.tenant, as: .provider))
    // A consensus key is no provider's account.
    connect(node, peer, voucher(world, peer, by: world.validators[1], as: .provider))
    #expect(node.replica.knownNodes.nodes.isEmpty && node.replica.validatorPeers.isEmpty)
  }

  @Test func `a record that the chain knows travels on, and its node is dialed by a validator`() throws {
    let world = try World()
    let node = Harness(world, key: world.validators[0])
    node.step(.started)
    let neighbour = World.key(51).publicKey
    connect(node, neighbour, nil)
    // Of two validators the one with the smaller key dials first.
    let other = try #require((60...90).map { World.key($0) }.first { node.name < $0.publicKey })
    let record = NodeRecord(
      sequence: 1,
      addresses: ["10.1.2.3:26656"],
      role: .validator,
      protocolVersion: 1,
      expiresAt: world.genesis.time.advanced(byMilliseconds: 3_600_000),
      voucher: voucher(world, other.publicKey, by: world.validators[2])
    )
    let object = SignedObject(
      kind: .nodeRecord,
      body: record.encoded,
      signer: other,
      chain: world.genesis.chain
    )
    var packet = Packet()
    packet.objects = [object]
    node.step(.gossip(.packet(packet), from: neighbour))
    #expect(node.reserved == [other.publicKey])
    #expect(node.replica.gossip.dissemination.object(object.identifier) == object)
    #expect(node.dials.contains { $0.expectedKey == other.publicKey && $0.purpose == .mesh })
  }
}
