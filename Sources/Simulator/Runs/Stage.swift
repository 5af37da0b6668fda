import Chain
import Cryptography
import Gossip
import Primitives
import Replication

/// What all lanes of a run know and none changes.
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

  func index(of peer: PeerID) -> Int? { indices[peer] }
  func lane(of node: Int) -> Int { lanes.lane(of: node) }
}

/// Which nodes run together, and for how long the lanes can run without hearing of each other.
struct LanePlan {
  /// From so many nodes on two processors are worth their trouble.
  private static let sharedFrom = 200

  let count: Int
  /// No message from one lane to another travels less.
  let lookahead: Interval

  /// A network of regions is cut between the regions that are farthest apart.
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
