import API
import Foundation
import Node
import Synchronization

/// The node processes of a testnet: started, watched, started again when they die, stopped.
final class TestnetProcesses: Sendable {
  private struct Member {
    var name: String
    var arguments: [String]
    var log: URL
    var process: ChildProcess?
    var startedAt = Date.distantPast
  }

  /// A node that ends sooner than this after its start would end again.
  private static let shortestLife = 10.0

  let logs: URL
  private let restarts: Bool
  private let members: Mutex<[Member]>
  private let report: TestnetReport

  /// `restarts`: nodes that die are started again, as a supervisor would; else their death is an error.
  /// `clockOffsets`: by member; those beyond have right clocks.
  init(
    testnet: LocalTestnet,
    restarts: Bool,
    clockOffsets: [Int64],
    report: @escaping TestnetReport
  ) {
    self.report = report
    self.restarts = restarts
    logs = testnet.folder.appending(path: "logs")
    members = Mutex(
      testnet.plan.members.enumerated().map { index, member in
        let clock = index < clockOffsets.count ? ["--clock-offset=\(clockOffsets[index])"] : []
        return Member(
          name: member.name,
          arguments: ["start", "--exit-with-parent", "--home", testnet.homes.home(member).folder.path]
            + clock,
          log: testnet.homes.log(member)
        )
      }
    )
  }

  func start() throws {
    try members.withLock { members in
      for index in members.indices { try Self.start(&members[index]) }
    }
  }

  private static func start(_ member: inout Member) throws {
    member.process = try ChildProcess(name: member.name, arguments: member.arguments, log: member.log)
    member.startedAt = Date()
  }

  /// Looks after the nodes until the task ends.
  ///
  /// Throws `Failure` when a node ends by itself and is not, or cannot usefully be, started again.
  func watch() async throws {
    while true {
      try await Task.sleep(for: .milliseconds(250))
      try members.withLock { members in
        for index in members.indices {
          guard let process = members[index].process, !process.isRunning else { continue }
          try ended(process, &members[index])
        }
      }
    }
  }

  private func ended(_ process: ChildProcess, _ member: inout Member) throws {
    guard restarts, Date().timeIntervalSince(member.startedAt) > Self.shortestLife else {
      throw Failure(
        "\(process.name) ended by itself, \(process.ending)",
        why: "\n" + process.tail(),
        fix: "its log is \(process.log.path)"
      )
    }
    report(.restarting(process.name, ending: process.ending))
    try Self.start(&member)
  }

  /// Asks all to stop, those that started last first, and waits until they have.
  func stop() async {
    let processes = members.withLock { $0.compactMap(\.process) }
    for process in processes.reversed() { process.stop() }
    for process in processes { await process.waitForExit(within: 10) }
  }
}
