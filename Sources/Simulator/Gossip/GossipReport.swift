import Gossip
import Primitives

/// The result of a run of a gossip network. It is the JSON output of `supercloud simulate gossip`. Shares are
/// between 0 and 1; times are virtual time.
public struct GossipReport: Codable, Sendable {
  /// The median, the 99th percentile and the greatest value of a measurement.
  public struct Percentiles: Codable, Sendable {
    public var p50 = 0.0
    public var p99 = 0.0
    public var last = 0.0
  }

  /// One condition that the run must meet: `value` is at most `limit`, unless the name says "at least".
  public struct Check: Codable, Sendable {
    public var name: String
    public var value: Double
    public var limit: Double
    public var passed: Bool
  }

  public var seed: UInt64 = 0
  /// The name of the dissemination strategy; `supercloud` is the node's own.
  public var strategy = ""
  /// The number of peers at the beginning.
  public var peers = 0
  public var validators = 0
  public var byzantine = 0
  /// The number of peers that joined during the run.
  public var newcomers = 0
  /// The probability that the network loses a datagram, as the scenario sets it.
  public var loss = 0.0
  /// The name of the attack; nil without Byzantine peers.
  public var attack: String?
  /// The number of objects that were counted.
  public var messages = 0
  /// Mean number of sessions of an honest peer at the end.
  public var meanDegree = 0.0
  /// The share of expected deliveries that happened. A delivery is expected for each counted object and each
  /// honest peer to which a path of honest peers led from the object's origin.
  public var delivered = 0.0
  public var expectedDeliveries = 0
  public var missedDeliveries = 0
  /// The share of expected deliveries that took at most 1 s.
  public var deliveredWithinSecond = 0.0
  /// The number of pairs of a counted object and an honest peer to which no path of honest peers led.
  public var unconnected = 0
  /// The number of hops that a peer's first copy took from the origin.
  public var hops = Percentiles()
  /// Milliseconds from publication to acceptance by a peer, over all deliveries.
  public var deliveryMilliseconds = Percentiles()
  /// Milliseconds from publication to acceptance by the last peer, over all counted objects.
  public var allPeersMilliseconds = Percentiles()
  /// Mean number of copies of a counted object that an honest peer received.
  public var payloadCopies = 0.0
  /// Like `payloadCopies`, for the first, second, … object of an origin in the warm-up, when routes are
  /// learnt.
  public var copiesWhileLearning: [Double] = []
  /// The first place in `copiesWhileLearning`, counted from 1, from which on all values are at most 2.1. Nil
  /// when the last value is above 2.1.
  public var convergedAtObject: Int?
  /// Bytes on the wire that an honest peer sent per second while messages were counted.
  public var bytesPerPeerAndSecond = 0.0
  /// `bytesPerPeerAndSecond` by purpose of the message.
  public var bytesByKind: [String: Double] = [:]
  /// Messages that an honest peer sent per second while messages were counted.
  public var messagesPerPeerAndSecond = 0.0
  /// Signature checks of an honest peer per counted object.
  public var signatureChecksPerObjectAndPeer = 0.0
  /// Reconciliations, objects that they brought, requests for announced objects; all honest peers together.
  public var reconciliationRounds: UInt64 = 0
  public var reconciledObjects: UInt64 = 0
  public var requests: UInt64 = 0
  /// Mean memory of an honest peer's tables, as the machine reports it.
  public var memoryPerPeerBytes = 0
  /// The greatest memory of an honest peer's tables.
  public var largestPeerBytes = 0
  /// Faults that honest peers reported, by name; faults of honest peers have the prefix `honest:`.
  public var faults: [String: Int] = [:]
  /// The number of bans of honest peers. A peer that several peers banned counts as often.
  public var honestPeersBanned = 0
  /// The same for Byzantine peers.
  public var byzantinePeersBanned = 0
  public var virtualSeconds = 0.0
  public var events: UInt64 = 0
  public var checks: [Check] = []

  /// Whether all conditions are met.
  public var isPassed: Bool { checks.allSatisfy(\.passed) }

  public init() {}
}

extension GossipNetwork {
  /// Computes the report from the measurements, but leaves `checks` empty.
  func report(strategy: String) -> GossipReport {
    var report = GossipReport()
    report.seed = scenario.seed
    report.strategy = strategy
    report.peers = scenario.peers
    report.validators = scenario.validators
    report.byzantine = peers.count { $0.isByzantine }
    report.newcomers = peers.count - scenario.peers
    report.loss = Double(scenario.lossPartsPerMillion) / 1_000_000
    report.attack = report.byzantine > 0 ? scenario.attack.rawValue : nil
    report.virtualSeconds = Double(now.nanoseconds) / 1e9
    report.events = handled
    deliveries(&report)
    copies(&report)
    traffic(&report)
    machines(&report)
    report.faults = measure.faults
    for (fault, count) in measure.honestFaults { report.faults["honest:\(fault)"] = count }
    report.honestPeersBanned = measure.honestBans
    report.byzantinePeersBanned = measure.byzantineBans
    return report
  }

