import Dispatch
public import Primitives

extension Cluster {
  /// Starts every node and schedules the scenario's faults and users' actions. Call it once, before `run`.
  public func start() {
    for node in nodes { boot(node) }
    for (index, fault) in faults.enumerated() {
      let begins = Instant.zero + .milliseconds(fault.atMilliseconds)
      queue.insert(.faultBegins(index), at: begins)
      queue.insert(.faultEnds(index), at: begins + .milliseconds(fault.forMilliseconds))
      if fault.kind == .partition || fault.kind == .oneWayCut, fault.forMilliseconds > 2_000 {
        queue.insert(.cutSessionsEnd(index), at: begins + .milliseconds(2_000))
      }
    }
    queue.insert(.heals, at: scenario.healsAt)
    for (step, delay) in workload.firstSteps() { queue.insert(.work(step), at: now + delay) }
  }

  /// Runs until `condition` holds or `limit` of virtual time has passed. Returns whether the condition holds.
  /// The condition is checked after every step. A step is one event; with several shards, it is one event of
  /// the cluster, or a run of all shards for up to `ShardPlan.lookahead`.
  @discardableResult
  public func run(for limit: Interval, until condition: (Cluster) -> Bool = { _ in false }) -> Bool {
    let end = now + limit
    while let first = nextInstant, first <= end {
      advance(from: first, until: end)
      synchronizeShards()
      if condition(self) { return true }
    }
    now = max(now, end)
    return condition(self)
  }

  /// When the next event happens; nil when there is none.
  private var nextInstant: Instant? {
    shards.reduce(queue.nextInstant) { earliest, shard in
      guard let instant = shard.nextInstant else { return earliest }
      return min(instant, earliest ?? instant)
    }
  }

  /// Handles the next event of the cluster, or else lets the shards run. An event of the cluster may concern
  /// several shards, so it is handled while none of them runs. If there is one shard, it handles one event.
  /// Several shards run in parallel for `ShardPlan.lookahead`, since no message sent in that time arrives in
  /// another shard before the time is over.
  private func advance(from first: Instant, until end: Instant) {
    if let (at, event) = queue.next(until: first) {
      now = max(now, at)
      return handle(event)
    }
    if shards.count == 1 {
      shards[0].step()
    } else {
      var stop = min(first + context.shards.lookahead, end + Interval(nanoseconds: 1))
      if let instant = queue.nextInstant { stop = min(stop, instant) }
      ParallelShards(shards: shards).run(until: stop)
    }
    now = shards.reduce(now) { max($0, $1.now) }
  }

  private func handle(_ event: Event) {
    switch event {
    case .connect(let left, let right): connect(left, right)
    case .faultBegins(let index): begin(faults[index])
    case .faultEnds(let index): end(faults[index])
    case .cutSessionsEnd(let index): endCutSessions(faults[index])
    case .work(let step):
      trace.record(at: now, node: -1, tag: 6, 0)
      perform(step)
    case .heals: heal()
    }
  }

  /// Performs, while no shard runs, what the shards have postponed: messages between shards, observations, and
  /// ends of sessions.
  func synchronizeShards() {
    for shard in shards {
      for other in shards where other.index != shard.index { shard.receive(from: other) }
    }
    forwardObservations()
    for shard in shards {
      while !shard.requests.isEmpty {
        switch shard.requests.removeFirst() {
        case .disconnect(let left, let right):
          endSession(left, right)
          scheduleConnect(left, right, after: .seconds(5))
        case .nodeStopped(let index): endSessions(of: index)
        }
      }
    }
  }

  /// Passes the observations of all shards to the observer, in the order of time.
  private func forwardObservations() {
    guard shards.contains(where: { !$0.observations.isEmpty }) else { return }
    var next = shards.map { _ in 0 }
    while true {
      let waiting = shards.indices.filter { next[$0] < shards[$0].observations.count }
      func when(_ shard: Int) -> Instant { shards[shard].observations[next[shard]].at }
      guard let first = waiting.min(by: { when($0) < when($1) }) else { break }
      let (at, node, what) = shards[first].observations[next[first]]
      next[first] += 1
      switch what {
      case .counted(let invariant): observer.count(invariant)
      case .violated(let invariant, let text): observer.violated(invariant, at: at, node, text)
      case .committed(let commit): observer.committed(commit, by: node, at: at)
      case .released(let message, let key): observer.released(message, by: node, key, at: at)
      }
    }
    for shard in shards { shard.observations.removeAll(keepingCapacity: true) }
  }
}

/// Shards that run in parallel. One thread may run several of them, one after another.
private struct ParallelShards: @unchecked Sendable {
  // This is safe though unchecked: one thread at a time runs a shard, a shard changes only itself and its own
  // nodes, and what nodes share is constant or protected by a mutex (`StateVersion`). `run` returns when all
  // threads are done.
  let shards: [Shard]

  /// Handles the events of all shards before `stop`.
  func run(until stop: Instant) {
    DispatchQueue.concurrentPerform(iterations: shards.count) { shards[$0].run(until: stop) }
  }
}
