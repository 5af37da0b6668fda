import Chain
import Cryptography
import Foundation
import Gossip
import Logging
import NIOCore
import NIOPosix
import Primitives
import Replication
import Storage
import Transport
import Wire

/// Runs a `SnapshotJoin` over real sockets before the node starts: it dials seeds and the nodes that they
/// know, fetches a snapshot, and writes the verified parts into a new database.
final class SnapshotJoiner {
  private enum Signal: Sendable {
    case transport([TransportEvent])
    case tick
  }

  /// When this many peers are connected, no more nodes from peers' records are dialed. Seeds still are, and dials
  /// under way may exceed the number.
  private static let peerLimit = 16

  private let chain: ChainID
  private let seeds: [NetworkDefinition.Seed]
  private let configuration: TransportConfiguration
  private let store: JoinStore
  private let logger: Logger
  private var machine: SnapshotJoin
  private let startedAt = ContinuousClock.now
  private var known: Set<NetworkAddress> = []
  private var connected: Set<PeerID> = []
  private var bannedPeers: Set<PeerID> = []
  /// The failed dials of seeds that were logged, so that each is logged once.
  private var toldFailures: Set<String> = []
  private var lastDial: ContinuousClock.Instant?
  private var lastLogged = ContinuousClock.now
  private var bytes = 0

  init(
    genesis: Genesis,
    seeds: [NetworkDefinition.Seed],
    transport: TransportConfiguration,
    store: JoinStore,
    ownHeight: Height,
    anchor: TrustAnchor,
    settings: SnapshotJoin.Settings,
    logger: Logger
  ) throws {
    chain = genesis.chain
    self.seeds = seeds
    var transport = transport
    transport.listen = nil
    transport.datagrams = nil
    transport.acknowledgesEvents = true
    configuration = transport
    self.store = store
    self.logger = logger
    let resuming = try store.stagedJoin()
    machine = SnapshotJoin(
      chain: genesis.chain,
      anchor: anchor,
      ownHeight: ownHeight,
      trust: .init(genesis),
      settings: settings,
      resuming: resuming
    )
    if let resuming {
      logger.info(
        "resuming a snapshot",
        metadata: ["height": "\(resuming.plan.tip.height)", "chunks": "\(resuming.staged.count)"]
      )
    }
  }

  /// Returns when the state is complete, or when no usable snapshot is available.
  func run() async throws -> SnapshotJoin.Outcome {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let (signals, sink) = AsyncStream<Signal>.makeStream()
    let endpoint = try await Transport.Endpoint.start(configuration, on: group, logger: logger) {
      sink.yield(.transport($0))
    }
    let ticker = Task {
      while !Task.isCancelled {
        sink.yield(.tick)
        try? await Task.sleep(for: .milliseconds(200))
      }
    }
    let outcome: Result<SnapshotJoin.Outcome, any Error>
    do {
      outcome = .success(try await handleSignals(signals, endpoint))
    } catch {
      outcome = .failure(error)
    }
    ticker.cancel()
    await endpoint.shutdown()
    try? await group.shutdownGracefully()
    return try outcome.get()
  }

  private func handleSignals(
    _ signals: AsyncStream<Signal>,
    _ endpoint: Transport.Endpoint
  ) async throws -> SnapshotJoin.Outcome {
    for await signal in signals {
      try Task.checkCancellation()
      switch signal {
      case .tick:
        dialSeeds(endpoint)
        if let outcome = try step(.tick, endpoint) { return outcome }
      case .transport(let events):
        for event in events {
          for input in inputs(of: event, endpoint) {
            if let outcome = try step(input, endpoint) { return outcome }
          }
        }
        endpoint.acknowledge(events)
      }
    }
    throw CancellationError()
  }

  // MARK: Peers

  private func dialSeeds(_ endpoint: Transport.Endpoint) {
    let now = ContinuousClock.now
    guard lastDial.map({ $0 + .seconds(2) <= now }) ?? true else { return }
    lastDial = now
    for seed in seeds where !connected.contains(seed.key) && !bannedPeers.contains(seed.key) {
      guard seed.key != endpoint.identity, let address = NetworkAddress(seed.address) else { continue }
      endpoint.dial(address, expecting: .key(seed.key))
    }
  }

