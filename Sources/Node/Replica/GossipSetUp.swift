import Chain
import Cryptography
import Gossip
import Primitives
import Replication

/// Makes a node's gossip core, handshake data and record from its configuration.
enum GossipSetUp {
  /// How long a node record is valid, in milliseconds. It is renewed after a quarter of this time.
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
    return GossipCore(peer: keys.node.publicKey, settings: settings, seed: SecureRandom.uint64(), at: .zero)
  }

  /// The data with which this node introduces itself to peers in handshakes.
  static func hello(_ runtime: NodeRuntime, keys: NodeKeys, time: Timestamp) -> NodeHello {
    NodeHello(role: runtime.configuration.role, voucher: voucher(runtime, keys: keys, time: time))
  }

  /// A statement that the node key belongs to a validator or provider, signed with the validator's consensus
  /// key or the provider's account key; nil for other nodes.
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

  /// This node's signed record: its addresses and its role.
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
    let chain = runtime.definition.genesis.chain
    return SignedObject(kind: .nodeRecord, body: record.encoded, signer: keys.node, chain: chain)
  }
}
