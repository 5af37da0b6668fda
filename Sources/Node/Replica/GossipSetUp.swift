import Chain
import Cryptography
import Gossip
import Primitives
import Replication

/// How a node takes part in gossip, from its configuration.
enum GossipSetUp {
  /// Records are renewed at a quarter of this.
  static let recordLifetime: UInt64 = 3_600_000

  static func core(_ runtime: NodeRuntime, keys: NodeKeys, port: UInt16) -> GossipCore {
    let network = runtime.configuration.network
    let isShared = network.sessionsPerAddress > 16
    var settings = isShared ? GossipCore.Settings.local : GossipCore.Settings()
    settings.peers.outbound = network.outboundPeers
    settings.peers.inbound = network.inboundPeers
    settings.peers.seeds = runtime.definition.seeds
      .filter { $0.key != keys.node.publicKey }
      .map { PeerManager.Seed(address: $0.address, key: $0.key) }
    return GossipCore(
      peer: keys.node.publicKey,
      settings: settings,
      seed: SecureRandom.uint64(),
      at: .zero
    )
  }

  /// What this node says of itself in handshakes.
  static func hello(_ runtime: NodeRuntime, keys: NodeKeys, time: Timestamp) -> NodeHello {
    NodeHello(
      role: runtime.configuration.role,
      voucher: voucher(runtime, keys: keys, time: time)
    )
  }

  /// A validator's consensus key, or a provider's account key, vouches for the node key.
  private static func voucher(_ runtime: NodeRuntime, keys: NodeKeys, time: Timestamp) -> NodeVoucher? {
    let role: NodeVoucher.Role = keys.consensus == nil ? .provider : .validator
    guard let signer = keys.consensus ?? keys.provider else { return nil }
    return NodeVoucher(
      for: keys.node.publicKey,
      as: role,
      by: signer,
      expiresAt: time.advanced(byMilliseconds: NodeVoucher.lifetime),
      chain: runtime.definition.genesis.chain
    )
  }

  /// This node's signed record: where it is reached and what it is.
  static func record(_ runtime: NodeRuntime, keys: NodeKeys, port: UInt16, time: Timestamp) -> SignedObject {
    let configuration = runtime.configuration
    let record = NodeRecord(
      sequence: time.milliseconds,
      addresses: configuration.network.addresses(port: port),
      role: configuration.role,
      protocolVersion: 1,
      expiresAt: time.advanced(byMilliseconds: recordLifetime),
      voucher: voucher(runtime, keys: keys, time: time)
    )
    return SignedObject(
      kind: .nodeRecord,
      body: record.encoded,
      signer: keys.node,
      chain: runtime.definition.genesis.chain
    )
  }
}
