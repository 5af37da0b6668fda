import Chain
import Cryptography
import Gossip
import Logging
import NIOCore
import Primitives
import Replication
import Synchronization
import Transport
import Wire

/// Turns events of the transport into inputs of the replica; transactions go to the signature verifier first.
///
/// Transport and replica share one event loop and call each other directly. Neither is called while it is at
/// work: the replica's effects are performed when its step is over, and what they cause in the transport is
/// told in a later call.
final class TransportBridge: Sendable {
  private struct Attached {
    var host: ReplicaHost
    var verifier: SignatureVerifier
    var mailbox: Mailbox<ReplicaInput>
    var leases: (@Sendable (TransportEvent) -> Void)?
    var snapshots: SnapshotService
  }

  private let chain: ChainID
  private let checks: Checks
  private let logger: Logger
  private let attached = Mutex<Attached?>(nil)
  /// Events that arrived before the replica was started; `start` passes them on.
  private let early = Mutex<[TransportEvent]>([])
  /// When this many early events wait, further early frames are dropped.
  private static let earlyLimit = 4_096
  /// The open sessions by peer, for queries.
  private let sessions = Mutex<[PeerID: SessionInfo]>([:])
  /// The dials under way by address. An event with a dial's result names only the address.
  private let dials = Mutex<[NetworkAddress: Dial]>([:])
  /// Consensus keys of the current validators.
  private let validators = Mutex<Set<PublicKey>>([])
  let traffic = TrafficMeter()
  /// The addresses of the network's seeds, whose failures the operator must know.
  private let seeds: Set<String>
  /// The failed dials of seeds that were logged, so that each is logged once.
  private let toldFailures = Mutex<Set<String>>([])

  init(chain: ChainID, checks: Checks, seeds: [String] = [], logger: Logger) {
    self.seeds = Set(seeds)
    self.chain = chain
    self.checks = checks
    self.logger = logger
  }

  /// Starts the replica, then handles the early events.
  func start(
    _ host: ReplicaHost,
    verifier: SignatureVerifier,
    snapshots: SnapshotService,
    on loop: any EventLoop
  ) async throws {
    let mailbox = Mailbox<ReplicaInput>(loop: loop) { inputs in host.assumeIsolated { $0.handle(inputs) } }
    try await loop.submit { [self] in
      attached.withLock {
        $0 = Attached(host: host, verifier: verifier, mailbox: mailbox, snapshots: snapshots)
      }
      host.assumeIsolated { $0.handle([.started]) }
      handle(
        early.withLock { events in
          defer { events = [] }
          return events
        }
      )
    }.get()
  }

  /// Sets the handler for events of lease sessions.
  func attach(leases: @escaping @Sendable (TransportEvent) -> Void) {
    attached.withLock { $0?.leases = leases }
  }

  func post(_ inputs: [ReplicaInput]) {
    attached.withLock { $0?.mailbox }?.post(contentsOf: inputs)
  }

  func session(of peer: PeerID) -> SessionInfo? {
    sessions.withLock { $0[peer] }
  }

  func setValidators(_ keys: [PublicKey]) {
    validators.withLock { $0 = Set(keys) }
  }

  /// Whether a peer is accepted although all inbound sessions are taken: only a proven current validator is.
  func isReserved(_ peer: PeerID, _ hello: [UInt8]) -> Bool {
    guard case .plausible(let hello) = NodeHello.read(hello, of: peer, on: chain, by: checks),
      let voucher = hello.voucher, voucher.role == .validator
    else { return false }
    return validators.withLock { $0.contains(voucher.key) }
  }

  func register(_ dial: Dial, at address: NetworkAddress) {
    dials.withLock { $0[address] = dial }
  }

  /// Called on the loop with events in their order.
  func handle(_ events: [TransportEvent]) {
    guard let attached = attached.withLock({ $0 }) else { return keep(events) }
    var inputs: [ReplicaInput] = []
    for event in events { translate(event, attached, &inputs) }
    guard !inputs.isEmpty else { return }
    attached.host.assumeIsolated { $0.handle(inputs) }
  }

  private func keep(_ events: [TransportEvent]) {
    early.withLock { early in
      for event in events {
        switch event {
        case .frame, .datagram, .leaseFrame: if early.count < Self.earlyLimit { early.append(event) }
        default: early.append(event)
        }
      }
    }
  }

