import API
import ArgumentParser
import Bench
import Foundation
import Glibc

/// Measures how long a vote waits at a validator whose links are flooded with transactions.
struct VotesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "votes",
    abstract: "Flood a validator's links with transactions and time how long a vote takes to be handled.",
    discussion: """
      A validator of four runs as a process of its own; this process is another validator of the set and a number of \
      full nodes, all over loopback sockets. The validator sends a signed vote and, behind it on the same link, a request \
      that the replica answers at once. The time from the vote to the answer is an upper bound of how long the vote \
      waited: it includes the check of its signature and the way back. The same is measured without and with a flood of \
      frames of transactions on every other link.

      On a machine that does other work the threads wait for a core, too; that wait is in the figures, and how long it was \
      altogether is printed. As root, the measured threads are given real-time priority, so that the wait is short.
      """
  )

  @Option(help: "Links that are flooded.") var links = 16
  @Option(help: "How long to measure with the flood, and as long again without.") var seconds: UInt64 = 10
  @Option(help: "Votes a second.") var rate: UInt64 = 200
  @Option(help: "The node program to measure, such as an older build. Default: this one.") var program:
    String?
  @Option(help: "table or json") var output: OutputFormat = .table

  func run() async throws {
    func check(_ name: String, _ value: UInt64, _ range: ClosedRange<UInt64>) throws {
      guard !range.contains(value) else { return }
      throw Failure(
        "--\(name) \(value) is out of range",
        fix: "between \(range.lowerBound) and \(range.upperBound)",
        code: 2
      )
    }
    try check("links", UInt64(clamping: links), 0...48)
    try check("seconds", seconds, 1...600)
    try check("rate", rate, 1...500)
    let folder = FileManager.default.temporaryDirectory.appending(path: "supercloud-votes-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = VotesRun(
      folder: folder,
      links: links,
      rate: rate,
      program: program.map { URL(filePath: $0) },
      progress: { Console.note($0) }
    )
    let rows = try await run.measure(seconds: seconds)
    if output == .json { return try Console.json(rows) }
    func text(_ value: Double) -> String { String(format: "%.3f", value) }
    Console.table(
      [
        "links flooded", "MiB/s read", "votes", "p50 ms", "p99 ms", "max ms", "unanswered",
        "waited for a core",
      ],
      rows.map { row in
        [
          "\(row.floodedLinks)", String(format: "%.0f", row.mebibytesPerSecond), "\(row.votes)",
          text(row.p50Milliseconds), text(row.p99Milliseconds), text(row.maximumMilliseconds),
          "\(row.unanswered)", String(format: "%.1f %%", row.coreWaitPercent),
        ]
      }
    )
  }
}
