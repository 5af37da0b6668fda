import ArgumentParser
import Foundation
import Gossip
import Primitives
import Simulator

struct SimulateGossipCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gossip",
    abstract:
      "A network of gossip cores in virtual time: reach, speed, traffic and memory, with and without attackers.",
    discussion: """
      Ten regions with measured delays between them, a signature check of 58 µs, up to 2 ms of batching per hop.
      Exit code 1 when an object misses a connected honest peer, or a condition of the attack is not met.
      """
  )

  @Option(help: "Peers.") var peers = 1_300
  @Option(help: "Of the peers, validators with direct links to each other.") var validators = 0
  @Option(help: "Datagrams that are lost: 0.05 or 5%.") var loss = Share(partsPerMillion: 0)
  @Option(help: "Peers that leave and are replaced while messages are counted.") var churn = Share(
    partsPerMillion: 0
  )
  @Option(help: "Peers that do what --attack says.") var byzantine = Share(partsPerMillion: 0)
  @Option(
    help: ArgumentHelp(
      "What they do: \(GossipScenario.Attack.allCases.map(\.rawValue).joined(separator: ", "))."
    )
  )
  var attack = "drop"
  @Option(help: "Peers that only dial out.") var dialOnly = Share(partsPerMillion: 0)
  @Option(help: "Peers without UDP.") var tcpOnly = Share(partsPerMillion: 0)
  @Option(help: "Objects that are published and measured after the warm-up.") var messages = 40
  @Option(help: "Peers that publish.") var origins = 8
  @Option(help: "Objects that each origin publishes before those.") var warmUp = 16
  @Option(help: "Sessions that each peer dials.") var outbound = 8
  @Option(help: "Suppliers that a peer keeps per origin.") var suppliers = 2
  @Option(help: "The seed of the run.") var seed: UInt64 = 1
  @OptionGroup var output: OutputOption

  func validate() throws {
    guard (20...10_000).contains(peers) else { throw ValidationError("--peers is between 20 and 10000") }
    guard (0...min(peers, 150)).contains(validators) else {
      throw ValidationError("--validators is between 0 and 150, and at most --peers")
    }
    guard (1...100_000).contains(messages) else { throw ValidationError("--messages is at least 1") }
    guard (1...peers / 2).contains(origins) else {
      throw ValidationError("--origins is between 1 and half of --peers")
    }
    guard (0...1_000).contains(warmUp) else { throw ValidationError("--warm-up is between 0 and 1000") }
    guard (1...32).contains(outbound), (1...16).contains(suppliers) else {
      throw ValidationError("--outbound is between 1 and 32, --suppliers between 1 and 16")
    }
    guard GossipScenario.Attack(rawValue: attack) != nil else {
      let names = GossipScenario.Attack.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--attack is one of \(names)")
    }
  }

  func run() throws {
    var scenario = GossipScenario(seed: seed)
    scenario.peers = peers
    scenario.validators = validators
    scenario.lossPartsPerMillion = loss.partsPerMillion
    scenario.churnPartsPerMillion = churn.partsPerMillion
    scenario.byzantinePartsPerMillion = byzantine.partsPerMillion
    scenario.attack = GossipScenario.Attack(rawValue: attack) ?? .drop
    scenario.hiddenPartsPerMillion = dialOnly.partsPerMillion
    scenario.streamOnlyPartsPerMillion = tcpOnly.partsPerMillion
    scenario.messages = messages
    scenario.origins = origins
    scenario.warmUpObjectsPerOrigin = warmUp
    scenario.outbound = outbound
    scenario.settings.dissemination.suppliers = suppliers
    let report = GossipSimulation.run(scenario)
    if output.isJSON { try Console.json(report) } else { GossipTable.show(report) }
    guard report.isPassed else { throw ExitCode(1) }
  }
}

/// A fraction such as `0.05` or `5%`.
struct Share: ExpressibleByArgument, CustomStringConvertible {
  var partsPerMillion: UInt64

  init(partsPerMillion: UInt64) {
    self.partsPerMillion = partsPerMillion
  }

  init?(argument: String) {
    let isPercent = argument.hasSuffix("%")
    guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number.isFinite else {
      return nil
    }
    let share = isPercent ? number / 100 : number
    guard (0...1).contains(share) else { return nil }
    partsPerMillion = UInt64((share * 1_000_000).rounded())
  }

  var description: String { String(Double(partsPerMillion) / 1_000_000) }
}

/// The text of the table output.
enum GossipTable {
  static func show(_ report: GossipReport) {
    func times(_ values: GossipReport.Percentiles, _ unit: String) -> String {
      let texts = [values.p50, values.p99, values.last].map { String(format: "%.1f", $0) + unit }
      return "p50 \(texts[0]), p99 \(texts[1]), last \(texts[2])"
    }
    let attack = report.attack.map { " (\($0))" } ?? ""
    let delivered = report.expectedDeliveries - report.missedDeliveries
    let learnt = report.convergedAtObject.map(String.init) ?? "–"
    let kinds = report.bytesByKind.sorted { $0.key < $1.key }.map { "\($0.key) \(Int($0.value))" }
    Console.line(
      """
      network           \(report.peers) peers, mean degree \(report.meanDegree), \(report.byzantine) Byzantine\(attack), \
      \(report.newcomers) newcomers, loss \(report.loss)
      delivered         \(delivered) of \(report.expectedDeliveries), \(report.messages) messages; \
      within a second \(report.deliveredWithinSecond)
      to a peer         \(times(report.deliveryMilliseconds, " ms"))
      to all peers      \(times(report.allPeersMilliseconds, " ms"))
      hops              \(times(report.hops, ""))
      payload copies    \(report.payloadCopies); learnt from object \(learnt) of an origin
      bytes/peer/s      \(Int(report.bytesPerPeerAndSecond)): \(kinds.joined(separator: ", "))
      checks            \(report.signatureChecksPerObjectAndPeer) signature checks per object and peer
      repair            \(report.requests) requests, \(report.reconciliationRounds) reconciliation rounds, \
      \(report.reconciledObjects) objects
      memory/peer       \(report.memoryPerPeerBytes / 1_024) KiB, largest \(report.largestPeerBytes / 1_024) KiB
      bans              \(report.byzantinePeersBanned) of Byzantine peers, \(report.honestPeersBanned) of honest ones
      """
    )
    Console.table(
      ["CONDITION", "VALUE", "LIMIT", ""],
      report.checks.map {
        [
          $0.name, String(format: "%.1f", $0.value), String(format: "%.1f", $0.limit),
          $0.passed ? "ok" : "FAILED",
        ]
      }
    )
  }
}
