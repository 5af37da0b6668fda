import Chain
import Consensus
import Cryptography
import Gossip
import Ledger
import Primitives
import Replication

extension Shard {
  /// Performs the effects of a replica in their order. Effects that must be durable go to the simulated disk
  /// and are completed when its sync ends.
  func perform(_ effects: [ReplicaEffect], of node: SimulatedNode) {
    var sends: [OutgoingMessage] = []
    func send(_ message: PeerMessage, to peer: PeerID) {
      guard let target = context.index(of: peer) else { return }
      let outgoing = OutgoingMessage(message: message, to: target)
      if node.isHonest { transmit(outgoing, from: node) } else { sends.append(outgoing) }
    }
    for effect in effects {
      switch effect {
      case .log(let record): node.disk.add(.log(record))
      case .sign(let request): requestSignature(request, of: node)
      case .commit(let commit):
        node.disk.add(.commit(commit))
        if context.scenario.brokenRule == .durableBeforeSync {
          schedule(.durable(commit.tip.height), at: node, after: .zero)
        }
      case .keepEvidence(let evidence): node.disk.add(.keepEvidence(evidence))
      case .send(let message, let peers): for peer in peers { send(message, to: peer) }
      case .sendGossip(let message, let peer, let delivery):
        transmit(message, from: node, to: peer, via: delivery)
      case .verifyTransactions(let raw, let block):
        let transactions = raw.compactMap { transaction($0.bytes, hash: $0.hash) }
        let authentic = transactions.count == raw.count ? transactions : nil
        schedule(.transactionsVerified(block: block, authentic), at: node, after: .milliseconds(1))
      case .verify(let object):
        let content = ObjectContent(of: object, on: context.genesis.chain, checkedBy: checks)
        schedule(.objectVerified(object.identifier, content), at: node, after: .milliseconds(1))
      case .schedule(let timer, let delay): arm(timer, after: delay, at: node)
      case .serveBlocks(let peer, let from, let count):
        let blocks = CommittedBlock.answer(from: from, count: count) { node.store.block(at: $0) }
        send(.blocksResponse(blocks), to: peer)
      case .alarm(let alarm): noteAlarm(alarm, at: node)
      case .upgradeNeeded(let version, let height):
        let text = "\(node.name) does not support version \(version), which height \(height) needs"
        trace.log(at: now, text)
      case .dial(let dial): schedule(.dialFailed(dial), at: node, after: .milliseconds(10))
      case .disconnect(let peer, let reason): disconnect(peer, reason, by: node)
      case .enteredRound(let height, let round, _): noteRound(height, round, node)
      case .faulted(let peer, let fault): noteFault(peer, fault, at: node)
      // In the simulator no two nodes have one key.
      case .bookChanged, .validatorsKnown, .answer, .foundOwn: break
      }
    }
    if !sends.isEmpty { sendAltered(sends, by: node) }
    startSync(of: node)
  }

  /// Sends the messages as the Byzantine node's strategies have altered them.
  private func sendAltered(_ messages: [OutgoingMessage], by node: SimulatedNode) {
    let peers = network.sessionPeers(of: node.index)
    for outgoing in node.adversary?.alter(messages, peers: peers) ?? messages {
      transmit(outgoing, from: node)
    }
  }

  /// Schedules a timer of the replica; its delay is measured by the node's own clock.
  private func arm(_ timer: ReplicaTimer, after delay: Interval, at node: SimulatedNode) {
    if context.scenario.brokenRule == .timersIgnored, case .consensus(let timer) = timer {
      switch timer.kind {
      case .propose, .prevote, .precommit: return
      case .maximumBlockInterval, .minimumBlockInterval, .status: break
      }
    }
    schedule(.timeout(timer), at: node, after: node.trueInterval(of: delay))
  }

  // MARK: Notable events

  private func noteAlarm(_ alarm: Alarm, at node: SimulatedNode) {
    trace.log(at: now, "\(node.name) raises an alarm: \(alarm)")
    guard node.isHonest else { return }
    report(.violated(.honestPeers, "raises an alarm: \(alarm)"), at: node)
  }

  private func noteRound(_ height: Height, _ round: Round, _ node: SimulatedNode) {
    guard round > 0 else { return }
    if round > counters.highestRound { counters.highestRound = round }
    counters.roundsAboveZero += 1
    trace.log(at: now, "\(node.name) enters round \(round) of height \(height)")
  }

  private func noteFault(_ peer: PeerID, _ fault: Fault, at node: SimulatedNode) {
    report(.counted(.honestPeers), at: node)
    guard let other = context.index(of: peer).map({ context.nodes[$0] }) else { return }
    trace.log(at: now, "\(node.name) reports a fault of \(other.name): \(fault.rawValue)")
    guard node.isHonest, other.isHonest, fault.weight >= 20 else { return }
    report(
      .violated(.honestPeers, "reports the fault \(fault.rawValue) of \(other.name), which is honest"),
      at: node
    )
  }

  private func disconnect(_ peer: PeerID, _ reason: CloseReason, by node: SimulatedNode) {
    guard let other = context.index(of: peer) else { return }
    trace.log(at: now, "\(node.name) disconnects \(context.nodes[other].name): \(reason)")
    if case .banned = reason { counters.bans += 1 }
    requests.append(.disconnect(node.index, other))
  }
}
