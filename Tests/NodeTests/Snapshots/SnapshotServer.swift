import Chain
import Cryptography
import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import Replication
import Synchronization
import Transport
import Wire

@testable import Node

/// A node of a chain as a joining one sees it: real sockets, a real snapshot service, and what it makes of its answers.
final class SnapshotServer: Sendable {
  let key = SigningKey.generate()
  let endpoint: Transport.Endpoint
  let service: SnapshotService
  private let counter = Counter()

  /// Parts that were sent.
  var partsSent: Int { counter.value }

  /// `alter`: what becomes of an answer; nil is not sent.
  init(
    _ chain: SignedChain,
    snapshots: URL,
    on group: MultiThreadedEventLoopGroup,
    alter: @escaping @Sendable (SnapshotMessage) -> SnapshotMessage? = { $0 }
  ) async throws {
    let attached = Attached()
    let counter = counter
    var configuration = SnapshotServer.transport(chain.genesis, key: key)
    configuration.listen = NetworkAddress(host: "127.0.0.1", port: 0)
    let endpoint = try await Transport.Endpoint.start(configuration, on: group) { attached.handle($0) }
    self.endpoint = endpoint
    service = SnapshotService(
      folder: snapshots,
      store: chain.store,
      interval: 0,
      logger: Transport.Endpoint.silentLogger,
      send: { message, peer in
        guard let message = alter(message) else { return }
        if case .part = message { counter.add() }
        endpoint.send(to: peer, type: message.kind.rawValue, bytes: message.encoded, class: .sync)
      }
    )
    attached.set(service)
  }

  var seed: NetworkDefinition.Seed {
    .init(key: key.publicKey, address: "127.0.0.1:\(endpoint.port)")
  }

  func stop() async {
    await endpoint.shutdown()
    await service.stop()
  }

  static func transport(_ genesis: Genesis, key: SigningKey) -> TransportConfiguration {
    var frames: [UInt8: Int] = [:]
    for kind in FrameKind.allCases { frames[kind.rawValue] = min(kind.limit, FrameLimits.maximumMessage) }
    var configuration = TransportConfiguration(
      network: NetworkIdentity(chainID: genesis.chain.text, genesis: genesis.digest),
      identity: LocalIdentity(node: key),
      listen: nil,
      frames: FrameLimits(frames)
    )
    configuration.connections = .testnet
    configuration.datagrams = nil
    return configuration
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}

/// Gives the service what comes in.
private final class Attached: Sendable {
  private let service = Mutex<SnapshotService?>(nil)

  func set(_ value: SnapshotService) { service.withLock { $0 = value } }

  func handle(_ events: [TransportEvent]) {
    guard let service = service.withLock({ $0 }) else { return }
    for event in events {
      guard case .frame(let peer, let type, let bytes) = event, let kind = FrameKind(rawValue: type),
        SnapshotMessage.isKind(kind)
      else { continue }
      try? service.handle(kind, bytes, from: peer)
    }
  }
}