  private func inputs(of event: TransportEvent, _ endpoint: Transport.Endpoint) -> [SnapshotJoin.Input] {
    switch event {
    case .connected(let peer, _):
      connected.insert(peer)
      let request = GossipMessage.recordsRequest(count: GossipLimits.records)
      endpoint.send(to: peer, type: request.kind.rawValue, bytes: request.encoded, class: .gossip)
      return [.connected(peer)]
    case .disconnected(let peer, _):
      connected.remove(peer)
      return [.disconnected(peer)]
    case .frame(let peer, let type, let bytes):
      guard let kind = FrameKind(rawValue: type) else { return [] }
      if kind == .records { dialKnownPeers(bytes, endpoint) }
      guard SnapshotMessage.isKind(kind) else { return [] }
      self.bytes += bytes.count
      guard let message = try? SnapshotMessage(kind: kind, bytes: bytes) else {
        endpoint.disconnect(peer)
        return []
      }
      return [.message(message, from: peer)]
    case .dialFailed(let address, let failure):
      logDialFailure(failure, of: address)
      return []
    default: return []
    }
  }

  private func logDialFailure(_ failure: DialFailure, of address: NetworkAddress) {
    guard seeds.contains(where: { $0.address == "\(address)" }) else { return }
    switch failure {
    case .unreachable, .handshake:
      guard toldFailures.insert("\(address) \(failure)").inserted else { return }
      logger.warning(
        "a seed cannot be reached",
        metadata: ["address": "\(address)", "reason": "\(failure)"]
      )
    case .alreadyConnected, .alreadyDialing, .duplicate, .shutDown: break
    }
  }

  /// Dials the nodes whose records a peer has sent.
  private func dialKnownPeers(_ bytes: [UInt8], _ endpoint: Transport.Endpoint) {
    guard case .records(let objects)? = try? GossipMessage(kind: .records, bytes: bytes, chain: chain) else {
      return
    }
    for object in objects where connected.count < Self.peerLimit && known.count < 4 * Self.peerLimit {
      guard object.key != endpoint.identity, !connected.contains(object.key),
        object.isAuthentic(on: chain), let record = try? NodeRecord(decoding: object.body),
        let address = record.addresses.lazy.compactMap({ NetworkAddress(record: $0) }).first,
        known.insert(address).inserted
      else { continue }
      endpoint.dial(address, expecting: .key(object.key))
    }
  }

  // MARK: The machine

  private func step(
    _ input: SnapshotJoin.Input,
    _ endpoint: Transport.Endpoint
  ) throws -> SnapshotJoin.Outcome? {
    let elapsed = ContinuousClock.now - startedAt
    let now = Instant(nanoseconds: UInt64(elapsed / .nanoseconds(1)))
    var turn = SnapshotJoin.Turn(at: now, wall: .now)
    machine.step(input, &turn)
    for effect in turn.effects {
      switch effect {
      case .send(let message, let peer):
        endpoint.send(to: peer, type: message.kind.rawValue, bytes: message.encoded, class: .sync)
      case .begin(let plan):
        logger.info(
          "fetching a snapshot; its state root is that of a verified header",
          metadata: ["height": "\(plan.tip.height)", "root": "\(plan.tip.stateRoot)"]
        )
        try store.begin(plan)
      case .stage(let path, let part): try store.stage(path, part)
      case .discard:
        logger.info("no peer has the snapshot any more; starting with another")
        try store.discard()
      case .reportPeer(let peer, let lie):
        logger.warning(
          "a peer sent false data of a snapshot",
          metadata: ["peer": "\(peer)", "data": "\(lie)"]
        )
        bannedPeers.insert(peer)
        endpoint.disconnect(peer)
      case .finished(let outcome): return outcome
      }
    }
    logProgress()
    return nil
  }

  private func logProgress() {
    guard ContinuousClock.now - lastLogged >= .seconds(2), let progress = machine.progress else { return }
    lastLogged = ContinuousClock.now
    logger.info(
      "fetching the state",
      metadata: [
        "height": "\(progress.height)", "chunks": "\(progress.done) of \(progress.total)",
        "bytes": "\(bytes)", "peers": "\(connected.count)",
      ]
    )
  }
}

extension LightClient.Settings {
  /// A header is trusted for two thirds of the unbonding time: signers of a false one can still be punished.
  public init(_ genesis: Genesis) {
    self.init(trustingMilliseconds: genesis.parameters[.unbondingTime] / 3 * 2)
  }
}
