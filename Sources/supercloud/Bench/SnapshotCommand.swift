import API
import ArgumentParser
import Bench
import Foundation
import Glibc
import Testnet

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

  enum Phase: String, ExpressibleByArgument { case export, join }

  @Option(help: "Running leases.") var leases = 1_000_000
  @Option(help: "Peers that serve the joining node.") var peers = 4
  @Option(help: "The folder of the stores; they are removed afterwards. Default: a temporary one.")
  var folder: String?
  @Option(help: .hidden) var phase: Phase?
  @Option(help: "table or json") var output: OutputFormat = .table

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
      throw Failure("`\(leases)` is not a number of leases", fix: "between 1000 and 10000000", code: 2)
    }
    guard (1...64).contains(peers) else {
      throw Failure("`\(peers)` peers", fix: "between 1 and 64", code: 2)
    }
    defer { try? FileManager.default.removeItem(at: base) }
    let opening = try run.make(leases: leases) { Console.note($0) }
    Console.note("exporting")
    let export = try await Self.child(SnapshotRun.ExportRow.self, "export", base, peers)
    Console.note("joining")
    let join = try await Self.child(SnapshotRun.JoinRow.self, "join", base, peers)
    guard join.leases == leases else { throw Failure("the joined state has \(join.leases) running leases") }
    if output == .json {
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
