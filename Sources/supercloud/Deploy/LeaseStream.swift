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

  /// - Throws: `Failure` when the node does not give the provider's address or the genesis digest, or when the
  ///   provider cannot be reached.
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
        frames: .leases,
        on: MultiThreadedEventLoopGroup.singleton,
        logger: Logger(label: "lease") { _ in SwiftLogNoOpLogHandler() }
      )
      return LeaseStream(lease: lease, connection: connection)
    } catch {
      throw Failure(
        "provider \(lease.provider) cannot be reached at \(endpoint)",
        why: "\(error)",
        fix: """
          the lease is active and paid for: `supercloud lease show \(lease.deployment.sequence) --group \(lease.group)` \
          shows it, `supercloud lease close \(lease.deployment.sequence) --group \(lease.group)` ends it
          """
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
        "`supercloud lease logs \(lease.deployment.sequence) --group \(lease.group)` shows what they print; the lease runs and is paid until `supercloud deployment close \(lease.deployment.sequence)`"
    )
  }

  private static func answer(_ urls: [String]) async -> Bool {
    for url in urls where url.hasPrefix("http://") {
      guard let client = try? NodeClient(url), (try? await client.text("/")) != nil else { return false }
    }
    return true
  }
}

extension LeaseCommand {
  struct Status: AsyncParsableCommand {
    static let configuration = about("What runs for a lease, as its provider says.")

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let found = try await lease.find(signer.node)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: signer.wallet())
      let status = try await stream.status()
      await stream.close()
      if signer.node.output == .json { return try Console.json(Report(of: found, status)) }
      Console.line("state  \(status.state)  \(status.message)")
      Console.table(
        ["SERVICE", "READY", "RESTARTS", "LAST EXIT", "URLS"],
        status.services.map {
          [
            $0.name, "\($0.ready)/\($0.replicas)", String($0.restarts), $0.lastExit,
            $0.urls.joined(separator: " "),
          ]
        }
      )
    }
  }

  struct Logs: AsyncParsableCommand {
    static let configuration = about("The newest lines that a lease's services printed.")

    @OptionGroup var lease: LeaseOption
    @Option(help: "Only this service.") var service = ""
    @Option(help: "Lines of each log.") var tail: UInt32 = 100
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let found = try await lease.find(signer.node)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: signer.wallet())
      let chunks = try await stream.logs(service: service, tail: tail)
      await stream.close()
      if signer.node.output == .json { return try Console.json(Report(of: found, chunks)) }
      for chunk in chunks {
        for line in chunk.lines {
          Console.line("\(chunk.service).\(chunk.replica) \(chunk.stream.name)  \(line)")
        }
      }
    }
  }

  struct SendManifest: AsyncParsableCommand {
    static let configuration = about(
      "Send a lease's manifest to its provider again, after a deployment that was cut off.",
      named: "send-manifest"
    )

    @OptionGroup var lease: LeaseOption
    @Argument(help: "The deploy.yaml that was deployed.", completion: .file()) var file: String
    @OptionGroup var signer: SignerOption

    private struct Report: Encodable {
      var lease: String
      var urls: [String]
    }

    func run() async throws {
      let wallet = try await signer.wallet()
      let plan = try DeployPlan(file: file, wallet: wallet)
      let found = try await lease.find(signer.node)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: wallet)
      try await stream.send(manifest: plan.manifestJSON)
      let urls = try await stream.waitUntilReady(timeout: 60)
      await stream.close()
      if signer.node.output == .json { return try Console.json(Report(lease: found.identifier, urls: urls)) }
      for url in urls { Console.line("ready  \(url)") }
    }
  }
}
