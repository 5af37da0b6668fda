import API
import Chain
import Gossip
import Replication
import Transport
import Wire

extension NodeService {
  func network() async throws -> Answer.Network {
    await network(parts.endpoint.counters(), host.counters)
  }

  func network(_ transport: TransportCounters, _ counters: HostCounters) async -> Answer.Network {
    let traffic = parts.bridge.traffic
    let gossip = await host.read { Self.gossip($0) }
    let frames = FrameKind.allCases.map { kind in
      let counts = traffic[kind]
      return Answer.Network.Frames(
        kind: kind.name,
        sent: counts.sent,
        sentBytes: counts.sentBytes,
        received: counts.received,
        receivedBytes: counts.receivedBytes,
        malformed: counts.malformed
      )
    }
    var drops = Self.drops(transport)
    for (drop, count) in gossip.counters.drops {
      drops.append(.init(layer: "gossip", reason: drop.rawValue, count: count))
    }
    for (fault, count) in counters.faults {
      drops.append(.init(layer: "fault", reason: fault.rawValue, count: count))
    }
    return Answer.Network(
      frames: frames,
      objects: SignedObject.Kind.allCases.map { Self.objects($0, gossip.counters[$0]) },
      drops: drops.sorted { ($0.layer, $0.reason) < ($1.layer, $1.reason) },
      figures: gossip.figures
    )
  }

  private static func gossip(_ replica: borrowing Replica<StoreState>) -> (
    counters: Dissemination.Counters, figures: [String: UInt64]
  ) {
    let core = replica.gossip
    let counters = core.dissemination.counters
    let exchange = replica.exchange.counters
    return (
      counters,
      [
        "objects_pushed": counters.pushed,
        "objects_announced": counters.announced,
        "requests_sent": counters.wantsSent,
        "requests_answered": counters.wantsAnswered,
        "stops_sent": counters.stopsSent,
        "starts_sent": counters.startsSent,
        "reconciliation_rounds": core.reconciliation.rounds,
        "reconciled_objects": core.reconciliation.requested,
        "live_objects": UInt64(core.dissemination.liveCount),
        "routes": UInt64(core.dissemination.routeCount),
        "neighbours": UInt64(core.neighbours.count),
        "address_book_entries": UInt64(core.peers.book.count),
        "address_book_tried": UInt64(core.peers.book.triedCount),
        "table_bytes": UInt64(core.footprint),
        // The most bytes that one peer can cause gossip and transport to hold.
        "peer_limit_bytes": UInt64(core.bytesPerPeer + QueueLimits.standard.total + 5 << 20),
        "order_book_bytes": UInt64(replica.book.bytes),
        "order_book_objects": UInt64(replica.book.count),
        "transaction_bytes_sent": exchange.sentBytes,
        "transaction_bytes_distinct": exchange.distinctBytes,
        // Bytes sent per distinct byte, in thousandths. Summed over all nodes it is the mean number of copies
        // that each receives.
        "transaction_amplification_permille":
          exchange.distinctBytes == 0 ? 0 : exchange.sentBytes * 1_000 / exchange.distinctBytes,
        "transaction_names_sent": exchange.announced,
        "transactions_requested": exchange.requested,
        "transactions_supplied": exchange.supplied,
      ]
    )
  }

  private static func objects(_ kind: SignedObject.Kind, _ counts: Dissemination.KindCounters)
    -> Answer.Network.Objects
  {
    Answer.Network.Objects(
      kind: kind.name,
      received: counts.received,
      bytes: counts.bytes,
      duplicates: counts.duplicates,
      accepted: counts.accepted,
      refused: counts.refused,
      malformed: counts.malformed,
      forged: counts.forged,
      dropped: counts.dropped,
      overOriginLimit: counts.overOriginLimit
    )
  }

  private static func drops(_ transport: TransportCounters) -> [Answer.Network.Drop] {
    var drops: [Answer.Network.Drop] = []
    func add<Reason>(_ layer: String, _ counts: [Reason: Int], _ name: (Reason) -> String) {
      for (reason, count) in counts {
        drops.append(.init(layer: layer, reason: name(reason), count: UInt64(clamping: count)))
      }
    }
    add("datagram", transport.datagramDrops, \.rawValue)
    add("handshake", transport.handshakeFailures, \.name)
    add("connection", transport.connectionsRefused, \.rawValue)
    add("frame", transport.violations, \.rawValue)
    add("displaced", transport.displaced, \.name)
    add("unsent", transport.unsent, \.name)
    add("session", transport.sessionsClosed, \.name)
    drops.append(
      .init(layer: "session", reason: "throttled", count: UInt64(clamping: transport.throttled))
    )
    drops.append(
      .init(layer: "unsent", reason: "datagram", count: UInt64(clamping: transport.datagramsUnsent))
    )
    return drops
  }
}
