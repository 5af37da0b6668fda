import Chain
import Cryptography
import Gossip
import Primitives

/// Many gossip cores under virtual time: regions with the measured delays between them, loss, silent droppers, churn.
///
/// Each object costs 58 µs to check, one after the other per node; a hop adds up to 2 ms of batching.
struct DisseminationModel {
  struct Scenario {
    var peers = 100
    /// Sessions that each peer dials; the mean degree is twice that.
    var dials = 8
    /// Of datagrams. Streams do not lose, they are late by 200 ms.
    var lossPermille: UInt64 = 0
    /// Peers that stop forwarding, announcing and answering once routes are learnt.
    var dropperPermille: UInt64 = 0
    var origins = 4
    /// Objects of each origin before anything is counted.
    var warmUp = 10
    /// Objects that are counted, of origins by lot.
    var objects = 20
    var objectInterval = Interval.milliseconds(250)
    /// Peers that leave and are replaced per counted object, of a thousand.
    var churnPermille: UInt64 = 0
    var seed: UInt64 = 1
    var settings = GossipCore.Settings()
    /// How long after the last object the run goes on.
    var tail = Interval.seconds(3)
  }

  struct Report: CustomStringConvertible {
    var delivered = 0
    var expected = 0
    /// Within a second of publication.
    var inSecond = 0
    var latencies: [UInt64] = []
    /// Payloads that arrived per object and peer.
    var copies = 0.0
    var digestsPerObject = 0.0
    var wantsPerObject = 0.0
    var disconnects = 0
    var faults: [Fault: Int] = [:]
    /// The most that any peer held of what a neighbour could make it hold.
    var maximumMissing = 0
    var maximumRoutes = 0

    var share: Double { expected == 0 ? 1 : Double(delivered) / Double(expected) }

    func percentile(_ part: Double) -> Double {
      guard !latencies.isEmpty else { return 0 }
      return Double(latencies[min(latencies.count - 1, Int(Double(latencies.count) * part))]) / 1_000_000
    }

    var description: String {
      func short(_ value: Double) -> String { String(Double(Int(value * 100)) / 100) }
      return "delivered \(delivered)/\(expected), within 1 s \(inSecond), p50 \(short(percentile(0.5))) ms, "
        + "p99 \(short(percentile(0.99))) ms, last \(short(percentile(1))) ms, copies \(short(copies)), "
        + "digests \(short(digestsPerObject)), wants \(short(wantsPerObject)), faults \(faults.count)"
    }
  }

  enum Event {
    case frame(GossipMessage, from: Int, to: Int, session: UInt64)
    case timer(GossipCore.Timer, Int)
    case verified(SignedObject, Int)
    case publish(SignedObject, Int)
    case beginDropping
    case beginCounting
    case churn
  }

  struct Node {
    let id: PeerID
    var core: GossipCore
    let region: Int
    var neighbours: [Int: UInt64] = [:]
    var isDropper = false
    var isAlive = true
    var busyUntil = Instant.zero
    var isCounted = true
  }

  let scenario: Scenario
  let delays: RegionDelays
  private(set) var nodes: [Node] = []
  private var indexes: [PeerID: Int] = [:]
  private var generator: SeededGenerator
  private var queue = EventQueue<Event>()
  private var sessions: UInt64 = 0
  private var now = Instant.zero
  private var isCounting = false
  private var isDropping = false
  private var before = Dissemination.Counters()
  private var publishedAt: [Digest: Instant] = [:]
  private var copies = 0
  private var report = Report()
  private var effects: [GossipCore.Effect] = []

  init(_ scenario: Scenario) {
    self.scenario = scenario
    delays = RegionDelays.measured
    generator = SeededGenerator(seed: scenario.seed)
    for _ in 0..<scenario.peers { addNode() }
    for index in 0..<scenario.peers { connect(index, dials: scenario.dials) }
  }

  private mutating func addNode() {
    let id = peer(UInt64(nodes.count) + scenario.seed << 32)
    let region = Int(generator.next(below: UInt64(delays.count)))
    var settings = scenario.settings
    settings.peers.outbound = 0
    settings.peers.inbound = 1_000
    let core = GossipCore(peer: id, settings: settings, seed: generator.next(), at: now)
    indexes[id] = nodes.count
    nodes.append(Node(id: id, core: core, region: region))
    effects.removeAll(keepingCapacity: true)
    nodes[nodes.count - 1].core.start(at: now, effects: &effects)
    perform(effects, of: nodes.count - 1)
  }

  private mutating func connect(_ index: Int, dials: Int) {
    let alive = nodes.indices.filter { nodes[$0].isAlive && $0 != index }
    var made = 0
    while made < min(dials, alive.count / 2) {
      let other = alive[Int(generator.next(below: UInt64(alive.count)))]
      guard nodes[index].neighbours[other] == nil else { continue }
      sessions += 1
      nodes[index].neighbours[other] = sessions
      nodes[other].neighbours[index] = sessions
      step(
        index,
        .connected(nodes[other].id, Connection(direction: .outbound(address: "n\(other)"), host: ""))
      )
      step(other, .connected(nodes[index].id, Connection(direction: .inbound, host: "")))
      made += 1
    }
  }

