import API
public import Chain
import Consensus
import Cryptography
import Foundation
import Gossip
import Ledger
import Logging
import NIOCore
import NIOPosix
public import Primitives
import Replication
import Storage
import Synchronization
public import Transport
import UnixSignals
import Wire

/// The running parts of one node.
struct NodeParts: Sendable {
  let runtime: NodeRuntime
  let store: NodeStore
  let keys: NodeKeys
  let standing: SigningStanding
  let coreGroup: MultiThreadedEventLoopGroup
  let apiGroup: MultiThreadedEventLoopGroup
  let endpoint: Transport.Endpoint
  let host: ReplicaHost
  /// How this node checks signatures, whether from peers or from the API.
  let checks: Checks
  let verifier: SignatureVerifier
  let storage: StorageWorker
  let bridge: TransportBridge
  let snapshots: SnapshotService
  let failure: FailureSignal
  var logger: Logger { runtime.logger }

  /// Opens sockets, consensus log and signing guard, and restores the replica. Nothing is sent yet.
  static func assemble(_ runtime: NodeRuntime, store: NodeStore, tip: Tip) async throws -> NodeParts {
    let chain = runtime.definition.genesis.chain
    let logger = runtime.logger
    var keys = try NodeKeys(runtime: runtime)
    let signing = try SigningParts(runtime, key: keys.consensus, tip: tip)
    let (signingKey, records, standing) = (signing.key, signing.records, signing.standing)
    // A node that does not sign must not take the place of the one that does: a voucher would say that
    // the validator's votes are to be sent here.
    keys.consensus = signingKey
    let failure = FailureSignal()
    let coreGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let memory = SignatureCache(chain: chain)
    let checks = memory.checks()
    let bridge = TransportBridge(
      chain: chain,
      checks: checks,
      seeds: runtime.definition.seeds.map(\.address),
      logger: logger
    )
    let post: @Sendable ([ReplicaInput]) -> Void = { bridge.post($0) }
    let endpoint = try await Self.endpoint(runtime, keys: keys, bridge: bridge, on: coreGroup)
    let verifier = SignatureVerifier(chain: chain, memory: memory, checks: checks, threads: 2, post: post)
    let snapshots = Self.snapshots(runtime, store: store, bridge: bridge, endpoint: endpoint)
    let cache = StateCache()
    let storage = Self.storage(runtime, store, cache, signing, snapshots, post, failure)
    let replica = Replica(
      configuration: Self.replica(runtime, key: signingKey, store: store, checks: checks),
      tip: tip,
      state: StoreState(store: store, cache: cache),
      gossip: GossipSetUp.core(runtime, keys: keys, port: endpoint.port)
    )
    let host = ReplicaHost(
      replica: try Self.recovered(replica, from: records, store),
      loop: coreGroup.next(),
      dependencies: .init(
        storage: storage,
        transport: endpoint,
        bridge: bridge,
        verifier: verifier,
        blocks: BlockServer(store: store, transport: endpoint),
        logger: logger,
        clockOffset: runtime.clockOffset,
        post: post,
        failed: { failure.raise($0) }
      )
    )
    return NodeParts(
      runtime: runtime,
      store: store,
      keys: keys,
      standing: standing,
      coreGroup: coreGroup,
      apiGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1),
      endpoint: endpoint,
      host: host,
      checks: checks,
      verifier: verifier,
      storage: storage,
      bridge: bridge,
      snapshots: snapshots,
      failure: failure
    )
  }

  /// Opens the port for peers.
  private static func endpoint(
    _ runtime: NodeRuntime,
    keys: NodeKeys,
    bridge: TransportBridge,
    on group: MultiThreadedEventLoopGroup
  ) async throws -> Transport.Endpoint {
    var configuration = try transport(runtime, keys: keys, bridge: bridge)
    let handler: @Sendable ([TransportEvent]) -> Void = { bridge.handle($0) }
    let logger = runtime.logger
    do {
      return try await .start(configuration, on: group, logger: logger, handler: handler)
    } catch {
      guard runtime.takesFreePorts, case .addressInUse(let address) = error, address.port != 0 else {
        throw error
      }
      logger.notice("the port for peers is in use; a free one is taken", metadata: ["address": "\(address)"])
      configuration.listen = NetworkAddress(host: address.host, port: 0)
      return try await .start(configuration, on: group, logger: logger, handler: handler)
    }
  }

  /// The replica, restored from the records of the consensus log and the data in the store.
  private static func recovered(
    _ replica: consuming Replica<StoreState>,
    from records: [ReplicaRecord],
    _ store: NodeStore
  ) throws -> Replica<StoreState> {
    // Recovery has no effects, so the turn's effects need not be performed.
    var recovery = ReplicaTurn(at: .zero, wall: .now)
    replica.step(.recovered(log: records, evidence: try PendingEvidence.load(from: store)), &recovery)
    return replica
  }

  private static func storage(
    _ runtime: NodeRuntime,
    _ store: NodeStore,
    _ cache: StateCache,
    _ signing: consuming SigningParts,
    _ snapshots: SnapshotService,
    _ post: @escaping @Sendable ([ReplicaInput]) -> Void,
    _ failure: FailureSignal
  ) -> StorageWorker {
    let parts = StorageWorker.Parts(
      store: store,
      cache: cache,
      keepBlocks: runtime.configuration.storage.keepBlocks,
      neededFrom: { snapshots.lowestHeight },
      key: signing.key,
      standing: signing.standing,
      trusted: runtime.join.trusted,
      chain: runtime.definition.genesis.chain,
      logger: runtime.logger,
      written: { snapshots.committed($0) },
      report: post,
      failed: { failure.raise($0) }
    )
    return StorageWorker(parts, signer: signing.takeLog())
  }

  private static func snapshots(
    _ runtime: NodeRuntime,
    store: NodeStore,
    bridge: TransportBridge,
    endpoint: Transport.Endpoint
  ) -> SnapshotService {
    SnapshotService(
      folder: runtime.home.snapshots,
      store: store,
      interval: runtime.configuration.storage.snapshotInterval,
      logger: runtime.logger,
      send: { message, peer in
        let bytes = message.encoded
        bridge.traffic.sent(message.kind, bytes.count)
        endpoint.send(to: peer, type: message.kind.rawValue, bytes: bytes, class: .sync)
      }
    )
  }

  static func transport(
    _ runtime: NodeRuntime,
    keys: NodeKeys,
    bridge: TransportBridge? = nil
  ) throws -> TransportConfiguration {
    let network = runtime.configuration.network
    let genesis = runtime.definition.genesis
    let file = runtime.home.configuration
    let listen = try NodeConfiguration.address(network.listen, "network.listen", file: file)
    let identity = LocalIdentity(node: keys.node, account: keys.provider)
    var configuration = TransportConfiguration(genesis, identity, listen: listen)
    configuration.leaseFrames = .leases
    configuration.hello = GossipSetUp.hello(runtime, keys: keys, time: .now).encoded
    if let bridge { configuration.isReserved = { bridge.isReserved($0, $1) } }
    let isShared = network.sessionsPerAddress > 16
    configuration.connections = isShared ? .testnet : ConnectionLimits()
    configuration.connections.inbound = network.inboundPeers
    configuration.datagrams = network.usesUDP ? (isShared ? .testnet : DatagramSettings()) : nil
    return configuration
  }

  private static func replica(
    _ runtime: NodeRuntime,
    key: SigningKey?,
    store: NodeStore,
    checks: Checks
  ) -> ReplicaConfiguration {
    ReplicaConfiguration(
      genesis: runtime.definition.genesis,
      consensusKey: key?.publicKey,
      timeouts: runtime.configuration.consensus.timeouts == "lan" ? .lan : .wan,
      checks: checks,
      lowestBlock: store.lowestBlock
    )
  }
}

