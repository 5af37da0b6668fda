import Chain
import Primitives
import Replication

extension Cluster {
  /// Applies a fault to the nodes and the network.
  func begin(_ fault: TimedFault) {
    trace.record(at: now, node: fault.nodes.first ?? -1, tag: 4, fault.forMilliseconds)
    let victims = fault.nodes.filter(nodes.indices.contains).map { nodes[$0] }
    let names = victims.map(\.name).joined(separator: ", ")
    trace.log(at: now, "\(fault.kind.rawValue) of \(names) for \(fault.forMilliseconds) ms")
    let until = now + .milliseconds(fault.forMilliseconds)
    switch fault.kind {
    case .crash:
      for node in victims {
        node.activeCrashFaults += 1
        stop(node)
      }
    case .partition: cut(victims.map(\.index), 1)
    case .oneWayCut: cutOneWay(victims.map(\.index), 1)
    case .diskStall: for node in victims { node.disk.stalledUntil = max(until, node.disk.stalledUntil) }
    case .fullDisk: for node in victims { node.disk.isFull = true }
    case .pause: for node in victims { node.pausedUntil = max(until, node.pausedUntil) }
    }
  }

  /// Takes a fault back: nodes start again unless another fault holds them, and sessions are opened again.
  func end(_ fault: TimedFault) {
    trace.record(at: now, node: fault.nodes.first ?? -1, tag: 5, fault.forMilliseconds)
    let victims = fault.nodes.filter(nodes.indices.contains)
    switch fault.kind {
    case .crash, .fullDisk:
      for node in victims.map({ nodes[$0] }) {
        if fault.kind == .crash { node.activeCrashFaults -= 1 } else { node.disk.isFull = false }
        if node.activeCrashFaults == 0, !node.isUp { boot(node) }
      }
    case .partition:
      cut(victims, -1)
      reconnect()
    case .oneWayCut:
      cutOneWay(victims, -1)
      reconnect()
    case .diskStall, .pause: break
    }
  }

  /// Cuts all links between `side` and the other nodes in both directions. `change` is 1 to begin and -1 to
  /// end a cut; a link passes messages again when no fault cuts it.
  func cut(_ side: [Int], _ change: Int) {
    let inside = Set(side)
    for left in side {
      for right in nodes.indices where !inside.contains(right) {
        for shard in shards {
          shard.network.changeCuts(left, right, change)
          shard.network.changeCuts(right, left, change)
        }
      }
    }
  }

  /// Cuts the link from the first of two `victims` to the second; `change` as in `cut`.
  private func cutOneWay(_ victims: [Int], _ change: Int) {
    guard victims.count == 2 else { return }
    for shard in shards { shard.network.changeCuts(victims[0], victims[1], change) }
  }

  /// Ends the sessions that a cut affects. It is called 2 s after a partition or a one-way cut began, as real
  /// sessions time out when nothing arrives.
  func endCutSessions(_ fault: TimedFault) {
    for left in fault.nodes where nodes.indices.contains(left) {
      for right in sessionPeers(of: left) where isCut(left, right) || isCut(right, left) {
        endSession(left, right)
      }
    }
  }

  /// Makes the network reliable, ends full disks and pauses, and starts the nodes that are down. Cuts and disk
  /// stalls have ended by then, each at its own time. Byzantine validators continue to misbehave.
  func heal() {
    isHealed = true
    for shard in shards { shard.network.isUnreliable = false }
    for node in nodes {
      node.disk.isFull = false
      node.activeCrashFaults = 0
      node.pausedUntil = .zero
      if !node.isUp { boot(node) }
    }
    reconnect()
    healedHeight = nodes.filter(\.isHonest).map { $0.store.tip.height }.max() ?? 0
    trace.log(at: now, "all faults of network and nodes are over; the highest height is \(healedHeight)")
  }

  /// How many heights above `healedHeight` every honest node must have when the run ends.
  static var heightsAfterHealing: Height { 3 }

  /// Checks what can be checked only at the end of a run: liveness and, once more, the sums of the ledger.
  public func checkFinalState() {
    for node in nodes where node.isHonest {
      observer.count(.liveness)
      let height = node.store.tip.height
      if height < healedHeight + Self.heightsAfterHealing {
        let state = node.replica.map { "round \($0.round)" } ?? "down"
        let text =
          "has height \(height) (\(state)) at the end; all faults were over at \(scenario.healsAt.nanoseconds / 1_000_000_000) s with the highest height \(healedHeight), so at least \(healedHeight + Self.heightsAfterHealing) was due"
        observer.violated(.liveness, at: now, node, text)
      }
    }
    if let node = nodes.first(where: \.isHonest) { observer.audit(node.store, node, now) }
    for decision in observer.decisions { trace.record(decision.block) }
  }
}
