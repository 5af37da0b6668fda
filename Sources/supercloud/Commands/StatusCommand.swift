import API
import ArgumentParser
import Foundation
import Node

struct StatusCommand: AsyncParsableCommand {
  static let configuration = about("A node's chain, height, peers and roles.", named: "status")

  @OptionGroup var node: NodeOption

  func run() async throws {
    let status: Answer.Status = try await node.get("/v1/status")
    if node.output == .json { return try Console.json(status) }
    Console.line("chain       \(status.chainId)  (genesis \(status.genesis.prefix(16))…)")
    Console.line("node        \(status.moniker), \(status.role), version \(status.version)")
    Console.line("node key    \(status.nodeKey)")
    let isWell = status.problems.isEmpty
    let standing =
      status.catchingUp
      ? "catching up\(status.claimedHeight.map { ", peers have \($0)" } ?? "")"
      : isWell ? "up to date" : "see the problems below"
    Console.line("height      \(status.height)  (\(standing))")
    if status.lowestBlock > 1 {
      Console.line("blocks      from \(status.lowestBlock) on; older ones are pruned")
    }
    Console.line("block time  \(status.time), tick \(status.tick) of \(status.tickMilliseconds) ms")
    Console.line("state root  \(status.stateRoot)")
    Console.line("peers       \(status.peers)")
    Console.line("mempool     \(status.mempoolTransactions) transactions")
    Console.line("market      \(status.orders) orders, \(status.bids) bids, \(status.leases) active leases")
    if let validator = status.validator { Console.line("validator   \(validator)") }
    if let signing = status.signing { show(signing, tip: status.height) }
    if let provider = status.provider { Console.line("provider    \(provider)") }
    // What keeps it from signing stands above.
    for problem in status.problems where !problem.hasPrefix("this node signs nothing") {
      Console.line("problem     \(problem)")
    }
  }

  private func show(_ signing: Answer.Signing, tip: UInt64) {
    let last = signing.lastHeight.map { SignedPlace($0, signing.lastRound ?? 0) }
    let floor = signing.floorHeight.map { SignedPlace($0, signing.floorRound ?? 0) }
    guard signing.signs else {
      Console.line("signing     no: \(signing.reason ?? "")")
      Console.line("            \(SignedPlace.known(last, floor, tip: tip))")
      if let fix = signing.fix { Console.line("            \(fix)") }
      return
    }
    let latest = last.map { "the last was \($0)" } ?? "nothing yet"
    let above = floor.map { ", only above \($0)" } ?? ""
    Console.line("signing     yes, \(latest)\(above)")
  }
}

struct PeersCommand: AsyncParsableCommand {
  static let configuration = about(
    "A node's peers; with --traffic what it sent, received and dropped, and why.",
    named: "peers"
  )

  @Flag(help: "Messages and bytes by kind, objects by kind, and drops with their reasons.") var traffic =
    false
  @OptionGroup var node: NodeOption

  func run() async throws {
    if traffic { return try await showTraffic() }
    let peers: [Answer.Peer] = try await node.get("/v1/peers")
    try node.show(
      peers,
      ["NODE KEY", "ADDRESS", "ROLE", "DIRECTION", "UDP", "HEIGHT", "SCORE"],
      peers.map {
        [
          String($0.nodeKey.prefix(16)), $0.address, $0.role, $0.inbound ? "in" : "out",
          $0.datagrams ? "yes" : "no", "\($0.height)", "\($0.score)",
        ]
      }
    )
  }

  private func showTraffic() async throws {
    let network: Answer.Network = try await node.get("/v1/network")
    if node.output == .json { return try Console.json(network) }
    Console.table(
      ["FRAMES", "SENT", "BYTES", "RECEIVED", "BYTES", "MALFORMED"],
      network.frames.filter { $0.sent + $0.received > 0 }.map {
        [
          $0.kind, "\($0.sent)", "\($0.sentBytes)", "\($0.received)", "\($0.receivedBytes)",
          "\($0.malformed)",
        ]
      }
    )
    Console.line()
    Console.table(
      ["OBJECTS", "RECEIVED", "BYTES", "DUPLICATES", "ACCEPTED", "REFUSED", "FORGED", "DROPPED"],
      network.objects.map {
        [
          $0.kind, "\($0.received)", "\($0.bytes)", "\($0.duplicates)", "\($0.accepted)", "\($0.refused)",
          "\($0.forged)", "\($0.dropped + $0.overOriginLimit)",
        ]
      }
    )
    Console.line()
    Console.table(
      ["LAYER", "REASON", "COUNT"],
      network.drops.filter { $0.count > 0 }.map { [$0.layer, $0.reason, "\($0.count)"] }
    )
    Console.line()
    let figures = network.figures.sorted { $0.key < $1.key }
    Console.table(["FIGURE", "VALUE"], figures.map { [$0.key, "\($0.value)"] })
  }
}