  private mutating func disconnect(_ index: Int, _ other: Int) {
    guard nodes[index].neighbours.removeValue(forKey: other) != nil else { return }
    nodes[other].neighbours[index] = nil
    step(index, .disconnected(nodes[other].id))
    step(other, .disconnected(nodes[index].id))
  }
}

extension DisseminationModel {
  mutating func run() -> Report {
    let origins = (0..<scenario.origins).map {
      (key(10_000 + UInt64($0)), Int(generator.next(below: UInt64(nodes.count))))
    }
    var at = now + .milliseconds(500)
    var serial: UInt64 = 0
    func plan(_ origin: Int) {
      serial += 1
      queue.put(.publish(origins[origin].0.token(serial), origins[origin].1), at: at)
      at = at + scenario.objectInterval
    }
    for round in 0..<scenario.warmUp * scenario.origins { plan(round % scenario.origins) }
    queue.put(.beginDropping, at: at)
    for index in nodes.indices where generator.next(below: 1_000) < scenario.dropperPermille {
      nodes[index].isDropper = !origins.contains { $0.1 == index }
    }
    if scenario.dropperPermille > 0 { at = at + .seconds(2) }
    queue.put(.beginCounting, at: at)
    for _ in 0..<scenario.objects {
      if scenario.churnPermille > 0 { queue.put(.churn, at: at) }
      plan(Int(generator.next(below: UInt64(scenario.origins))))
    }
    let end = at + scenario.tail
    while let next = queue.nextAt, next <= end, let (instant, event) = queue.take() {
      now = instant
      handle(event, origins: origins.map(\.1))
    }
    return finish()
  }

  private mutating func handle(_ event: Event, origins: [Int]) {
    switch event {
    case .frame(let message, let sender, let receiver, let session):
      guard nodes[receiver].neighbours[sender] == session else { return }
      if isCounting, case .packet(let packet) = message {
        copies += packet.objects.count { publishedAt[$0.identifier] != nil }
      }
      if isCounting, case .objects(let objects) = message {
        copies += objects.count { publishedAt[$0.identifier] != nil }
      }
      step(receiver, .received(message, from: nodes[sender].id))
    case .timer(let timer, let index): if nodes[index].isAlive { step(index, .fired(timer)) }
    case .verified(let object, let index):
      step(index, .verified(object.identifier, isAuthentic: true))
    case .publish(let object, let index):
      if isCounting {
        publishedAt[object.identifier] = now
        report.expected += nodes.count { $0.isAlive && !$0.isDropper && $0.isCounted } - 1
      }
      step(index, .published(object))
    case .beginDropping: isDropping = true
    case .beginCounting: beginCounting()
    case .churn: churn(sparing: origins)
    }
  }

  private mutating func beginCounting() {
    isCounting = true
    before = total()
  }

  private mutating func churn(sparing origins: [Int]) {
    for index in nodes.indices where nodes[index].isAlive && !origins.contains(index) {
      guard generator.next(below: 1_000) < scenario.churnPermille else { continue }
      nodes[index].isAlive = false
      for other in nodes[index].neighbours.keys.sorted() { disconnect(index, other) }
      addNode()
      // Newcomers are no measure of delivery: they begin without any route.
      nodes[nodes.count - 1].isCounted = false
      connect(nodes.count - 1, dials: scenario.dials)
      // Whoever lost sessions dials new ones.
      for other in nodes.indices where nodes[other].isAlive && nodes[other].neighbours.count < scenario.dials
      {
        connect(other, dials: 1)
      }
    }
  }

  private mutating func step(_ index: Int, _ input: GossipCore.Input) {
    var effects: [GossipCore.Effect] = []
    nodes[index].core.step(input, at: now, effects: &effects)
    report.maximumMissing = max(report.maximumMissing, nodes[index].core.dissemination.missingCount)
    perform(effects, of: index)
  }

  private mutating func perform(_ effects: [GossipCore.Effect], of index: Int) {
    for effect in effects {
      switch effect {
      case .send(let peer, let message, let delivery): send(message, from: index, to: peer, delivery)
      case .verify(let object):
        let done = max(nodes[index].busyUntil, now) + Interval(nanoseconds: 58_000)
        nodes[index].busyUntil = done
        queue.put(.verified(object, index), at: done)
      case .deliver(let object, _):
        if let published = publishedAt[object.identifier], !nodes[index].isDropper, nodes[index].isCounted {
          report.delivered += 1
          let latency = now.since(published)
          report.latencies.append(latency.nanoseconds)
          if latency <= .seconds(1) { report.inSecond += 1 }
        }
        step(index, .judged(object.identifier, .accepted))
      case .dial, .vouched: break
      case .disconnect(let peer, _):
        report.disconnects += 1
        if let other = indexes[peer] { disconnect(index, other) }
      case .schedule(let timer, let instant): queue.put(.timer(timer, index), at: instant)
      case .fault(_, let fault): report.faults[fault, default: 0] += 1
      }
    }
  }

