import API
import Bench
import Foundation
import Simulator
import Synchronization

/// Runs one scenario with many seeds, several at the same time.
struct SimulationRunner: Sendable {
  let base: Scenario
  /// The options as the user gave them, for the command that repeats a run.
  let faults: String
  let jobs: Int

  /// - Returns: The reports in the order of the seeds.
  func run(
    _ seeds: ClosedRange<UInt64>,
    finished: @escaping @Sendable (SimulationReport) -> Void
  ) async throws -> [SimulationReport] {
    try await withThrowingTaskGroup(of: SimulationReport.self) { group in
      var next: UInt64? = seeds.lowerBound
      var reports: [SimulationReport] = []
      func begin() {
        guard let seed = next else { return }
        next = seed < seeds.upperBound ? seed + 1 : nil
        group.addTask { try await one(seed) }
      }
      for _ in 0..<jobs { begin() }
      while let report = try await group.next() {
        finished(report)
        reports.append(report)
        begin()
      }
      return reports.sorted { $0.seed < $1.seed }
    }
  }

  @concurrent
  private func one(_ seed: UInt64) async throws -> SimulationReport {
    var scenario = base
    scenario.seed = seed
    var report = try Simulation.run(scenario)
    report.command = scenario.command(faults: CommandText.quoted(faults))
    return report
  }
}

/// The text of the table output.
enum SimulationTable {
  static func progress(_ report: SimulationReport, of seeds: ClosedRange<UInt64>) {
    if !report.isClean { Console.note("seed \(report.seed): \(report.violations.count) violations") }
    guard Console.isTerminal, seeds.count > 1 else { return }
    Console.status("seed \(report.seed) of \(seeds.lowerBound)..\(seeds.upperBound)")
  }

  static func show(_ reports: [SimulationReport]) {
    if Console.isTerminal { Console.status("") }
    if reports.count <= 20 { rows(reports) } else { rows(reports.filter { !$0.isClean }) }
    for report in reports where !report.isClean {
      Console.line()
      for violation in report.violations.prefix(5) {
        let seconds = String(format: "%.3f", Double(violation.atMilliseconds) / 1_000)
        Console.line("\(violation.invariant.rawValue) at \(seconds) s, \(violation.node): \(violation.text)")
      }
      Console.line("replay: \(report.command) --trace")
    }
    Console.line()
    summary(reports)
  }

  private static func rows(_ reports: [SimulationReport]) {
    guard !reports.isEmpty else { return }
    Console.table(
      [
        "SEED", "HEIGHTS", "ROUNDS>0", "TXS", "LEASES", "CRASHES", "MESSAGES", "VIRTUAL s", "REAL s",
        "RESULT", "TRACE",
      ],
      reports.map { report in
        [
          "\(report.seed)", "\(report.lowestHeight)–\(report.highestHeight)", "\(report.roundsAboveZero)",
          "\(report.transactions)", "\(report.agreements)", "\(report.crashes)", "\(report.messages)",
          "\(report.virtualMilliseconds / 1_000)",
          String(format: "%.1f", Double(report.realMilliseconds) / 1_000),
          report.isClean ? "ok" : report.violations[0].invariant.rawValue,
          String(report.traceHash.prefix(12)),
        ]
      }
    )
  }

  private static func summary(_ reports: [SimulationReport]) {
    let failed = reports.filter { !$0.isClean }.count
    let heights = reports.reduce(0) { $0 + $1.highestHeight }
    let messages = reports.reduce(0) { $0 + $1.messages }
    let bytes = reports.reduce(0) { $0 + $1.bytes }
    let virtual = Double(reports.reduce(0) { $0 + $1.virtualMilliseconds }) / 1_000
    let real = Double(reports.reduce(0) { $0 + $1.realMilliseconds }) / 1_000
    let rounds = reports.reduce(0) { $0 + $1.roundsAboveZero }
    Console.line("runs        \(reports.count), \(failed) with violations")
    Console.line("heights     \(heights), \(rounds) rounds above 0 entered")
    Console.line("messages    \(messages), \(bytes / 1_000_000) MB")
    Console.line(String(format: "time        %.0f s virtual in %.1f s of real time", virtual, real))
    Console.line("memory      \(PeakMemory.bytes >> 20) MiB at most")
    var checks: [String: UInt64] = [:]
    for report in reports { checks.merge(report.checks, uniquingKeysWith: +) }
    Console.table(
      ["INVARIANT", "CHECKS", "VIOLATIONS"],
      Invariant.allCases.map { invariant in
        let violations = reports.reduce(0) { count, report in
          count + report.violations.filter { $0.invariant == invariant }.count
        }
        return [invariant.rawValue, "\(checks[invariant.rawValue] ?? 0)", "\(violations)"]
      }
    )
  }
}
