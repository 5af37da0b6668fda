import Dispatch
public import Primitives

extension Cluster {
  /// Starts every node and schedules the faults and the users' actions of the scenario. Call it once, before
  /// `run`.
  public func start() {
    for node in nodes { boot(node) }
    for (index, fault) in faults.enumerated() {
      let begins = Instant.zero + .milliseconds(fault.atMilliseconds)
      queue.insert(.faultBegins(index), at: begins)
      queue.insert(.faultEnds(index), at: begins + .milliseconds(fault.forMilliseconds))
      guard fault.kind == .partition || fault.kind == .oneWayCut, fault.forMilliseconds > 2_000 else {
        continue
      }
      queue.insert(.severed(index), at: begins + .milliseconds(2_000))
    }
    queue.insert(.heals, at: scenario.healsAt)
    for (step, delay) in workload.firstSteps() { queue.insert(.work(step), at: now + delay) }
  }

  /// Runs until `condition` holds or `limit` of virtual time has passed. Returns whether the condition holds.
  /// It is checked after every step, and in a network of several lanes after every step of all lanes.
  @discardableResult
  public func run(for limit: Interval, until condition: (Cluster) -> Bool = { _ in false }) -> Bool {
    let end = now + limit
    while let first = nextInstant, first <= end {
      advance(from: first, until: end)
      settle()
      if condition(self) { return true }
    }
    now = max(now, end)
    return condition(self)
  }

  /// When the next event happens; nil when there is none.
  private var nextInstant: Instant? {
    lanes.reduce(queue.nextInstant) { earliest, lane in
      guard let instant = lane.nextInstant else { return earliest }
      return min(instant, earliest ?? instant)
    }
  }

  /// Handles the next event of the cluster, or else lets the lanes run. An event of the cluster may concern
  /// several lanes, so it is handled while none of them runs. A single lane handles one event. Several lanes
  /// run in parallel for `LanePlan.lookahead`: no message that is sent in that time arrives in another lane
  /// before its end.
  private func advance(from first: Instant, until end: Instant) {
    if let (at, occurrence) = queue.next(until: first) {
      now = max(now, at)
      return happen(occurrence)
    }
    if lanes.count == 1 {
      lanes[0].step()
    } else {
      var stop = min(first + stage.lanes.lookahead, end + Interval(nanoseconds: 1))
      if let instant = queue.nextInstant { stop = min(stop, instant) }
      LanePair(lanes).run(until: stop)
    }
    now = lanes.reduce(now) { max($0, $1.now) }
  }

  private func happen(_ occurrence: Occurrence) {
    switch occurrence {
    case .meet(let left, let right): meet(left, right)
    case .faultBegins(let index): begin(faults[index])
    case .faultEnds(let index): end(faults[index])
    case .severed(let index): sever(faults[index])
    case .work(let step):
      trace.record(at: now, node: -1, tag: 6, 0)
      perform(step)
    case .heals: heal()
    }
  }

  /// Carries out, while no lane runs, what the lanes have left for this moment: messages between lanes,
  /// observations, and ends of sessions.
  func settle() {
    for lane in lanes {
      for other in lanes where other.index != lane.index { lane.receive(from: other) }
    }
    watch()
    for lane in lanes {
      while !lane.requests.isEmpty {
        switch lane.requests.removeFirst() {
        case .part(let left, let right):
          part(left, right)
          arrangeMeeting(left, right, after: .seconds(5))
        case .gone(let index): endSessions(of: index)
        }
      }
    }
  }

  /// Gives the observer what the lanes have observed, in the order of time.
  private func watch() {
    guard lanes.contains(where: { !$0.sightings.isEmpty }) else { return }
    var next = lanes.map { _ in 0 }
    while true {
      let waiting = lanes.indices.filter { next[$0] < lanes[$0].sightings.count }
      guard
        let first = waiting.min(by: { lanes[$0].sightings[next[$0]].at < lanes[$1].sightings[next[$1]].at })
      else { break }
      let (at, node, what) = lanes[first].sightings[next[first]]
      next[first] += 1
      switch what {
      case .counted(let invariant): observer.count(invariant)
      case .violated(let invariant, let text): observer.violated(invariant, at: at, node, text)
      case .committed(let commit): observer.committed(commit, by: node, at: at)
      case .released(let message, let key): observer.released(message, by: node, key, at: at)
      }
    }
    for lane in lanes { lane.sightings.removeAll(keepingCapacity: true) }
  }
}

/// Lanes that run in parallel, each on its own thread.
private struct LanePair: @unchecked Sendable {
  // This is safe though unchecked: one thread at a time runs a lane, a lane changes only itself and its own
  // nodes, and what nodes share is constant or protected by a mutex (`StateVersion`). `run` returns when all
  // threads are done.
  private let lanes: [Lane]

  init(_ lanes: [Lane]) {
    self.lanes = lanes
  }

  /// Handles the events of all lanes before `stop`.
  func run(until stop: Instant) {
    DispatchQueue.concurrentPerform(iterations: lanes.count) { lanes[$0].run(until: stop) }
  }
}