  private func translate(_ event: TransportEvent, _ attached: Attached, _ inputs: inout [ReplicaInput]) {
    switch event {
    case .connected(let peer, let info):
      sessions.withLock { $0[peer] = info }
      toldFailures.withLock { told in told = told.filter { !$0.hasPrefix("\(info.address)") } }
      switch NodeHello.read(info.hello, of: peer, on: chain, by: checks) {
      case .plausible(let hello):
        inputs.append(.connected(peer, connection(info), role: hello.role, voucher: hello.voucher))
      case .forged:
        inputs.append(.connected(peer, connection(info), role: .full))
        inputs.append(.misbehaved(peer, .falseVoucher))
      }
    case .disconnected(let peer, let reason):
      sessions.withLock { $0[peer] = nil }
      logger.debug("a session ended", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
      inputs.append(.disconnected(peer))
    case .frame(let peer, let type, let bytes): translate(type, bytes, from: peer, attached, &inputs)
    case .datagram(let peer, let bytes):
      traffic.received(.packet, bytes.count)
      if let message = try? GossipMessage(kind: .packet, bytes: bytes, chain: chain) {
        inputs.append(.gossip(message, from: peer))
      } else {
        traffic.malformed(.packet)
        inputs.append(.misbehaved(peer, .malformedFrame))
      }
    case .datagramSessionUp, .datagramSessionDown: break
    case .dialFailed(let address, let failure):
      logDialFailure(failure, of: address)
      if let dial = dials.withLock({ $0.removeValue(forKey: address) }) { inputs.append(.dialFailed(dial)) }
    case .leaseOpened, .leaseFrame, .leaseClosed: attached.leases?(event)
    }
  }

  private func translate(
    _ type: UInt8,
    _ bytes: [UInt8],
    from peer: PeerID,
    _ attached: Attached,
    _ inputs: inout [ReplicaInput]
  ) {
    guard let kind = FrameKind(rawValue: type) else {
      return inputs.append(.misbehaved(peer, .malformedFrame))
    }
    traffic.received(kind, bytes.count)
    do {
      switch kind {
      case .packet, .objects, .ranges, .recordsRequest, .records, .probe:
        inputs.append(.gossip(try GossipMessage(kind: kind, bytes: bytes, chain: chain), from: peer))
      case .transactions:
        attached.verifier.verify(frame: bytes, from: peer) { [traffic] in traffic.malformed(kind) }
      case _ where SnapshotMessage.isKind(kind): try attached.snapshots.handle(kind, bytes, from: peer)
      default: inputs.append(.message(try PeerMessage(kind: kind, bytes: bytes), from: peer))
      }
    } catch {
      traffic.malformed(kind)
      logger.info(
        "a frame could not be decoded",
        metadata: ["peer": "\(peer)", "kind": "\(kind.name)", "error": "\(error)"]
      )
      inputs.append(.misbehaved(peer, .malformedFrame))
    }
  }

  /// Logs a failed dial; as a warning when only the operator can solve the problem.
  private func logDialFailure(_ failure: DialFailure, of address: NetworkAddress) {
    switch failure {
    case .handshake(.wrongPeer) where seeds.contains("\(address)"):
      guard toldFailures.withLock({ $0.insert("\(address)").inserted }) else { return }
      logger.warning(
        "a seed has another node key than peers.toml says",
        metadata: [
          "address": "\(address)", "remedy": "ask its operator, and correct the key in network/peers.toml",
        ]
      )
    case .handshake(.refused(.wrongNetwork)):
      logger.warning(
        "a node is on another network: its chain id or genesis differs from ours",
        metadata: ["address": "\(address)", "chain": "\(chain)"]
      )
    case .handshake(.refused(.unsupportedVersion)):
      logger.warning("a node speaks another version of the protocol", metadata: ["address": "\(address)"])
    case .unreachable where seeds.contains("\(address)"), .handshake where seeds.contains("\(address)"):
      guard toldFailures.withLock({ $0.insert("\(address) \(failure)").inserted }) else { return }
      logger.warning("a seed cannot be reached", metadata: ["address": "\(address)", "reason": "\(failure)"])
    default: logger.debug("a dial failed", metadata: ["address": "\(address)", "reason": "\(failure)"])
    }
  }

  private func connection(_ info: SessionInfo) -> Connection {
    let dial = dials.withLock { $0.removeValue(forKey: info.address) }
    let direction: Connection.Direction =
      info.isInbound ? .inbound : .outbound(address: dial?.address ?? info.address.description)
    return Connection(direction: direction, host: info.address.host)
  }
}

extension ReplicaHost.Dependencies {
  /// Opens the session that gossip wants.
  func dial(_ dial: Dial) {
    guard let address = NetworkAddress(record: dial.address) else { return post([.dialFailed(dial)]) }
    bridge.register(dial, at: address)
    transport.dial(address, expecting: dial.expectedKey.map { .key($0) } ?? .anyone)
  }
}
