import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Logging
import NIOPosix
import Node
import Primitives
import Provider
import Transport

/// A tenant's encrypted stream to the provider of a lease. Both ends prove that they have their account keys.
struct LeaseStream {
  private let lease: LeaseID
  private let connection: LeaseConnection

  /// - Throws: `Failure` when the provider cannot be reached.
  static func open(lease: LeaseID, wallet: Wallet) async throws -> LeaseStream {
    let provider: Answer.Provider
    let status: Answer.Status
    do {
      provider = try await wallet.client.get("/v1/providers/\(lease.provider.text())")
      status = try await wallet.client.get("/v1/status")
    } catch let error as ClientError {
      throw Failure(error)
    }
    guard let endpoint = provider.endpoint, let address = NetworkAddress(endpoint) else {
      throw Failure(
        "the address of provider \(lease.provider) is not known",
        why: "its offer is not in this node's order book",
        fix: "try again in a minute: offers come every 30 s"
      )
    }
    guard let bytes = Hex.decode(status.genesis), let genesis = Digest(bytes) else {
      throw Failure("the node's genesis digest is not valid: \(status.genesis)")
    }
    do {
      let connection = try await LeaseConnection.connect(
        to: address,
        provider: .account(lease.provider),
        account: wallet.key,
        network: NetworkIdentity(chainID: wallet.chain.text, genesis: genesis),
        frames: .uniform(1 << 20),
        on: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "lease") { _ in SwiftLogNoOpLogHandler() }
      )
      return LeaseStream(lease: lease, connection: connection)
    } catch {
      throw Failure(
        "provider \(lease.provider) cannot be reached at \(endpoint)",
        why: "\(error)",
        fix:
          "the lease is active; `supercloud lease send-manifest` tries again, `supercloud lease close` ends it"
      )
    }
  }

  func close() async {
    await connection.close()
  }

  private func ask(_ request: LeaseRequest) async throws -> LeaseAnswer {
    let answer: LeaseAnswer
    do {
      let frame = try await connection.request(type: request.type, bytes: request.encoded)
      answer = try LeaseAnswer(type: frame.type, decoding: frame.bytes)
    } catch {
      throw Failure("the provider did not answer", why: "\(error)")
    }
    if case .error(let fault) = answer { throw Failure(fault.message, fix: fault.fix) }
    return answer
  }

  /// Sends the manifest. Retries for up to 10 s, because the provider may not know the lease yet.
  func send(manifest: [UInt8]) async throws {
    let deadline = Date().addingTimeInterval(10)
    while true {
      do {
        _ = try await ask(.submitManifest(lease, json: manifest))
        return
      } catch let failure as Failure {
        guard Date() < deadline else { throw failure }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  func status() async throws -> WorkloadStatus {
    guard case .status(let status) = try await ask(.status(lease)) else {
      throw Failure("the provider's answer is not a status")
    }
    return status
  }

  func logs(service: String, tail: UInt32) async throws -> [LogChunk] {
    guard case .logs(let chunks) = try await ask(.logs(lease, service: service, tail: tail)) else {
      throw Failure("the provider's answer is not a log")
    }
    return chunks
  }

  /// Waits until all services are ready and their URLs answer; returns the URLs.
  func waitUntilReady(timeout seconds: Double) async throws -> [String] {
    let deadline = Date().addingTimeInterval(seconds)
    var last: WorkloadStatus?
    while Date() < deadline {
      let status = try await status()
      last = status
      let urls = status.services.flatMap(\.urls)
      if status.isReady, await Self.answer(urls) { return urls }
      try await Task.sleep(for: .milliseconds(30))
    }
    throw Failure(
      "the services are not ready after \(Int(seconds)) s",
      why: last.map { "\($0.state): \($0.message)" },
      fix:
        "`supercloud lease logs \(lease.deployment.sequence)` shows what they print; the lease runs and is paid until `supercloud deployment close \(lease.deployment.sequence)`"
    )
  }

  private static func answer(_ urls: [String]) async -> Bool {
    for url in urls where url.hasPrefix("http://") {
      guard let client = try? NodeClient(url), (try? await client.text("/")) != nil else { return false }
    }
    return true
  }
}
