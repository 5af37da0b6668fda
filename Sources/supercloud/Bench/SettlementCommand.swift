import API
import ArgumentParser
import Bench
import Foundation

/// Measures the cost of blocks for different numbers of running leases.
struct SettlementCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settlement",
    abstract:
      "Open leases, then measure idle blocks, blocks with 100 due accounts and a change of the take rate.",
    discussion: """
      Every lease has a deployment and an escrow account of its own and is opened by an agreement that the ledger
      executes; what that writes is staged like a snapshot that is restored. Measured blocks are executed, put into the
      state tree and committed to a RocksDB store as a node does. Signatures are not made or checked: they cost the same
      at every size. Build in release for figures.
      """
  )

  @Option(help: "Running leases, one measurement for each number.") var leases = "1000,10000,100000,1000000"
  @Option(help: "The folder of the stores; they are removed afterwards. Default: a temporary one.")
  var folder: String?
  @Option(help: "table or json") var output: OutputFormat = .table

  func run() throws {
    let sizes = try leases.split(separator: ",").map { part in
      guard let size = Int(part), (1_000...10_000_000).contains(size) else {
        throw Failure("`\(part)` is not a number of leases", fix: "between 1000 and 10000000", code: 2)
      }
      return size
    }
    let base =
      folder.map { URL(filePath: $0) }
      ?? FileManager.default.temporaryDirectory.appending(path: "supercloud-bench-\(getpid())")
    var rows: [SettlementRow] = []
    for size in sizes {
      let folder = base.appending(path: "\(size)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      var run = try SettlementRun(leases: size, folder: folder) { Console.note($0) }
      rows.append(try run.measure())
    }
    if folder == nil { try? FileManager.default.removeItem(at: base) }
    if output == .json { return try Console.json(rows) }
    Self.show(rows)
  }

  private static func show(_ rows: [SettlementRow]) {
    Console.table(
      [
        "LEASES", "BLOCK", "MEDIAN ms", "OF IT EXECUTION µs", "TREE µs", "COMMIT ms", "STATE B", "WRITTEN B",
        "SAMPLES",
      ],
      rows.flatMap { row in
        [("idle", row.idle), ("100 due", row.due), ("take rate", row.takeRate)].map { name, cost in
          [
            String(row.leases), name, String(format: "%.3f", cost.milliseconds),
            String(format: "%.1f", cost.executionMicroseconds), String(format: "%.1f", cost.treeMicroseconds),
            String(format: "%.3f", cost.commitMilliseconds), String(cost.stateBytes),
            String(cost.writtenBytes),
            String(cost.samples),
          ]
        }
      }
    )
    guard let first = rows.first else { return }
    Console.line()
    for row in rows {
      let opening = String(format: "%.1f", row.openingSeconds)
      Console.line("\(row.leases) leases opened in \(opening) s, memory up to \(row.peakBytes >> 20) MiB")
    }
    for row in rows.dropFirst() {
      Console.line(
        String(
          format: "idle at %d: %.2f × of %d (execution %.2f ×, written bytes %.2f ×)",
          row.leases,
          row.idle.milliseconds / first.idle.milliseconds,
          first.leases,
          row.idle.executionMicroseconds / first.idle.executionMicroseconds,
          Double(row.idle.writtenBytes) / Double(first.idle.writtenBytes)
        )
      )
    }
  }
}