  private mutating func send(
    _ message: GossipMessage,
    from index: Int,
    to peer: PeerID,
    _ delivery: GossipCore.Delivery
  ) {
    guard let other = indexes[peer], let session = nodes[index].neighbours[other] else { return }
    if isDropping, nodes[index].isDropper, !isControl(message) { return }
    let isLost = generator.next(below: 1_000) < scenario.lossPermille
    if isLost, delivery == .datagram { return }
    var delay = delays.sample(nodes[index].region, nodes[other].region, &generator)
    delay = delay + Interval(nanoseconds: generator.next(below: 2_000_000))
    if isLost { delay = delay + .milliseconds(200) }
    queue.put(.frame(message, from: index, to: other, session: session), at: now + delay)
  }

  /// A dropper keeps up appearances: it manages its suppliers but gives nothing.
  private func isControl(_ message: GossipMessage) -> Bool {
    if case .packet(let packet) = message { return packet.objects.isEmpty && packet.digests.isEmpty }
    return false
  }

  private func total() -> Dissemination.Counters {
    var total = Dissemination.Counters()
    for node in nodes {
      total.announced += node.core.dissemination.counters.announced
      total.wantsSent += node.core.dissemination.counters.wantsSent
    }
    return total
  }

  private mutating func finish() -> Report {
    let after = total()
    let objects = Double(max(1, publishedAt.count) * nodes.count)
    report.latencies.sort()
    report.copies = Double(copies) / objects
    report.digestsPerObject = Double(after.announced - before.announced) / objects
    report.wantsPerObject = Double(after.wantsSent - before.wantsSent) / objects
    report.maximumRoutes = nodes.map(\.core.dissemination.routeCount).max() ?? 0
    return report
  }
}

/// One-way delays between regions: half the median round trip, and its spread, in microseconds.
struct RegionDelays {
  let means: [[UInt64]]
  let spreads: [[UInt64]]

  var count: Int { means.count }

  /// A mean with a triangular spread.
  func sample(_ from: Int, _ to: Int, _ generator: inout SeededGenerator) -> Interval {
    let spread = spreads[from][to]
    let offset = generator.next(below: spread * 2 + 1) + generator.next(below: spread * 2 + 1)
    let delay = means[from][to] + offset > 2 * spread ? means[from][to] + offset - 2 * spread : 0
    return Interval(nanoseconds: max(100, delay) * 1_000)
  }
}

extension RegionDelays {
  /// Ten regions of one cloud provider (`Tests/Vectors/consensus/regions.txt`).
  static let measured = RegionDelays(
    means: [
      [1410, 31_970, 64_970, 54_130, 86_430, 116_000, 87_380, 76_630, 66_770, 69_560],
      [32_080, 2750, 34_810, 74_840, 56_400, 96_250, 57_660, 46_580, 89_910, 99_910],
      [65_050, 34_870, 1590, 101_140, 20_440, 62_950, 89_100, 13_730, 116_310, 127_870],
      [54_370, 74_770, 101_230, 1380, 123_610, 67_160, 129_170, 113_790, 18_170, 53_470],
      [86_250, 56_100, 19_860, 123_330, 1670, 74_440, 111_490, 11_490, 125_050, 135_610],
      [115_790, 94_830, 62_690, 66_630, 74_220, 1580, 150_510, 64_480, 67_240, 77_340],
      [87_650, 57_690, 89_290, 129_460, 111_670, 150_880, 1660, 102_510, 144_830, 156_210],
      [76_510, 46_330, 13_490, 113_500, 11_470, 64_630, 102_010, 2020, 115_420, 125_670],
      [66_960, 89_750, 116_610, 18_180, 125_190, 67_620, 144_680, 115_780, 2010, 72_620],
      [69_620, 99_840, 127_790, 52_910, 135_800, 77_430, 156_030, 125_820, 73_070, 2050],
    ],
    spreads: [
      [1220, 5160, 2020, 1420, 1490, 3390, 1400, 1630, 1590, 1520],
      [5010, 1870, 2510, 3460, 2550, 5600, 2050, 2710, 3870, 2360],
      [2040, 1540, 1300, 3090, 1610, 3900, 1410, 1540, 3650, 1650],
      [1450, 3170, 3100, 1560, 1970, 5700, 3000, 1990, 1130, 4000],
      [1350, 1360, 1620, 2060, 1010, 1950, 1520, 1550, 6620, 1970],
      [3440, 5630, 3520, 5790, 2100, 1130, 2160, 2140, 2710, 1390],
      [1470, 1350, 1340, 2600, 1680, 2250, 1160, 1250, 3420, 1320],
      [1790, 1310, 1310, 2030, 1440, 1890, 1160, 940, 11_170, 1620],
      [1840, 3610, 3470, 1390, 10_900, 2600, 3390, 11_210, 910, 2090],
      [1590, 1640, 1800, 5100, 2030, 1510, 1500, 1990, 2120, 870],
    ]
  )
}