  private func deliveries(_ report: inout GossipReport) {
    var delays: [Double] = []
    var lasts: [Double] = []
    var hops: [Double] = []
    for track in measure.tracks where track.isCounted {
      report.messages += 1
      var last = 0.0
      for (index, peer) in peers.enumerated() where peer.isHonest && peer.joinedAt < track.publishedAt {
        guard index != track.origin else { continue }
        guard track.reachable[index] else {
          report.unconnected += 1
          continue
        }
        report.expectedDeliveries += 1
        guard track.delays[index] != .max else {
          report.missedDeliveries += 1
          continue
        }
        let delay = Double(track.delays[index]) / 1_000
        delays.append(delay)
        hops.append(Double(track.hops[index]))
        last = max(last, delay)
      }
      lasts.append(last)
    }
    let reached = report.expectedDeliveries - report.missedDeliveries
    report.delivered = share(reached, report.expectedDeliveries)
    report.deliveredWithinSecond = share(delays.count { $0 <= 1_000 }, report.expectedDeliveries)
    report.deliveryMilliseconds = percentiles(&delays)
    report.allPeersMilliseconds = percentiles(&lasts)
    report.hops = percentiles(&hops)
  }

  private func copies(_ report: inout GossipReport) {
    // The number of honest peers at the end stands for that at each publication: the difference is small.
    let honest = Double(peers.count { $0.isHonest })
    var perPlace: [Int: (copies: Double, count: Double)] = [:]
    var places: [Int: Int] = [:]
    var counted = 0.0
    for track in measure.tracks {
      let copies = Double(track.copies) / max(1, honest - 1)
      if track.isCounted {
        counted += copies
        continue
      }
      let place = places[track.origin, default: 0]
      places[track.origin] = place + 1
      let sum = perPlace[place, default: (0, 0)]
      perPlace[place] = (sum.copies + copies, sum.count + 1)
    }
    report.payloadCopies = rounded(counted / Double(max(1, report.messages)))
    report.copiesWhileLearning = perPlace.sorted { $0.key < $1.key }
      .map { rounded($0.value.copies / $0.value.count) }
    let learning = report.copiesWhileLearning
    if let lastAbove = learning.lastIndex(where: { $0 > 2.1 }) {
      if lastAbove + 1 < learning.count { report.convergedAtObject = lastAbove + 2 }
    } else {
      report.convergedAtObject = 1
    }
  }

  private func traffic(_ report: inout GossipReport) {
    let until = measure.countedUntil ?? now
    let seconds = Double(until.since(measure.countedSince).nanoseconds) / 1e9
    let honest = Double(peers.count { $0.isHonest })
    let scale = 1 / max(1, seconds * honest)
    report.bytesPerPeerAndSecond = rounded(Double(measure.bytes.values.reduce(0, +)) * scale)
    report.messagesPerPeerAndSecond = rounded(Double(measure.messages) * scale)
    for purpose in GossipMeasure.Purpose.allCases {
      report.bytesByKind[purpose.rawValue] = rounded(Double(measure.bytes[purpose] ?? 0) * scale)
    }
    report.signatureChecksPerObjectAndPeer =
      rounded(Double(measure.checks) / max(1, honest * Double(report.messages)))
  }

  private func machines(_ report: inout GossipReport) {
    var footprints: [Int] = []
    for (index, peer) in peers.enumerated() where peer.isHonest {
      let figures = peer.machine.figures
      let before = index < measure.figuresBefore.count ? measure.figuresBefore[index] : GossipMachineFigures()
      func gained(_ count: (GossipMachineFigures) -> UInt64) -> UInt64 {
        count(figures) - min(count(before), count(figures))
      }
      report.reconciliationRounds += gained(\.reconciliationRounds)
      report.reconciledObjects += gained(\.reconciledObjects)
      report.requests += gained(\.requests)
      footprints.append(figures.footprint)
    }
    report.memoryPerPeerBytes = footprints.reduce(0, +) / max(1, footprints.count)
    report.largestPeerBytes = footprints.max() ?? 0
    let degrees = peers.filter(\.isHonest).map(\.sessions.count)
    report.meanDegree = rounded(Double(degrees.reduce(0, +)) / Double(max(1, degrees.count)))
  }

  /// `part` / `whole`; 1 when `whole` is 0.
  private func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 1 : Double(part) / Double(whole) }

  /// Rounds to three decimals.
  private func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }

  private func percentiles(_ values: inout [Double]) -> GossipReport.Percentiles {
    guard !values.isEmpty else { return .init() }
    values.sort()
    func at(_ share: Double) -> Double {
      values[min(values.count - 1, max(0, Int((Double(values.count) * share).rounded(.up)) - 1))]
    }
    return .init(p50: at(0.5), p99: at(0.99), last: at(1))
  }
}
