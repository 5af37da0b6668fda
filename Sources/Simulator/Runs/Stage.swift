import Chain
import Cryptography
import Gossip
import Primitives
import Replication

/// What all lanes of a run use together: the scenario, the genesis, the nodes and the signing service. Only a
/// node's own lane changes the node.
struct Stage {
  let scenario: Scenario
  let genesis: Genesis
  let nodes: [SimulatedNode]
  let signatures: SigningService
  let lanes: LanePlan
  private let indices: [PublicKey: Int]

  init(scenario: Scenario, genesis: Genesis, nodes: [SimulatedNode], signatures: SigningService) {
    self.scenario = scenario
    self.genesis = genesis
    self.nodes = nodes
    self.signatures = signatures
    lanes = LanePlan(for: scenario)
    indices = Dictionary(nodes.map { ($0.peer, $0.index) }, uniquingKeysWith: { $1 })
  }

  /// The index of the node with this key; nil when it is no node of the run.
  func index(of peer: PeerID) -> Int? { indices[peer] }
  /// The index of the lane that simulates a node.
  func lane(of node: Int) -> Int { lanes.lane(of: node) }
}

/// How the nodes of a run are divided into lanes, and for how long lanes can run without messages from each
/// other.
struct LanePlan {
  /// With fewer nodes than this, a second thread saves no time.
  private static let sharedFrom = 200

  let count: Int
  /// The shortest delay of a message from one lane to another; zero for one lane.
  let lookahead: Interval

  /// Divides a large network of regions into two lanes, between the regions that are farthest apart; every
  /// other network is one lane.
  init(for scenario: Scenario) {
    let isCut =
      scenario.faults.delays == .regions && scenario.validators + scenario.peers >= Self.sharedFrom
    count = isCut ? 2 : 1
    lookahead = isCut ? DelayModel.leastDelayBetweenHalves : .zero
  }

  func lane(of node: Int) -> Int {
    count > 1 && DelayModel.isInFarHalf(node) ? 1 : 0
  }
}
