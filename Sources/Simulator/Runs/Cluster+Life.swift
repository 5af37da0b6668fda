import Chain
import Consensus
import Cryptography
import Gossip
import Primitives
import Replication

extension Cluster {
  /// Starts a node: restores its replica from its disk and schedules connections to its neighbours.
  func boot(_ node: SimulatedNode) {
    let isFirst = node.incarnation == 0
    node.incarnation += 1
    node.bootedAt = now
    node.pausedUntil = .zero
    let broken = scenario.brokenRule
    var tip = node.store.tip
    if node.isHonest {
      observer.count(.durability)
      if tip.height < node.reportedDurableHeight {
        let text =
          "reported height \(node.reportedDurableHeight) as durable, but its disk holds only height \(tip.height) after a restart"
        observer.violated(.durability, at: now, node, text)
      }
    }
    if broken == .staleValidators, !isFirst { tip.validators = tip.lastValidators }
    var replica = Replica(
      configuration: configuration(of: node),
      tip: tip,
      state: node.store,
      gossip: GossipCore(peer: node.peer, settings: gossipSettings, seed: generator.next(), at: .zero)
    )
    let skipsReplay = !isFirst && (broken == .replaySkipped || broken == .guardForgets)
    if broken == .guardForgets { node.store.forgetGuard() }
    // Replaying the log has no effects, so `recovery.effects` is empty and is not performed.
    var recovery = shard(of: node.index).makeTurn(of: node)
    replica.step(.recovered(log: skipsReplay ? [] : node.store.log, evidence: node.store.evidence), &recovery)
    node.start(replica)
    trace.log(at: now, "\(node.name) starts at height \(tip.height)")
    schedule(.started, at: node, after: .zero)
    for other in links[node.index] where nodes[other].isUp { scheduleConnect(node.index, other) }
  }

  private func configuration(of node: SimulatedNode) -> ReplicaConfiguration {
    var checks = shard(of: node.index).checks
    switch scenario.brokenRule {
    case .signaturesUnchecked, .votesCountedTwice, .nilCountedAsValue:
      // Without the shared cache: signatures that this node wrongly accepts must not become valid for others.
      checks.memory = nil
      checks.checkSignature = { _, _, _, _, _ in true }
    default: break
    }
    var configuration = ReplicaConfiguration(
      genesis: genesis,
      consensusKey: node.consensusKey?.publicKey,
      timeouts: scenario.faults.delays == .regions ? .wan : .lan,
      checks: checks,
      versions: node.versions
    )
    // Honest nodes propose every block that has a transaction in compact form. Byzantine nodes never do,
    // since their strategies change whole blocks.
    configuration.compactThreshold = node.isHonest ? Self.emptyBlockBytes : .max
    return configuration
  }

  /// A size in bytes above that of a block without transactions whose certificate few validators signed.
  private static var emptyBlockBytes: Int { 1_024 }

  private var gossipSettings: GossipCore.Settings {
    var settings = scenario.faults.delays == .regions ? GossipCore.Settings() : .local
    settings.peers.usesGroups = false
    // The scenario decides which nodes connect. No node may refuse a session because its inbound places are
    // full.
    settings.peers.inbound = nodes.count
    return settings
  }

  /// Stops a node that is up and ends its sessions.
  func stop(_ node: SimulatedNode) {
    guard node.isUp else { return }
    shard(of: node.index).halt(node)
    synchronizeShards()
  }

  func endSessions(of index: Int) {
    for other in sessionPeers(of: index) { endSession(index, other) }
  }

  // MARK: Sessions

  /// Lets `left` dial `right` after `delay`; the session opens when the handshake is done.
  func scheduleConnect(_ left: Int, _ right: Int, after delay: Interval = .zero) {
    let handshake = shards[0].network.handshake(left, right)
    queue.insert(.connect(left, right), at: now + delay + Interval(nanoseconds: handshake))
  }

  /// Opens a session that `left` dialed, if both are up, have no session yet, and the link is not cut.
  func connect(_ left: Int, _ right: Int) {
    guard nodes[left].isUp, nodes[right].isUp else { return }
    let opened = shards.map { $0.network.open(left, right) }
    guard opened.allSatisfy({ $0 != nil }) else { return }
    let outbound = Connection(direction: .outbound(address: nodes[right].name), host: nodes[right].name)
    shard(of: left).handle(connected(nodes[right], outbound), at: nodes[left], tag: 3)
    synchronizeShards()
    guard session(left, right) != 0 else { return }
    let inbound = Connection(direction: .inbound, host: nodes[left].name)
    shard(of: right).handle(connected(nodes[left], inbound), at: nodes[right], tag: 3)
  }

  private func connected(_ node: SimulatedNode, _ connection: Connection) -> ReplicaInput {
    .connected(node.peer, connection, role: node.role, voucher: node.voucher)
  }

  /// Ends a session. The left node learns of it now, the right one 1 ms later.
  func endSession(_ left: Int, _ right: Int) {
    guard session(left, right) != 0 else { return }
    for shard in shards { shard.network.close(left, right) }
    schedule(.disconnected(nodes[right].peer), at: nodes[left], after: .zero)
    schedule(.disconnected(nodes[left].peer), at: nodes[right], after: .milliseconds(1))
  }

  /// Dials again on every link between running nodes that has no session.
  func reconnect() {
    for left in nodes.indices where nodes[left].isUp {
      for right in links[left] where right > left && nodes[right].isUp && session(left, right) == 0 {
        scheduleConnect(left, right)
      }
    }
  }

  /// Gives a node's replica an input after `delay`, unless the node stops before.
  func schedule(_ input: ReplicaInput, at node: SimulatedNode, after delay: Interval) {
    shard(of: node.index).schedule(input, at: node, after: delay)
  }
}
