import Dispatch
public import Primitives

extension Cluster {
  /// Boots every node and lets the faults and the users of the scenario begin.
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

  /// Runs until `condition` holds or `limit` of virtual time has passed; tells whether it holds.
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

  private var nextInstant: Instant? {
    lanes.reduce(queue.nextInstant) { earliest, lane in
      guard let instant = lane.nextInstant else { return earliest }
      return min(instant, earliest ?? instant)
    }
  }

  /// What concerns all lanes happens while they stand still; one lane alone goes step by step, several side by side
  /// until one could hear of another.
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

  /// Takes from the lanes what waited for them to stand still.
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

  /// Shows the observer what the lanes saw, in the order of time.
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

/// Lanes that run side by side.
private struct LanePair: @unchecked Sendable {
  // `@unchecked`: each lane is run by one thread at a time; a lane changes only itself and its own nodes, and what
  // nodes share is constant or behind a mutex (`StateVersion`); all are back before anything else touches them.
  private let lanes: [Lane]

  init(_ lanes: [Lane]) {
    self.lanes = lanes
  }

  func run(until stop: Instant) {
    DispatchQueue.concurrentPerform(iterations: lanes.count) { lanes[$0].run(until: stop) }
  }
}
