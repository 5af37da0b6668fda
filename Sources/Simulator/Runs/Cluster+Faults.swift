import Chain
import Primitives
import Replication

extension Cluster {
  func begin(_ fault: TimedFault) {
    trace.record(at: now, node: fault.nodes.first ?? -1, tag: 4, fault.forMilliseconds)
    let names = fault.nodes.filter(nodes.indices.contains).map { nodes[$0].name }.joined(separator: ", ")
    trace.tell(at: now, "\(fault.kind.rawValue) of \(names) for \(fault.forMilliseconds) ms")
    let until = now + .milliseconds(fault.forMilliseconds)
    let victims = fault.nodes.filter(nodes.indices.contains)
    switch fault.kind {
    case .crash:
      for index in victims {
        nodes[index].downs += 1
        stop(nodes[index])
      }
    case .partition: cut(victims, 1)
    case .oneWayCut: cutOneWay(victims, 1)
    case .diskStall:
      for index in victims { nodes[index].disk.stalledUntil = max(until, nodes[index].disk.stalledUntil) }
    case .fullDisk:
      for index in victims { nodes[index].disk.isFull = true }
    case .pause:
      for index in victims { nodes[index].pausedUntil = max(until, nodes[index].pausedUntil) }
    }
  }

  func end(_ fault: TimedFault) {
    trace.record(at: now, node: fault.nodes.first ?? -1, tag: 5, fault.forMilliseconds)
    let victims = fault.nodes.filter(nodes.indices.contains)
    switch fault.kind {
    case .crash:
      for index in victims {
        nodes[index].downs -= 1
        if nodes[index].downs == 0, !nodes[index].isUp { boot(nodes[index]) }
      }
    case .partition:
      cut(victims, -1)
      reconnect()
    case .oneWayCut:
      cutOneWay(victims, -1)
      reconnect()
    case .fullDisk:
      for index in victims {
        nodes[index].disk.isFull = false
        if nodes[index].downs == 0, !nodes[index].isUp { boot(nodes[index]) }
      }
    case .diskStall, .pause: break
    }
  }

  func cut(_ side: [Int], _ change: Int) {
    let inside = Set(side)
    for left in side {
      for right in nodes.indices where !inside.contains(right) {
        for lane in lanes {
          lane.network.cut(left, right, change)
          lane.network.cut(right, left, change)
        }
      }
    }
  }

  private func cutOneWay(_ victims: [Int], _ change: Int) {
    guard victims.count == 2 else { return }
    for lane in lanes { lane.network.cut(victims[0], victims[1], change) }
  }

  /// Sessions whose ends do not hear each other end.
  func sever(_ fault: TimedFault) {
    for left in fault.nodes where nodes.indices.contains(left) {
      for right in sessionPeers(of: left) where isCut(left, right) || isCut(right, left) {
        part(left, right)
      }
    }
  }

  /// All faults but lies are over.
  func heal() {
    isHealed = true
    for lane in lanes { lane.network.isRough = false }
    for node in nodes {
      node.disk.isFull = false
      node.downs = 0
      node.pausedUntil = .zero
      if !node.isUp { boot(node) }
    }
    reconnect()
    healedHeight = nodes.filter(\.isHonest).map { $0.store.tip.height }.max() ?? 0
    trace.tell(at: now, "the network is whole again at height \(healedHeight)")
  }

  /// Heights that the whole network must add on every honest node before the run ends.
  static var heightsAfterHealing: Height { 3 }

  /// Looks at what can only be judged in the end.
  public func judge() {
    for node in nodes where node.isHonest {
      observer.count(.liveness)
      let height = node.store.tip.height
      if height < healedHeight + Self.heightsAfterHealing {
        let standing = node.replica.map { "round \($0.round)" } ?? "down"
        observer.violated(
          .liveness,
          at: now,
          node,
          "height \(height) (\(standing)) at the end; the network was whole from \(scenario.healsAt.nanoseconds / 1_000_000_000) s on at height \(healedHeight)"
        )
      }
    }
    if let node = nodes.first(where: \.isHonest) { observer.audit(node.store, node, now) }
    for decision in observer.decisions { trace.record(decision.block) }
  }
}
