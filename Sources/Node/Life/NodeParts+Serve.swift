import API
import Cryptography
import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import Primitives
import Replication
import Transport
import UnixSignals

extension NodeParts {
  /// Opens the peer and API ports, serves until a signal or a failure, and closes all parts in order.
  func serve() async throws {
    let service = NodeService(parts: self)
    let (ports, portSink) = AsyncStream<Int>.makeStream()
    var failure: (any Error)?
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await serveHTTP(service) { portSink.yield($0) } }
        group.addTask { for await port in ports { try await begin(apiPort: port, service: service) } }
        group.addTask { try await waitForSignal() }
        group.addTask { for await error in self.failure.failures { throw error } }
        do {
          try await group.next()
        } catch is StopRequested {
          logger.info("stopping")
        }
        group.cancelAll()
      }
    } catch is CancellationError {
    } catch {
      failure = error
    }
    await close(service)
    if let failure { throw failure }
  }

  private func serveHTTP(_ service: NodeService, listening: @escaping @Sendable (Int) async -> Void)
    async throws
  {
    let address = try NodeConfiguration.address(
      runtime.configuration.api.listen,
      "api.listen",
      file: runtime.home.configuration
    )
    let limits = HTTPConnectionLimits(openFiles: OpenFiles.raiseLimit())
    let server = APIServer(node: service, logger: logger, connections: limits)
    func serve(port: UInt16) async throws {
      try await server.run(host: address.host, port: Int(port), group: apiGroup, listening: listening)
    }
    do {
      do {
        try await serve(port: address.port)
      } catch let error as IOError where error.errnoCode == EADDRINUSE && runtime.takesFreePorts {
        logger.notice("the HTTP port is in use; a free one is taken", metadata: ["address": "\(address)"])
        try await serve(port: 0)
      }
    } catch let error as CancellationError {
      throw error
    } catch {
      throw DefinitionError(
        file: runtime.home.configuration.path,
        problem: "nothing can listen on `api.listen` = \(address): \(error)",
        remedy: "choose another port, from 1024 on unless you are root, or stop the program that uses it"
      )
    }
  }

  /// Writes the open ports into `runtime.json` and starts the replica. Called when all ports are open.
  private func begin(apiPort: Int, service: NodeService) async throws {
    func own(_ listen: String, _ port: UInt16) -> String {
      NetworkAddress(host: NetworkAddress(listen)?.host ?? "127.0.0.1", port: port).description
    }
    let peerAddress = own(runtime.configuration.network.listen, endpoint.port)
    let apiAddress = own(runtime.configuration.api.listen, UInt16(clamping: apiPort))
    try runtime.home.writeRuntime(
      Home.Runtime(
        process: ProcessInfo.processInfo.processIdentifier,
        peerAddress: peerAddress,
        apiAddress: apiAddress,
        nodeKey: Hex.encode(keys.node.publicKey.bytes),
        leaseAddress: keys.provider == nil ? nil : peerAddress
      )
    )
    await service.restoreGossip()
    try await bridge.start(self.host, verifier: verifier, snapshots: snapshots, on: coreGroup.next())
    try await service.start()
    logger.info(
      "the node is ready",
      metadata: ["peers": "\(peerAddress)", "http": "http://\(apiAddress)", "key": "\(keys.node.publicKey)"]
    )
  }

  /// Waits for a signal that stops a node; the others are those of `IgnoredSignals`.
  private func waitForSignal() async throws {
    for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
      logger.info("stopping on a signal", metadata: ["signal": "\(signal)"])
      throw StopRequested()
    }
  }

  /// Closes the sessions, so that nothing new arrives; makes decided blocks durable; ends the threads.
  private func close(_ service: NodeService) async {
    await service.stop()
    await endpoint.shutdown()
    await host.stop()
    await verifier.stop()
    await storage.stop()
    await snapshots.stop()
    try? await coreGroup.shutdownGracefully()
    try? await apiGroup.shutdownGracefully()
    try? FileManager.default.removeItem(at: runtime.home.runtime)
  }
}

/// Thrown when a signal has told the node to stop.
private struct StopRequested: Error {}
