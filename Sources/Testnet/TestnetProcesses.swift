import API
import Foundation
import Node
import Subprocess

/// Runs the node processes of a testnet, restarts them when they die, and stops them.
struct TestnetProcesses: Sendable {
  private struct Member: Sendable {
    var name: String
    var home: Home
    var arguments: [String]
    var log: URL
  }

  /// A node that ends within this many seconds of its start is not restarted, since it would end again.
  private static let shortestLife = 10.0

  private let restarts: Bool
  private let homes: TestnetHomes
  private let members: [Member]
  private let report: TestnetReport

  /// `restarts`: whether nodes that die are restarted; otherwise their death is an error. `clockOffsets`: by
  /// how many milliseconds each member's clock is ahead; missing entries mean 0.
  init(testnet: LocalTestnet, restarts: Bool, clockOffsets: [Int64], report: @escaping TestnetReport) {
    self.restarts = restarts
    self.report = report
    homes = testnet.homes
    members = testnet.plan.members.enumerated().map { index, member in
      let clock = index < clockOffsets.count ? ["--clock-offset=\(clockOffsets[index])"] : []
      let home = testnet.homes.home(member)
      return Member(
        name: member.name,
        home: home,
        arguments: ["start", "--exit-with-parent", "--take-free-ports", "--home", home.folder.path] + clock,
        log: testnet.homes.log(member)
      )
    }
  }

  /// Runs every node until the task is cancelled and all nodes have ended.
  ///
  /// The first node, the seed, is started alone. The others are told the port that it has bound.
  ///
  /// - Throws: `Failure` when a node ends by itself and is not restarted, `CancellationError` after a
  ///   cancellation.
  func run() async throws {
    // What a killed node left would be taken for the address of the new one.
    for member in members { try? FileManager.default.removeItem(at: member.home.runtime) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      guard let seed = members.first else { return }
      group.addTask { try await keep(seed) }
      group.addTask { try await runOthers(seed) }
      while try await group.next() != nil {}
    }
  }

  private func runOthers(_ seed: Member) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var runtime = seed.home.readRuntime()
    while runtime == nil, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(20))
      runtime = seed.home.readRuntime()
    }
    guard let runtime else {
      throw Failure(
        "\(seed.name) has not opened its ports within 60 s",
        why: "\n" + OwnProgram.tail(of: seed.log),
        fix: "its log is \(seed.log.path)"
      )
    }
    if let first = homes.plan.members.first { try homes.writeSeeds([(first, runtime.peerAddress)]) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for member in members.dropFirst() { group.addTask { try await keep(member) } }
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
