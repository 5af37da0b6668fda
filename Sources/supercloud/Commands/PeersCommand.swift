import API
import ArgumentParser
import Foundation
import Node

struct PeersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "A node's peers; with --traffic what it sent, received and dropped, and why."
  )

  @Flag(help: "Messages and bytes by kind, objects by kind, and drops with their reasons.") var traffic =
    false
  @OptionGroup var node: NodeOption

  func run() async throws {
    if traffic { return try await showTraffic() }
    let peers: [Answer.Peer] = try await node.withClient { try await $0.get("/v1/peers") }
    if node.output == .json { return try Console.json(peers) }
    Console.table(
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
    let network: Answer.Network = try await node.withClient { try await $0.get("/v1/network") }
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
    Console.table(
      ["FIGURE", "VALUE"],
      network.figures.sorted { $0.key < $1.key }.map { [$0.key, "\($0.value)"] }
    )
  }
}
