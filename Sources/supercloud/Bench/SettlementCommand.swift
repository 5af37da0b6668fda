import API
import ArgumentParser
import Bench
import Foundation
import Glibc
import Testnet

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
  @Option(
    help: "The folder of the stores; they are removed afterwards. Default: a temporary one.",
    completion: .directory
  )
  var folder: String?
  @OptionGroup var output: OutputOption

  func run() throws {
    let sizes = try leases.split(separator: ",").map { part in
      guard let size = Int(part), (1_000...10_000_000).contains(size) else {
        throw Failure.usage("`\(part)` is not a number of leases", fix: "between 1000 and 10000000")
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
    if output.isJSON { return try Console.json(rows) }
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

/// Measures how a node joins a chain with many leases by a snapshot.
struct SnapshotCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Make a state of many leases, export it as a snapshot, and join by it.",
    discussion: """
      The leases are opened by agreements that the ledger executes, as `bench settlement` does. Export and joining run as \
      processes of their own, so that their memory is their own: the first reads the store through a frozen view, the \
      second runs the machine of a joining node with peers that answer from the snapshot's files, verifies the header, \
      manifest and every chunk, and writes a new store that counts the same running leases. Build in release for figures.
      """
  )

  enum Phase: String, ExpressibleByArgument {
    case export = "export"
    case join = "join"
  }

  @Option(help: "Running leases.") var leases = 1_000_000
  @Option(help: "Peers that serve the joining node.") var peers = 4
  @Option(
    help: "The folder of the stores; they are removed afterwards. Default: a temporary one.",
    completion: .directory
  )
  var folder: String?
  @Option(help: .hidden) var phase: Phase?
  @OptionGroup var output: OutputOption

  func run() async throws {
    let base =
      folder.map { URL(filePath: $0) }
      ?? FileManager.default.temporaryDirectory.appending(path: "supercloud-snapshot-\(getpid())")
    let run = SnapshotRun(folder: base, peers: peers)
    switch phase {
    case .export: return try Console.json(try run.export())
    case .join: return try Console.json(try run.join())
    case nil: break
    }
    guard (1_000...10_000_000).contains(leases) else {
      throw Failure.usage("`\(leases)` is not a number of leases", fix: "between 1000 and 10000000")
    }
    guard (1...64).contains(peers) else { throw Failure.usage("`\(peers)` peers", fix: "between 1 and 64") }
    defer { try? FileManager.default.removeItem(at: base) }
    let opening = try run.make(leases: leases) { Console.note($0) }
    Console.note("exporting")
    let export = try await Self.child(SnapshotRun.ExportRow.self, "export", base, peers)
    Console.note("joining")
    let join = try await Self.child(SnapshotRun.JoinRow.self, "join", base, peers)
    guard join.leases == leases else { throw Failure("the joined state has \(join.leases) running leases") }
    if output.isJSON {
      return try Console.json(Report(leases: leases, openingSeconds: opening, export: export, join: join))
    }
    Self.show(leases, export, join)
  }

  private struct Report: Encodable {
    var leases: Int
    var openingSeconds: Double
    var export: SnapshotRun.ExportRow
    var join: SnapshotRun.JoinRow
  }

  /// Runs a phase in a process of its own and decodes its output.
  private static func child<Row: Decodable>(_ type: Row.Type, _ phase: String, _ folder: URL, _ peers: Int)
    async throws -> Row
  {
    let data = try await OwnProgram.output(of: [
      "bench", "snapshot", "--phase", phase, "--folder", folder.path, "--peers", "\(peers)",
    ])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(data))
  }

  private static func show(_ leases: Int, _ export: SnapshotRun.ExportRow, _ join: SnapshotRun.JoinRow) {
    func mebibytes(_ bytes: UInt64) -> String { String(format: "%.1f MiB", Double(bytes) / 1_048_576) }
    Console.line("\(leases) running leases: \(export.entries) entries of the state")
    Console.line(
      "export  \(String(format: "%.1f", export.seconds)) s  \(mebibytes(export.bytes)) in \(export.chunks) chunks of at"
        + " most \(export.largestChunk) bytes, manifest \(export.manifestBytes) bytes; peak memory"
        + " \(mebibytes(export.peakBytes)), of it \(mebibytes(export.idleBytes)) before it began"
    )
    Console.line(
      "join    \(String(format: "%.1f", join.seconds)) s  \(mebibytes(join.receivedBytes)) received in"
        + " \(join.messages) answers of \(join.peers) peers, store \(mebibytes(join.storeBytes)); peak memory"
        + " \(mebibytes(join.peakBytes)), of it \(mebibytes(join.idleBytes)) before it began"
    )
  }
}
