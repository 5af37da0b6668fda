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
    var drops = Self.drops(transport)
    for (drop, count) in gossip.counters.drops {
      drops.append(.init(layer: "gossip", reason: drop.rawValue, count: count))
    }
    for (fault, count) in counters.faults {
      drops.append(.init(layer: "fault", reason: fault.rawValue, count: count))
    }
    return Answer.Network(
      frames: FrameKind.allCases.map { traffic[$0] },
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
        // The most bytes of memory that one peer can make gossip and transport hold.
        "peer_limit_bytes": UInt64(core.bytesPerPeer + QueueLimits.standard.total + 5 << 20),
        "order_book_bytes": UInt64(replica.book.bytes),
        "order_book_objects": UInt64(replica.book.count),
        "transaction_bytes_sent": exchange.sentBytes,
        "transaction_bytes_distinct": exchange.distinctBytes,
        // The transaction bytes that this node sent, divided by `transaction_bytes_distinct`, in thousandths.
        // The sum over all nodes, divided in the same way, is the mean number of copies of a transaction.
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
    var objects = Answer.Network.Objects(kind: kind.name)
    objects.received = counts.received
    objects.bytes = counts.bytes
    objects.duplicates = counts.duplicates
    objects.accepted = counts.accepted
    objects.refused = counts.refused
    objects.malformed = counts.malformed
    objects.forged = counts.forged
    objects.dropped = counts.dropped
    objects.overOriginLimit = counts.overOriginLimit
    return objects
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
    add("session", ["throttled": transport.throttled], \.self)
    add("unsent", ["datagram": transport.datagramsUnsent], \.self)
    return drops
  }
}
