import Primitives

/// Makes a failing scenario smaller while it still fails: a shorter run, fewer faults, fewer nodes, fewer users.
public struct Shrinker {
  public private(set) var scenario: Scenario
  public private(set) var violation: Violation
  public private(set) var runs = 0
  private let limit: Int
  private let progress: (String) -> Void

  /// `scenario`: that fails; nil comes back otherwise.
  /// `limit`: of runs.
  public init?(_ scenario: Scenario, limit: Int = 120, progress: @escaping (String) -> Void = { _ in }) throws
  {
    guard let violation = try Simulation.run(scenario).violations.first else { return nil }
    self.scenario = scenario
    self.violation = violation
    self.limit = limit
    self.progress = progress
    // From here on the schedule is written out, so that its parts can be taken away.
    self.scenario.faults.schedule = scenario.faults.schedule(for: scenario)
    if self.scenario.faults.byzantine == nil { self.scenario.faults.byzantine = scenario.tolerated }
  }

  /// Tries everything until nothing helps any more.
  public mutating func shrink() throws {
    var before: Scenario
    repeat {
      before = scenario
      try shorten()
      try removeFaults()
      try simplifyNetwork()
      try removeNodes()
      try calmUsers()
    } while scenario != before && runs < limit
  }

  private mutating func attempt(_ what: String, _ change: (inout Scenario) -> Void) throws -> Bool {
    guard runs < limit else { return false }
    var smaller = scenario
    change(&smaller)
    guard smaller != scenario else { return false }
    runs += 1
    guard
      let found = try Simulation.run(smaller).violations.first(where: { $0.invariant == violation.invariant })
    else {
      return false
    }
    scenario = smaller
    violation = found
    progress(what)
    return true
  }

  private mutating func shorten() throws {
    if violation.invariant != .liveness {
      // The end of the faults moves with the duration, so there is room for the violation before it.
      let needed = max(1_000, 2 * violation.atMilliseconds + 2)
      if needed < scenario.durationMilliseconds {
        _ = try attempt("\(needed) ms") { $0.durationMilliseconds = needed }
      }
    }
    while try attempt("\(scenario.durationMilliseconds / 2) ms", { $0.durationMilliseconds /= 2 }) {}
  }

  private mutating func removeFaults() throws {
    var size = max(1, (scenario.faults.schedule?.count ?? 0) / 2)
    while true {
      var start = 0
      while let schedule = scenario.faults.schedule, start < schedule.count {
        let end = min(start + size, schedule.count)
        let isGone = try attempt("\(schedule.count - (end - start)) faults") {
          $0.faults.schedule?.removeSubrange(start..<end)
        }
        if !isGone { start = end }
      }
      guard size > 1 else { return }
      size /= 2
    }
  }

  private mutating func simplifyNetwork() throws {
    _ = try attempt("no loss") { $0.faults.lossPartsPerMillion = 0 }
    _ = try attempt("no duplication") { $0.faults.duplicationPartsPerMillion = 0 }
    _ = try attempt("no reordering") { $0.faults.reorderPartsPerMillion = 0 }
    _ = try attempt("equal clocks") {
      $0.faults.skewMilliseconds = 0
      $0.faults.driftPartsPerMillion = 0
    }
    _ = try attempt("a fast network") { $0.faults.delays = .lan }
    while let liars = scenario.faults.byzantine, liars > 0,
      try attempt("\(liars - 1) liars", { $0.faults.byzantine = liars - 1 })
    {}
  }

  private mutating func removeNodes() throws {
    _ = try attempt("no peers") { $0.peers = 0 }
    while scenario.peers > 0, try attempt("\(scenario.peers / 2) peers", { $0.peers /= 2 }) {}
    while scenario.validators > 1,
      try attempt("\(scenario.validators - 1) validators", { $0.validators -= 1 })
    {}
  }

  private mutating func calmUsers() throws {
    _ = try attempt("no market") { $0.workload.ordersPerMinute = 0 }
    _ = try attempt("no transfers") { $0.workload.transfersPerMinute = 0 }
  }
}
