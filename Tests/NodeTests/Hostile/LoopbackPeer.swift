import Chain
import Cryptography
import Foundation
import Gossip
import NIOCore
import NIOPosix
import Primitives
import Synchronization
import Transport
import Wire

/// A real gossip core over real sockets: what a node does without its chain. Lives on one event loop.
final class LoopbackPeer: Sendable {
  private struct State {
    var core: GossipCore
    var endpoint: Transport.Endpoint?
    var dials: [NetworkAddress: Dial] = [:]
    var accepted: [Digest: ContinuousClock.Instant] = [:]
    var payloads = 0
    var faults: [Fault: Int] = [:]
  }

  let key: SigningKey
  let chain: ChainID
  private let loop: any EventLoop
  private let state: Mutex<State>
  private let started = ContinuousClock.now

  init(chain: ChainID, seed: UInt64, on loop: any EventLoop, seeds: [PeerManager.Seed]) {
    key = SigningKey.generate()
    self.chain = chain
    self.loop = loop
    var settings = GossipCore.Settings.local
    settings.peers.seeds = seeds
    state = Mutex(
      State(core: GossipCore(peer: key.publicKey, settings: settings, seed: seed, at: .zero))
    )
  }

  func start(on group: MultiThreadedEventLoopGroup) async throws {
    var frames: [UInt8: Int] = [:]
    for kind in FrameKind.allCases {
      frames[kind.rawValue] = min(kind.limit, FrameLimits.maximumMessage)
    }
    var configuration = TransportConfiguration(
      network: NetworkIdentity(chainID: chain.text, genesis: .zero),
      identity: LocalIdentity(node: key),
      listen: NetworkAddress(host: "127.0.0.1", port: 0),
      frames: FrameLimits(frames)
    )
    configuration.connections = .testnet
    configuration.datagrams = .testnet
    // Sixty of them share the cores of one machine.
    configuration.timing.handshake = .seconds(60)
    let endpoint = try await Transport.Endpoint.start(configuration, on: group) {
      [weak self] events in
      self?.handle(events)
    }
    let record = NodeRecord(
      sequence: 1,
      addresses: ["127.0.0.1:\(endpoint.port)/\(endpoint.port)"],
      role: .full,
      protocolVersion: 1,
      expiresAt: Timestamp(milliseconds: 3_600_000)
    )
    let signed = SignedObject(kind: .nodeRecord, body: record.encoded, signer: key, chain: chain)
    state.withLock { $0.endpoint = endpoint }
    step([.committed(Timestamp(milliseconds: 1)), .published(signed)], starts: true)
  }

  var address: String { state.withLock { "127.0.0.1:\($0.endpoint?.port ?? 0)" } }
  var neighbours: Int { state.withLock { $0.core.neighbours.count } }
  var payloads: Int { state.withLock { $0.payloads } }
  var faults: [Fault: Int] { state.withLock { $0.faults } }
  func accepted(_ identifier: Digest) -> ContinuousClock.Instant? {
    state.withLock { $0.accepted[identifier] }
  }
  var datagramsSent: Int {
    get async {
      guard let endpoint = state.withLock({ $0.endpoint }) else { return 0 }
      return await endpoint.counters().datagramsSent
    }
  }

  func publish(_ object: SignedObject) { step([.published(object)]) }

  func stop() async {
    let endpoint = state.withLock { state in
      defer { state.endpoint = nil }
      return state.endpoint
    }
    await endpoint?.shutdown()
  }

  private func now() -> Instant {
    let elapsed = ContinuousClock.now - started
    return Instant(nanoseconds: UInt64(elapsed / .nanoseconds(1)))
  }

  private func handle(_ events: [TransportEvent]) {
    var inputs: [GossipCore.Input] = []
    for event in events {
      switch event {
      case .connected(let peer, let info):
        let dial = state.withLock { $0.dials.removeValue(forKey: info.address) }
        let direction: Connection.Direction =
          info.isInbound ? .inbound : .outbound(address: dial?.address ?? info.address.description)
        inputs.append(.connected(peer, Connection(direction: direction, host: info.address.host)))
      case .disconnected(let peer, _): inputs.append(.disconnected(peer))
      case .dialFailed(let address, _):
        if let dial = state.withLock({ $0.dials.removeValue(forKey: address) }) {
          inputs.append(.dialFailed(dial))
        }
      case .frame(let peer, let type, let bytes):
        receive(FrameKind(rawValue: type), bytes, peer, &inputs)
      case .datagram(let peer, let bytes): receive(.packet, bytes, peer, &inputs)
      default: break
      }
    }
    step(inputs)
  }

  private func receive(
    _ kind: FrameKind?,
    _ bytes: [UInt8],
    _ peer: PeerID,
    _ inputs: inout [GossipCore.Input]
  ) {
    guard let kind, let message = try? GossipMessage(kind: kind, bytes: bytes, chain: chain) else {
      return inputs.append(.misbehaved(peer, .malformedFrame))
    }
    if case .packet(let packet) = message {
      let payloads = packet.objects.count { $0.kind != .nodeRecord }
      state.withLock { $0.payloads += payloads }
    }
    inputs.append(.received(message, from: peer))
  }

  private func step(_ inputs: [GossipCore.Input], starts: Bool = false) {
    var pending = inputs
    while true {
      let (effects, endpoint) = state.withLock { state in
        var turn = GossipCore.Turn(at: now())
        for input in pending { state.core.step(input, &turn) }
        if starts, pending.count == inputs.count, !inputs.isEmpty {
          state.core.start(&turn)
        }
        return (turn.effects, state.endpoint)
      }
      pending = []
      for effect in effects { perform(effect, endpoint, &pending) }
      if pending.isEmpty { return }
    }
  }

  private func perform(
    _ effect: GossipCore.Effect,
    _ endpoint: Transport.Endpoint?,
    _ inputs: inout [GossipCore.Input]
  ) {
    switch effect {
    case .send(let peer, let message, let delivery):
      let bytes = message.encoded
      if delivery == .datagram, endpoint?.sendDatagram(to: peer, bytes: bytes) == true { return }
      endpoint?.send(to: peer, type: message.kind.rawValue, bytes: bytes, class: .gossip)
    case .verify(let object):
      inputs.append(
        .verified(object.identifier, ObjectContent(of: object, on: chain, checkedBy: .ed25519))
      )
    case .deliver(let object, _, _):
      state.withLock { $0.accepted[object.identifier] = .now }
      inputs.append(.judged(object.identifier, .accepted))
    case .vouched: break
    case .dial(let dial):
      guard let address = NetworkAddress(String(dial.address.prefix { $0 != "/" })) else {
        return inputs.append(.dialFailed(dial))
      }
      state.withLock { $0.dials[address] = dial }
      endpoint?.dial(address, expecting: dial.expectedKey.map { .key($0) } ?? .anyone)
    case .disconnect(let peer, _): endpoint?.disconnect(peer)
    case .schedule(let timer, let instant):
      let wait = instant.since(now()).nanoseconds
      loop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { [weak self] in
        self?.step([.fired(timer)])
      }
    case .fault(_, let fault): state.withLock { $0.faults[fault, default: 0] += 1 }
    }
  }
}
