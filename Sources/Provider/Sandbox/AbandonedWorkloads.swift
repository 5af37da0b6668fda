import Foundation
import Glibc

/// The workloads in a driver's folder, seen without the driver. They run on when their provider was killed and
/// could not stop them.
public struct AbandonedWorkloads: Sendable {
  private let folder: String

  /// `folder`: a driver's; see `SandboxDriver.Configuration`.
  public init(folder: String) {
    self.folder = folder
  }

  /// The ids of the replicas' supervisors and first processes that run, sorted.
  public var processes: [Int32] { roots.sorted() }

  private var roots: Set<pid_t> {
    var found: Set<pid_t> = []
    for lease in Self.names(in: folder) {
      for name in Self.names(in: "\(folder)/\(lease)") {
        let replica = ReplicaFolder(path: "\(folder)/\(lease)/\(name)")
        if let supervisor = replica.supervisorProcess() { found.insert(supervisor) }
        if let state = replica.readState(), let entry = replica.runningProcess(state) {
          found.insert(entry.process)
        }
      }
    }
    return found
  }

  private static func names(in folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }

  /// Kills every process of the workloads. Returns whether all have ended within 10 s.
  ///
  /// - Throws: `CancellationError`.
  public func end() async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    // A process that has lost its parent is in no family any more, so those found before are kept.
    var known: [pid_t: UInt64] = [:]
    repeat {
      let alive = known.keys.filter { process in
        ProcessEntry(process).map { !$0.isZombie && $0.startTime == known[process] } ?? false
      }
      let family = ProcessTable.family(of: roots.union(alive))
      if family.isEmpty { return true }
      for entry in family {
        known[entry.process] = entry.startTime
        kill(entry.process, SIGKILL)
      }
      try await Task.sleep(for: .milliseconds(25))
    } while ContinuousClock.now < deadline
    return false
  }
}
