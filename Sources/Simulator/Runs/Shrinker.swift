import Primitives

/// Reduces a failing scenario to a smaller one that violates the same invariant: it shortens the run and
/// removes faults, nodes and users' actions as long as the run still fails (delta debugging).
public struct Shrinker {
  /// The smallest failing scenario found so far. It contains its fault schedule explicitly.
  public private(set) var scenario: Scenario
  /// The violation to reproduce: the first in the given scenario's run. After a reduction it is the first
  /// violation of the same invariant in the run of the reduced `scenario`.
  public private(set) var violation: Violation
  /// How many smaller scenarios have been run.
  public private(set) var runs = 0
  private let limit: Int
  private let progress: (String) -> Void

  /// Runs the scenario once. Returns nil when nothing is violated.
  ///
  /// - `limit`: how many smaller scenarios may be run at most.
  /// - `progress`: called after each reduction with a text that says what the scenario was reduced to.
  ///
  /// Throws when the scenario's genesis is invalid.
  public init?(_ scenario: Scenario, limit: Int = 120, progress: @escaping (String) -> Void = { _ in }) throws
  {
    guard let violation = try Simulation.run(scenario).violations.first else { return nil }
    self.scenario = scenario
    self.violation = violation
    self.limit = limit
    self.progress = progress
    // The schedule drawn from the rates is made explicit, so that single faults can be removed from it.
    self.scenario.faults.schedule = scenario.faults.schedule(for: scenario)
    if self.scenario.faults.byzantine == nil { self.scenario.faults.byzantine = scenario.tolerated }
  }

  /// Repeats all reductions until none succeeds any more or the limit of runs is reached.
  public mutating func shrink() throws {
    var before: Scenario
    repeat {
      before = scenario
      try shorten()
      try removeFaults()
      try simplifyNetwork()
      try removeNodes()
      try reduceWorkload()
    } while scenario != before && runs < limit
  }

  /// Runs the changed scenario; keeps it if it violates the same invariant. `what` is told to `progress`.
  private mutating func attempt(_ what: String, _ change: (inout Scenario) -> Void) throws -> Bool {
    guard runs < limit else { return false }
    var smaller = scenario
    change(&smaller)
    guard smaller != scenario else { return false }
    runs += 1
    let violations = try Simulation.run(smaller).violations
    guard let found = violations.first(where: { $0.invariant == violation.invariant }) else { return false }
    scenario = smaller
    violation = found
    progress(what)
    return true
  }

  private mutating func shorten() throws {
    if violation.invariant != .liveness {
      // In a short run, faults end halfway (`Scenario.healsAt`). A run of twice the violation's time still
      // has its faults at that time.
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
    _ = try attempt("exact clocks") {
      $0.faults.skewMilliseconds = 0
      $0.faults.driftPartsPerMillion = 0
    }
    _ = try attempt("the delays of a local network") { $0.faults.delays = .lan }
    while let byzantineCount = scenario.faults.byzantine, byzantineCount > 0,
      try attempt("\(byzantineCount - 1) Byzantine validators", { $0.faults.byzantine = byzantineCount - 1 })
    {}
  }

  private mutating func removeNodes() throws {
    _ = try attempt("no followers") { $0.peers = 0 }
    while scenario.peers > 0, try attempt("\(scenario.peers / 2) followers", { $0.peers /= 2 }) {}
    while scenario.validators > 1,
      try attempt("\(scenario.validators - 1) validators", { $0.validators -= 1 })
    {}
  }

  private mutating func reduceWorkload() throws {
    _ = try attempt("no orders") { $0.workload.ordersPerMinute = 0 }
    _ = try attempt("no transfers") { $0.workload.transfersPerMinute = 0 }
  }
}
