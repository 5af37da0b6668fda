import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Logging
import NIOCore
import NIOPosix
import Node
import Primitives
import Provider
import Transport

/// A tenant's encrypted stream to the provider of a lease. Both ends prove that they have their account keys.
struct LeaseStream {
  private let lease: LeaseID
  private let connection: LeaseConnection
  /// How long to wait for an answer.
  private let patience: Duration

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
        why: "its offer is not in this node's order book: it is away, or this node has only started",
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
      return LeaseStream(
        lease: lease,
        connection: connection,
        patience: wallet.client.timeout ?? .seconds(30)
      )
    } catch {
      try Task.checkCancellation()
      let (dseq, group) = (lease.deployment.sequence, lease.group)
      throw Failure(
        "provider \(lease.provider) cannot be reached at \(endpoint)",
        why: "\(error)",
        fix: """
          the lease is active and billed: `supercloud lease show \(dseq) --group \(group)` \
          shows it, `supercloud lease close \(dseq) --group \(group)` ends it
          """
      )
    }
  }

  func close() async {
    await connection.close()
  }

  /// - Throws: `LeaseFault` when the provider refuses; `Failure` when it does not answer.
  private func ask(_ request: LeaseRequest) async throws -> LeaseAnswer {
    let answer: LeaseAnswer
    do {
      let limit = Interval.milliseconds(UInt64(clamping: Int64(patience / .milliseconds(1))))
      let frame = try await connection.request(type: request.type, bytes: request.encoded, timeout: limit)
      answer = try LeaseAnswer(type: frame.type, decoding: frame.bytes)
    } catch {
      try Task.checkCancellation()
      throw Failure("the provider did not answer", why: "\(error)", fix: "try again when it does")
    }
    if case .error(let fault) = answer { throw fault }
    return answer
  }

  /// Sends the manifest to the provider of a lease that is known there.
  ///
  /// - Throws: `Failure`.
  func send(manifest: [UInt8]) async throws {
    try await explaining { try await deliver(manifest: manifest, awaiting: [.notReady]) }
  }

  private func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let fault as LeaseFault {
      throw Failure(fault.message, fix: fault.fix)
    }
  }

  /// Sends the manifest. Tries for 10 s while the provider answers with one of the faults in `awaiting`, because its
  /// node may not have the newest block yet.
  ///
  /// - Throws: As `ask`.
  func deliver(manifest: [UInt8], awaiting faults: Set<LeaseFault.Code>) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while true {
      do {
        _ = try await ask(.submitManifest(lease, json: manifest))
        return
      } catch let fault as LeaseFault {
        guard faults.contains(fault.code), ContinuousClock.now < deadline else { throw fault }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  /// Asks whether the provider would take the manifest if the chain had its hash; changes nothing.
  ///
  /// - Throws: As `ask`.
  func check(manifest: [UInt8]) async throws {
    _ = try await ask(.checkManifest(lease, json: manifest))
  }

  func status() async throws -> WorkloadStatus {
    guard case .status(let status) = try await explaining({ try await ask(.status(lease)) }) else {
      throw Failure("the provider's answer is not a status")
    }
    return status
  }

  func logs(service: String, tail: UInt32) async throws -> [LogChunk] {
    let answer = try await explaining { try await ask(.logs(lease, service: service, tail: tail)) }
    guard case .logs(let chunks) = answer else {
      throw Failure("the provider's answer is not a log")
    }
    return chunks
  }

  /// Waits until all services are ready and their URLs accept connections, at most a minute or `--timeout`, whatever is longer;
  /// returns the URLs.
  func waitUntilReady() async throws -> [String] {
    let limit = max(.seconds(60), patience)
    let deadline = ContinuousClock.now + limit
    var last: WorkloadStatus?
    while ContinuousClock.now < deadline {
      let status = try await status()
      last = status
      let urls = status.services.flatMap(\.urls)
      if status.isReady, await Self.accept(urls) { return urls }
      try await Task.sleep(for: .milliseconds(30))
    }
    let (dseq, group) = (lease.deployment.sequence, lease.group)
    throw Failure(
      "the services are not ready after \((limit / .seconds(1)).formatted()) s",
      why: last.map { "\($0.state): \($0.message)" },
      fix:
        "`supercloud lease logs \(dseq) --group \(group)` shows what they print; the lease is billed until "
        + "`supercloud lease close \(dseq) --group \(group)`"
    )
  }

  /// Whether the port of each URL accepts a connection, as it does once the service listens. The service need not
  /// speak HTTP, and whatever it answers, such as a redirection, is its own affair.
  static func accept(_ urls: [String]) async -> Bool {
    for url in urls {
      guard let address = try? NodeClient(url).address else { continue }
      let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(5))
      let connection = bootstrap.connect(host: address.host, port: Int(address.port))
      guard let channel = try? await connection.get() else { return false }
      try? await channel.close().get()
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
      let found = try await lease.find(signer.node, by: signer)
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
      let found = try await lease.find(signer.node, by: signer)
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
      let found = try await lease.find(signer.node, by: signer)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: wallet)
      try await stream.send(manifest: plan.manifestJSON)
      let urls = try await stream.waitUntilReady()
      await stream.close()
      if signer.node.output == .json { return try Console.json(Report(lease: found.identifier, urls: urls)) }
      for url in urls { Console.line("ready  \(url)") }
    }
  }
}
