import API
import ArgumentParser
import Foundation
import Primitives
import Simulator

/// Runs complete nodes in virtual time with faults, and reports whether all invariants held.
struct SimulateNetworkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Run whole nodes under faults from one seed, in virtual time.",
    discussion: """
      The nodes run the real code on simulated sockets and disks. The same seed gives the same run: the command that
      is printed replays a failing one.

        supercloud simulate --seeds 1..200 --faults chaos
        supercloud simulate --validators 7 --faults byzantine --seed 42 --trace
        supercloud simulate --seed 42 --faults chaos --shrink

      Exit code 1 when an invariant was violated.
      """
  )

  @Option(help: "The seed of a single run.") var seed: UInt64?
  @Option(help: "A range of seeds, as 1..200.") var seeds: SeedRange?
  @Option(help: "Validators of equal power.") var validators = 4
  @Option(help: "Nodes that follow without voting.") var peers = 0
  @Option(help: "Virtual time of each run: 30s, 10m, 1500ms.") var duration = VirtualDuration(
    milliseconds: 60_000
  )
  @Option(help: "none, light, chaos, byzantine, or a JSON file.", completion: .file()) var faults = "chaos"
  @Option(help: "ed25519, or ideal: signatures that cannot be forged and cost nothing.") var signatures =
    "ideal"
  @Option(help: "Transfers a minute, all users together.") var transfers: UInt64?
  @Option(help: "Orders a minute, all tenants together.") var orders: UInt64?
  @Option(help: ArgumentHelp("Break a rule on purpose, to see it noticed.", visibility: .hidden))
  var brokenRule: String?
  @Flag(help: "Remove faults from a failing run while it still fails, and write the rest to a file.")
  var shrink =
    false
  @Flag(help: "Print the trace of a failing run.") var trace = false
  @Option(help: "Runs in parallel.") var jobs = ProcessInfo.processInfo.activeProcessorCount
  @OptionGroup var output: OutputOption

  func validate() throws {
    guard seed == nil || seeds == nil else { throw ValidationError("--seed and --seeds exclude each other") }
    guard (1...500).contains(validators) else { throw ValidationError("--validators is between 1 and 500") }
    guard (0...5_000).contains(peers) else { throw ValidationError("--peers is between 0 and 5000") }
    guard Scenario.Signatures(rawValue: signatures) != nil else {
      throw ValidationError("--signatures is ed25519 or ideal")
    }
    if let brokenRule, BrokenRule(rawValue: brokenRule) == nil {
      throw ValidationError(
        "--broken-rule is one of \(BrokenRule.allCases.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }

  func run() async throws {
    let base = try scenario()
    let range = seeds.map { $0.first...$0.last } ?? (seed ?? 1)...(seed ?? 1)
    let runner = SimulationRunner(base: base, faults: faults, jobs: max(1, jobs))
    let showsRuns = !output.isJSON
    let reports = try await runner.run(range) { report in
      if showsRuns { SimulationTable.progress(report, of: range) }
    }
    if output.isJSON {
      if seeds == nil, let report = reports.first {
        try Console.json(report)
      } else {
        try Console.json(reports)
      }
    } else {
      SimulationTable.show(reports)
    }
    guard let failed = reports.first(where: { !$0.isClean }) else { return }
    if trace { try replay(failed.seed, base) }
    if shrink { try shrinkRun(failed.seed, base) }
    throw ExitCode(1)
  }

  private func scenario() throws -> Scenario {
    var scenario = Scenario(
      seed: 1,
      validators: validators,
      peers: peers,
      duration: .milliseconds(duration.milliseconds),
      faults: try plan(),
      signatures: Scenario.Signatures(rawValue: signatures) ?? .ideal,
      brokenRule: brokenRule.flatMap(BrokenRule.init(rawValue:))
    )
    if let transfers { scenario.workload.transfersPerMinute = transfers }
    if let orders { scenario.workload.ordersPerMinute = orders }
    return scenario
  }

  private func plan() throws -> FaultPlan {
    if let plan = FaultPlan.named(faults) { return plan }
    guard let data = FileManager.default.contents(atPath: faults) else {
      throw Failure.usage(
        "there are no faults named \(faults)",
        why: "it is neither none, light, chaos, byzantine nor a readable file",
        fix: "such as `supercloud simulate --faults chaos`"
      )
    }
    return try decode(FaultPlan.self, data, of: faults, "a plan of faults")
  }

  private func replay(_ seed: UInt64, _ base: Scenario) throws {
    var scenario = base
    scenario.seed = seed
    // The trace was asked for, so a program gets it too.
    _ = try Simulation.run(scenario) { Console.error($0) }
  }

  private func shrinkRun(_ seed: UInt64, _ base: Scenario) throws {
    var scenario = base
    scenario.seed = seed
    guard var shrinker = try Shrinker(scenario, progress: { Console.note("still fails with \($0)") }) else {
      return
    }
    try shrinker.shrink()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let path = "simulate-\(seed).json"
    try encoder.encode(shrinker.scenario.faults).write(to: URL(filePath: path))
    Console.note("\(shrinker.violation.invariant.rawValue): \(shrinker.violation.text)")
    var command = shrinker.scenario.command(faults: path)
    command += " --transfers \(shrinker.scenario.workload.transfersPerMinute)"
    command += " --orders \(shrinker.scenario.workload.ordersPerMinute) --trace"
    Console.note(command)
  }
}

/// A range of numbers `A..B`; both ends are included.
struct SeedRange: ExpressibleByArgument {
  var first: UInt64
  var last: UInt64

  init?(argument: String) {
    let ends = argument.replacing("...", with: "..").components(separatedBy: "..")
    guard ends.count == 2, let first = UInt64(ends[0]), let last = UInt64(ends[1]), first <= last else {
      return nil
    }
    self.first = first
    self.last = last
  }
}

/// A duration: a number with `ms`, `s`, `m` or `h`.
struct VirtualDuration: ExpressibleByArgument, CustomStringConvertible {
  var milliseconds: UInt64

  init(milliseconds: UInt64) {
    self.milliseconds = milliseconds
  }

  init?(argument: String) {
    let digits = argument.prefix { $0.isNumber }
    guard let count = UInt64(digits), count > 0, count <= 1_000_000_000 else { return nil }
    switch argument.dropFirst(digits.count) {
    case "ms": milliseconds = count
    case "s", "": milliseconds = count * 1_000
    case "m": milliseconds = count * 60_000
    case "h": milliseconds = count * 3_600_000
    default: return nil
    }
  }

  var description: String {
    milliseconds.isMultiple(of: 1_000) ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
  }
}

/// The simulations. Without a subcommand, a network with faults is simulated.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Simulate a network, its gossip or its ledger in virtual time.",
    subcommands: [SimulateNetworkCommand.self, SimulateLedgerCommand.self, SimulateGossipCommand.self],
    defaultSubcommand: SimulateNetworkCommand.self
  )
}
