import Chain
import Cryptography
import Gossip
import Primitives
import Replication

/// The data that all shards of a run share: the scenario, the genesis, the nodes and the signing service.
/// Only a node's own shard changes the node.
struct RunContext {
  let scenario: Scenario
  let genesis: Genesis
  let nodes: [SimulatedNode]
  let signatures: SigningService
  let shards: ShardPlan
  private let indices: [PublicKey: Int]

  init(scenario: Scenario, genesis: Genesis, nodes: [SimulatedNode], signatures: SigningService) {
    self.scenario = scenario
    self.genesis = genesis
    self.nodes = nodes
    self.signatures = signatures
    shards = ShardPlan(for: scenario)
    indices = Dictionary(nodes.map { ($0.peer, $0.index) }, uniquingKeysWith: { $1 })
  }

  /// The index of the node with this key; nil when no node of the run has it.
  func index(of peer: PeerID) -> Int? { indices[peer] }
  /// The index of the shard that simulates a node.
  func shard(of node: Int) -> Int { shards.shard(of: node) }
}

/// How the nodes are divided into shards, and for how long these can run without messages from each other.
struct ShardPlan {
  /// With fewer nodes than this, a second thread saves no time.
  private static let sharedFrom = 200

  let count: Int
  /// The shortest delay of a message from one shard to another; zero for one shard.
  let lookahead: Interval

  /// Divides a large network of regions into two, between the farthest regions; any other is one shard.
  init(for scenario: Scenario) {
    let isCut = scenario.faults.delays == .regions && scenario.validators + scenario.peers >= Self.sharedFrom
    count = isCut ? 2 : 1
    lookahead = isCut ? DelayModel.leastDelayBetweenHalves : .zero
  }

  func shard(of node: Int) -> Int { count > 1 && DelayModel.isInFarHalf(node) ? 1 : 0 }
}
