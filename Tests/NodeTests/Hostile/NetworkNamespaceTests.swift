import API
import Foundation
import Testing

extension RealProcesses {
  /// Nodes in a network namespace of their own, whose loopback loses and delays packets.
  ///
  /// Loss needs `netem` or `iptables` with its `statistic` match, delay needs `netem`. Where the machine refuses, the
  /// test is skipped with what it said.
  @Suite(.serialized) struct NetworkNamespaceTests {
    @Test(
      .enabled(
        if: NetworkNamespace.refusal(of: .loss) == nil,
        "loss: \(NetworkNamespace.refusal(of: .loss) ?? "")"
      )
    )
    func `nodes that lose five packets of a hundred commit and hear every offer`() async throws {
      try await commit(under: .loss)
    }

    @Test(
      .enabled(
        if: NetworkNamespace.refusal(of: .delay) == nil,
        "delay: \(NetworkNamespace.refusal(of: .delay) ?? "")"
      )
    )
    func `nodes twenty milliseconds apart that lose packets commit and hear every offer`() async throws {
      try await commit(under: .delay)
    }

    private func commit(under impairment: NetworkNamespace.Impairment) async throws {
      let space = try NetworkNamespace()
      defer { space.remove() }
      try space.impair(impairment)
      let network = try await LocalNetwork(providers: 2)
      network.namespace = space.name
      try network.start(network.names)
      func ask<Value: Decodable>(_ name: String, _ arguments: [String], as type: Value.Type) async throws
        -> Value
      {
        let arguments = arguments + ["--home", network.home(name), "--output", "json"]
        let result = try await Program.run(arguments, in: space.name)
        guard result.status == 0 else { throw TestFailure(result.error) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(result.output.utf8))
      }
      struct Status: Decodable { var height: UInt64 }
      for name in network.names {
        try await network.expect("\(name) at height 5", seconds: 120) {
          try await ask(name, ["status"], as: Status.self).height >= 5
        }
      }
      // Two providers with eight devices each tell everybody what they have, by gossip alone.
      struct Model: Decodable { var providers: Int }
      for name in network.names {
        try await network.expect("\(name) hears both offers", seconds: 60) {
          try await ask(name, ["market", "gpus"], as: [Model].self).reduce(0) { $0 + $1.providers } >= 2
        }
        struct Traffic: Decodable {
          struct Drop: Decodable {
            var layer: String
            var reason: String
            var count: UInt64
          }
          var drops: [Drop]
        }
        let traffic = try await ask(name, ["peers", "--traffic"], as: Traffic.self)
        let faults = traffic.drops.filter { $0.layer == "fault" && $0.count > 0 }
        #expect(faults.isEmpty, "\(name): \(faults)")
      }
      print("namespace \(space.name), \(impairment): \(space.applied)")
    }
  }
}

/// A Linux network namespace with a loopback that can be made worse.
final class NetworkNamespace {
  enum Impairment: String {
    /// Of 100 packets 5.
    case loss
    /// The same, and 20 ms.
    case delay
  }

  let name = "supercloud-\(UUID().uuidString.prefix(8).lowercased())"
  private(set) var applied = ""

  init() throws {
    try Self.run("ip", ["netns", "add", name])
    do {
      try inside(["ip", "link", "set", "lo", "up"])
    } catch {
      remove()
      throw error
    }
  }

  func remove() { try? Self.run("ip", ["netns", "delete", name]) }

  func impair(_ impairment: Impairment) throws {
    let delay = impairment == .delay ? ["delay", "20ms"] : []
    let netem = ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "5%"] + delay
    let tables = [
      "iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", "0.05", "-j", "DROP",
    ]
    do {
      try inside(netem)
      applied = netem.joined(separator: " ")
    } catch let refusal where impairment == .loss {
      do {
        try inside(tables)
        applied = tables.joined(separator: " ")
      } catch {
        throw TestFailure("\(refusal); \(error)")
      }
    }
  }

  /// What the machine says against an impairment; nil when it can be had.
  static func refusal(of impairment: Impairment) -> String? {
    do {
      let space = try NetworkNamespace()
      defer { space.remove() }
      try space.impair(impairment)
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func inside(_ command: [String]) throws {
    try Self.run("ip", ["netns", "exec", name] + command)
  }

  static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let errors = Pipe()
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = String(decoding: data, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
      throw TestFailure(
        "`\(([program] + arguments.filter { !$0.hasPrefix("supercloud-") }).joined(separator: " "))`: \(text)"
      )
    }
  }
}
