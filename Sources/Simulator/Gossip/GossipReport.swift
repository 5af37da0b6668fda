import Gossip
import Primitives

/// What a run showed. Shares are of one; times are milliseconds of virtual time.
public struct GossipReport: Codable, Sendable {
  public struct Percentiles: Codable, Sendable {
    public var p50 = 0.0
    public var p99 = 0.0
    public var last = 0.0
  }

  /// One condition of the attack or of the targets.
  public struct Check: Codable, Sendable {
    public var name: String
    public var value: Double
    public var limit: Double
    public var passed: Bool
  }

  public var seed: UInt64 = 0
  public var strategy = ""
  public var peers = 0
  public var validators = 0
  public var byzantine = 0
  public var newcomers = 0
  public var loss = 0.0
  public var attack: String?
  /// Objects that were counted.
  public var messages = 0
  /// Sessions per peer when counting began.
  public var meanDegree = 0.0
  /// Of the pairs of a counted object and an honest peer that honest peers connect to its origin.
  public var delivered = 0.0
  public var expectedDeliveries = 0
  public var missedDeliveries = 0
  public var deliveredWithinSecond = 0.0
  /// Honest peers that no path of honest peers led to, over all objects.
  public var unconnected = 0
  /// Links between the origin and a peer's first copy.
  public var hops = Percentiles()
  /// From publication to a peer, over all deliveries.
  public var deliveryMilliseconds = Percentiles()
  /// From publication to the last peer, over all objects.
  public var allPeersMilliseconds = Percentiles()
  /// Payloads that arrived per counted object and honest peer.
  public var payloadCopies = 0.0
  /// The same for an origin's first, second, third … object.
  public var copiesWhileLearning: [Double] = []
  /// The object of an origin from which on copies are at most 2.1; nil when that was not reached in the warm-up.
  public var convergedAtObject: Int?
  public var bytesPerPeerAndSecond = 0.0
  public var bytesByKind: [String: Double] = [:]
  public var messagesPerPeerAndSecond = 0.0
  public var signatureChecksPerObjectAndPeer = 0.0
  public var reconciliationRounds: UInt64 = 0
  public var reconciledObjects: UInt64 = 0
  public var requests: UInt64 = 0
  /// Of the tables of one peer, as the cores count them.
  public var memoryPerPeerBytes = 0
  public var largestPeerBytes = 0
  public var faults: [String: Int] = [:]
  public var honestPeersBanned = 0
  public var byzantinePeersBanned = 0
  public var virtualSeconds = 0.0
  public var events: UInt64 = 0
  public var checks: [Check] = []

  public var isPassed: Bool { checks.allSatisfy(\.passed) }

  public init() {}
}

extension GossipNetwork {
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
    // A peer that left or came in between counts as one all the same: the share is a percent of a percent.
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
    report.bytesPerPeerAndSecond = rounded(Double(measure.bytes.total) * scale)
    report.messagesPerPeerAndSecond = rounded(Double(measure.messages) * scale)
    report.bytesByKind = [
      "payload": rounded(Double(measure.bytes.payload) * scale),
      "digests": rounded(Double(measure.bytes.digests) * scale),
      "control": rounded(Double(measure.bytes.control) * scale),
      "reconciliation": rounded(Double(measure.bytes.reconciliation) * scale),
      "records": rounded(Double(measure.bytes.records) * scale),
      "probes": rounded(Double(measure.bytes.probes) * scale),
    ]
    report.signatureChecksPerObjectAndPeer =
      rounded(Double(measure.checks) / max(1, honest * Double(report.messages)))
  }

  private func machines(_ report: inout GossipReport) {
    var footprints: [Int] = []
    for (index, peer) in peers.enumerated() where peer.isHonest {
      let figures = peer.machine.figures
      let before = index < measure.figuresBefore.count ? measure.figuresBefore[index] : GossipMachineFigures()
      report.reconciliationRounds +=
        figures.reconciliationRounds &- min(before.reconciliationRounds, figures.reconciliationRounds)
      report.reconciledObjects +=
        figures.reconciledObjects &- min(before.reconciledObjects, figures.reconciledObjects)
      report.requests += figures.requests &- min(before.requests, figures.requests)
      footprints.append(figures.footprint)
    }
    report.memoryPerPeerBytes = footprints.reduce(0, +) / max(1, footprints.count)
    report.largestPeerBytes = footprints.max() ?? 0
    let degrees = peers.filter(\.isHonest).map(\.sessions.count)
    report.meanDegree = rounded(Double(degrees.reduce(0, +)) / Double(max(1, degrees.count)))
  }

  private func share(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 1 : Double(part) / Double(whole) }

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
