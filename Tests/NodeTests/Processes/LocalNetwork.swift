import API
import Foundation
import Glibc

/// A network of real processes in a folder of its own, each started and killed by the test.
final class LocalNetwork {
  struct Plan: Decodable {
    struct Member: Decodable {
      var name: String
      var role: String
      var apiPort: Int
      var peerPort: Int
    }

    var members: [Member]
  }

  let folder: URL
  private(set) var plan: Plan
  /// Where its processes run; nil for this machine's own network.
  var namespace: String?
  /// Nodes that have a namespace of their own, with their addresses.
  private var places: [String: (namespace: String, address: String)] = [:]
  private var processes: [String: Process] = [:]

  init(validators: Int = 4, providers: Int = 0) async throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "network-\(UUID().uuidString.prefix(8))")
    let arguments = [
      "testnet", "init", "--home", folder.path, "--validators", "\(validators)", "--providers",
      "\(providers)",
    ]
    let made = try await Program.run(arguments)
    guard made.status == 0 else { throw TestFailure(made.error) }
    plan = try JSONDecoder().decode(Plan.self, from: Data(contentsOf: folder.appending(path: "testnet.json")))
  }

  deinit {
    for process in processes.values where process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    for process in processes.values { process.waitUntilExit() }
    try? FileManager.default.removeItem(at: folder)
  }

  func home(_ name: String) -> String { folder.appending(path: name).path }

  var validators: [String] { plan.members.filter { $0.role == "validator" }.map(\.name) }
  var names: [String] { plan.members.map(\.name) }

  func client(_ name: String) throws -> NodeClient {
    guard let member = plan.members.first(where: { $0.name == name }) else { throw TestFailure("no \(name)") }
    return try NodeClient("\(places[name]?.address ?? "127.0.0.1"):\(member.apiPort)")
  }

  // MARK: Life and death

  /// `fileLimitKilobytes`: no file can grow beyond it, as on a full disk. `openFiles`: the
  /// limit that holds at the start, and the one that it can be raised to.
  func start(
    _ names: [String],
    arguments: [String] = [],
    fileLimitKilobytes: Int? = nil,
    openFiles: (soft: Int, hard: Int)? = nil
  ) throws {
    for name in names {
      let process = Program.process(
        ["start", "--exit-with-parent", "--home", home(name)] + arguments,
        in: places[name]?.namespace ?? namespace
      )
      var limits = fileLimitKilobytes.map { "trap '' XFSZ; ulimit -f \($0); " } ?? ""
      if let openFiles { limits += "ulimit -Sn \(openFiles.soft); ulimit -Hn \(openFiles.hard); " }
      if !limits.isEmpty, let program = process.executableURL {
        let script = limits + "exec \"$0\" \"$@\""
        process.arguments = ["-c", script, program.path] + (process.arguments ?? [])
        process.executableURL = URL(filePath: "/bin/bash")
      }
      let log = folder.appending(path: "logs/\(name).log")
      if !FileManager.default.fileExists(atPath: log.path) {
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
      }
      let output = try FileHandle(forWritingTo: log)
      try output.seekToEnd()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      processes[name] = process
    }
  }

  /// Makes a home known as a member, so that it is started and asked like the others.
  func add(_ member: Plan.Member) { plan.members.append(member) }

  /// Sends a signal, such as SIGSTOP.
  func signal(_ name: String, _ signal: Int32) {
    if let process = processes[name] { Glibc.kill(process.processIdentifier, signal) }
  }

  func isRunning(_ name: String) -> Bool { processes[name]?.isRunning ?? false }

  /// SIGKILL: the node has no moment to write anything.
  func kill(_ name: String) {
    guard let process = processes[name] else { return }
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// SIGTERM, as an operator stops a node; returns its exit status.
  func stop(_ name: String) async throws -> Int32 {
    guard let process = processes[name] else { throw TestFailure("\(name) was never started") }
    Glibc.kill(process.processIdentifier, SIGTERM)
    guard await Program.until(seconds: 20, { !process.isRunning }) else {
      throw TestFailure("\(name) does not stop\n\(tail(name))")
    }
    return process.terminationStatus
  }

  func log(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(path: "logs/\(name).log"), encoding: .utf8)) ?? ""
  }

  func tail(_ name: String) -> String {
    log(name).split(separator: "\n").suffix(12).joined(separator: "\n")
  }

  /// Gives each of `nodes` a port of the switch, by their order. To be called before any is started.
  func spread(_ nodes: [String], over wires: PacketSwitch) throws {
    for (index, name) in nodes.enumerated() { places[name] = (wires.namespaces[index], wires.address(index)) }
    let first = nodes[0]
    for name in nodes {
      guard let place = places[name], let seed = places[first] else { continue }
      for (file, address) in [("config.toml", place.address), ("network/peers.toml", seed.address)] {
        let url = URL(filePath: home(name)).appending(path: file)
        let text = try String(contentsOf: url, encoding: .utf8)
        try text.replacingOccurrences(of: "127.0.0.1", with: address)
          .write(to: url, atomically: true, encoding: .utf8)
      }
    }
  }

  var spreadNames: [String] { names.filter { places[$0] != nil } }

  // MARK: What they say

  func status(_ name: String) async throws -> Answer.Status {
    try await client(name).get("/v1/status")
  }

  func height(_ name: String) async throws -> UInt64 {
    try await status(name).height
  }

  func block(_ name: String, _ height: UInt64) async throws -> Answer.Block {
    try await client(name).get("/v1/blocks/\(height)")
  }

  /// The first page of a list.
  func list<Item: Codable & Sendable>(
    _ name: String,
    _ path: String,
    _ query: [(String, String?)] = [],
    of type: Item.Type = Item.self
  ) async throws -> [Item] {
    let page: Answer.Page<Item> = try await client(name).get(path, query)
    return page.items
  }

  /// Waits until `condition` holds.
  func expect(
    _ what: String,
    seconds: Double = 90,
    _ condition: () async throws -> Bool
  ) async throws {
    guard await Program.until(seconds: seconds, condition) else {
      var logs = ""
      for name in names where processes[name] != nil {
        logs += "\n\(name): \(await standing(name))\n\(tail(name))\n"
      }
      throw TestFailure("after \(seconds) s not: \(what)\(logs)")
    }
  }

  /// For a reader who has to find out why.
  private func standing(_ name: String) async -> String {
    guard let status = try? await status(name) else { return "does not answer" }
    let peers = try? await client(name).text("/v1/peers")
    return "height \(status.height), round \(status.round), \(status.peers) peers, mempool "
      + "\(status.mempoolTransactions), catching up \(status.catchingUp)\n\(peers ?? "")"
  }

  /// Waits until all of `names` have `height`.
  func expect(_ names: [String], at height: UInt64, seconds: Double = 90) async throws {
    try await expect("\(names.joined(separator: ", ")) at height \(height)", seconds: seconds) {
      for name in names where try await self.height(name) < height { return false }
      return true
    }
  }

  /// Waits until the nodes are up, then compares block and state root at a height that all have.
  func expectAgreement(of names: [String]) async throws -> UInt64 {
    var lowest = UInt64.max
    for name in names { lowest = min(lowest, try await height(name)) }
    var blocks: Set<String> = []
    for name in names {
      let block = try await block(name, lowest)
      blocks.insert(block.identifier + " " + block.stateRoot)
    }
    guard blocks.count == 1 else { throw TestFailure("different blocks at height \(lowest): \(blocks)") }
    return lowest
  }
}