extension TransportConfiguration {
  /// The configuration of a node on the network of `genesis`; with `listen` nil it only dials.
  public init(_ genesis: Genesis, _ identity: LocalIdentity, listen: NetworkAddress?) {
    let limits = FrameKind.allCases.map { ($0.rawValue, min($0.limit, FrameLimits.maximumMessage)) }
    self.init(
      network: NetworkIdentity(chainID: genesis.chain.text, genesis: genesis.digest),
      identity: identity,
      listen: listen,
      frames: FrameLimits(Dictionary(uniqueKeysWithValues: limits))
    )
  }
}

extension FrameLimits {
  /// The largest frame on tenant–provider streams: 1 MiB, which holds any manifest and any answer.
  public static let leases = FrameLimits.uniform(1 << 20)
}

/// A node's keys.
struct NodeKeys: Sendable {
  let node: SigningKey
  /// The key that signs votes; nil unless the node is a validator that may sign.
  var consensus: SigningKey?
  /// The key of this node's validator, also while it may not sign.
  let validator: PublicKey?
  /// The key that signs bids and authenticates lease streams; nil unless the node is a provider.
  let provider: SigningKey?
  /// The key of the account that gives test coins away; nil unless the faucet is on.
  let faucet: SigningKey?

  init(runtime: NodeRuntime) throws {
    let home = runtime.home
    node = try home.machineKey("node")
    consensus = runtime.configuration.role == .validator ? try home.consensusKey() : nil
    validator = consensus?.publicKey
    provider = try runtime.configuration.provider.map { try Keyring(home: home).open($0.account) }
    faucet = runtime.configuration.api.hasFaucet ? try Keyring(home: home).open("faucet") : nil
  }
}

/// Passes failures that must end the node to `NodeParts.serve`, which acts on the first.
final class FailureSignal: Sendable {
  private let continuation: AsyncStream<any Error>.Continuation
  let failures: AsyncStream<any Error>

  init() {
    (failures, continuation) = AsyncStream.makeStream()
  }

  func raise(_ error: any Error) {
    continuation.yield(error)
  }
}
