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

/// A node that speaks the transport's protocol with a key of its own and says what it likes.
final class HostilePeer: Sendable {
  let endpoint: Transport.Endpoint
  let key: SigningKey
  private let state: BoxedState

  /// `reads`: false for one that never reads what it is sent.
  /// `hello`: what it says of itself; an ordinary peer if nil.
  init(
    network: NetworkIdentity,
    chain: ChainID,
    on group: MultiThreadedEventLoopGroup,
    key: SigningKey = .generate(),
    reads: Bool = true,
    hello: [UInt8]? = nil
  ) async throws {
    self.key = key
    var frames: [UInt8: Int] = [:]
    for kind in FrameKind.allCases { frames[kind.rawValue] = FrameLimits.maximumMessage }
    var configuration = TransportConfiguration(
      network: network,
      identity: LocalIdentity(node: key),
      listen: nil,
      frames: FrameLimits(frames)
    )
    configuration.acknowledgesEvents = !reads
    configuration.unacknowledgedLimit = 1_024
    configuration.hello = hello ?? [UInt8(NodeRecord.Role.full.rawValue)]
    let state = BoxedState()
    self.state = state
    endpoint = try await Transport.Endpoint.start(configuration, on: group) { state.handle($0, chain: chain) }
  }

  /// A session with the victim; false when it refuses.
  func connect(to address: NetworkAddress, _ victim: PeerID) async -> Bool {
    endpoint.dial(address, expecting: .key(victim))
    return await Program.until(seconds: 3) { self.state.isConnected(victim) }
  }

  func isConnected(to victim: PeerID) -> Bool { state.isConnected(victim) }

  /// Votes and proposals that the victim sent: it takes this peer for a validator.
  var consensusFrames: Int { state.consensusFrames }

  /// Objects that the victim sent.
  var objects: [SignedObject] { state.objects }

  func send(_ kind: FrameKind, _ bytes: [UInt8], to victim: PeerID) {
    endpoint.send(to: victim, type: kind.rawValue, bytes: bytes, class: .consensus)
  }

  func stop() async { await endpoint.shutdown() }
}

private final class BoxedState: Sendable {
  private struct State {
    var connected: Set<PeerID> = []
    var objects: [SignedObject] = []
    var consensusFrames = 0
  }

  private let state = Mutex(State())

  func isConnected(_ peer: PeerID) -> Bool { state.withLock { $0.connected.contains(peer) } }
  var objects: [SignedObject] { state.withLock { $0.objects } }
  var consensusFrames: Int { state.withLock { $0.consensusFrames } }

  func handle(_ events: [TransportEvent], chain: ChainID) {
    state.withLock { state in
      for event in events {
        switch event {
        case .connected(let peer, _): state.connected.insert(peer)
        case .disconnected(let peer, _): state.connected.remove(peer)
        case .frame(_, let type, let bytes):
          let kind = FrameKind(rawValue: type)
          if kind == .votes || kind == .proposal { state.consensusFrames += 1 }
          guard state.objects.count < 1_000, let kind = FrameKind(rawValue: type),
            let message = try? GossipMessage(kind: kind, bytes: bytes, chain: chain)
          else { continue }
          if case .packet(let packet) = message { state.objects += packet.objects }
          if case .objects(let objects) = message { state.objects += objects }
        default: break
        }
      }
    }
  }
}
