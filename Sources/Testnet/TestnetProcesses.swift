import API
import Foundation
import Node

/// Runs the node processes of a testnet, restarts them when they die, and stops them.
struct TestnetProcesses: Sendable {
  private struct Member: Sendable {
    var name: String
    var arguments: [String]
    var log: URL
  }

  /// A node that ends within this many seconds of its start is not restarted, since it would end again.
  private static let shortestLife = 10.0

  private let restarts: Bool
  private let members: [Member]
  private let report: TestnetReport

  /// `restarts`: whether nodes that die are restarted; otherwise their death is an error. `clockOffsets`: by
  /// how many milliseconds each member's clock is ahead; missing entries mean 0.
  init(testnet: LocalTestnet, restarts: Bool, clockOffsets: [Int64], report: @escaping TestnetReport) {
    self.restarts = restarts
    self.report = report
    members = testnet.plan.members.enumerated().map { index, member in
      let clock = index < clockOffsets.count ? ["--clock-offset=\(clockOffsets[index])"] : []
      return Member(
        name: member.name,
        arguments: ["start", "--exit-with-parent", "--home", testnet.homes.home(member).folder.path]
          + clock,
        log: testnet.homes.log(member)
      )
    }
  }

  /// Runs every node until the task is cancelled and all nodes have ended.
  ///
  /// - Throws: `Failure` when a node ends by itself and is not restarted, `CancellationError` after a
  ///   cancellation.
  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for member in members { group.addTask { try await keep(member) } }
      while try await group.next() != nil {}
    }
  }

  private func keep(_ member: Member) async throws {
    while true {
      let startedAt = Date()
      let status = try await OwnProgram.run(member.arguments, log: member.log)
      try Task.checkCancellation()
      guard restarts, Date().timeIntervalSince(startedAt) > Self.shortestLife else {
        throw Failure(
          "\(member.name) ended by itself, \(status.words)",
          why: "\n" + OwnProgram.tail(of: member.log),
          fix: "its log is \(member.log.path)"
        )
      }
      report(.restarting(member.name, ending: status.words))
    }
  }
}
