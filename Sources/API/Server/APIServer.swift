import Foundation
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import NIOPosix

/// A node's HTTP server: queries as JSON, submission of signed transactions and objects, events, metrics.
public struct APIServer: Sendable {
  let node: any NodeServing
  private let logger: Logger
  let connections: HTTPConnectionLimits

  public init(
    node: any NodeServing,
    logger: Logger,
    connections: HTTPConnectionLimits = HTTPConnectionLimits()
  ) {
    self.node = node
    self.logger = logger
    self.connections = connections
  }

  /// Serves until the task is cancelled. `listening` is called with the port, which is a free one when `port`
  /// is 0.
  ///
  /// - Throws: When nothing can listen on the address.
  public func run(
    host: String,
    port: Int,
    group: MultiThreadedEventLoopGroup,
    listening: @escaping @Sendable (Int) async -> Void
  ) async throws {
    // The server logs its own cancellation as an error; only critical messages are shown.
    var quiet = logger
    quiet.logLevel = .critical
    let router = Router(context: ConnectionContext.self)
    // This must be outside `AnswerFailures`, because it wraps errors that pass through it.
    router.add(middleware: CORSMiddleware(allowOrigin: .all, allowMethods: [.get, .post]))
    router.add(middleware: AnswerFailures(logger: logger))
    queries(router)
    ledger(router)
    market(router)
    events(router)
    submissions(router)
    let application = Application(
      router: router,
      server: .http1(configuration: .init(idleTimeout: TimeAmount(connections.idle))),
      configuration: .init(address: .hostname(host, port: port), serverName: "supercloud"),
      onServerRunning: { [connections] channel in
        let gate = channel.eventLoop.submit {
          try channel.pipeline.syncOperations.addHandler(ConnectionGate(connections), position: .first)
        }
        // This fails only when the socket is closed already, which ends the server by itself.
        try? await gate.get()
        await listening(channel.localAddress?.port ?? port)
      },
      eventLoopGroupProvider: .shared(group),
      logger: quiet
    )
    try await application.run()
  }

  private func queries(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("health") { _, _ in "ok\n" }
    router.get("metrics") { _, _ in try await node.metrics() }
    router.get("v1/status") { _, _ in try await JSON(node.status()) }
    router.get("v1/accounts/:address") { _, context in
      try await JSON(node.account(context.parameters.require("address")))
    }
    router.get("v1/blocks/:height") { _, context in
      let text = try context.parameters.require("height")
      guard text == "latest" || UInt64(text) != nil else {
        throw ServingError.invalid("`\(text)` is not a height", fix: "a number, or `latest`")
      }
      return try await JSON(node.block(UInt64(text)))
    }
    router.get("v1/light/:height") { _, context in
      let text = try context.parameters.require("height")
      guard text == "latest" || UInt64(text) != nil else {
        throw ServingError.invalid("`\(text)` is not a height", fix: "a number, or `latest`")
      }
      return try await JSON(node.lightBlock(UInt64(text)))
    }
    router.get("v1/transactions/:hash") { _, context in
      try await JSON(node.transaction(context.parameters.require("hash")))
    }
    router.get("v1/parameters") { _, _ in try await JSON(node.parameters()) }
    router.get("v1/currencies") { _, _ in try await JSON(node.currencies()) }
    router.get("v1/take") { _, _ in try await JSON(node.take()) }
    router.get("v1/audit") { _, _ in try await JSON(node.audit()) }
    router.get("v1/peers") { _, _ in try await JSON(node.peers()) }
    router.get("v1/network") { _, _ in try await JSON(node.network()) }
  }

  private func market(_ router: Router<ConnectionContext>) {
    let node = node
    router.get("v1/orders") { request, _ in
      try await JSON(node.orders(owner: request.query("owner"), request.page()))
    }
    router.get("v1/orders/:id") { _, context in
      try await JSON(node.order(context.parameters.require("id")))
    }
    router.get("v1/orders/:id/bids") { _, context in
      try await JSON(node.bids(order: context.parameters.require("id")))
    }
    router.get("v1/providers") { request, _ in try await JSON(node.providers(request.page())) }
    router.get("v1/providers/:address") { _, context in
      try await JSON(node.provider(context.parameters.require("address")))
    }
    router.get("v1/deployments") { request, _ in
      try await JSON(
        node.deployments(
          owner: request.query("owner"),
          state: request.query("state"),
          request.page()
        )
      )
    }
    router.get("v1/deployments/:owner/:dseq") { _, context in
      let text = try context.parameters.require("dseq")
      guard let dseq = UInt64(text) else {
        throw ServingError.invalid("`\(text)` is not a deployment number", fix: "a whole number above 0")
      }
      return try await JSON(node.deployment(owner: context.parameters.require("owner"), dseq: dseq))
    }
    router.get("v1/leases") { request, _ in
      try await JSON(
        node.leases(
          LeaseFilter(
            owner: request.query("owner"),
            provider: request.query("provider"),
            state: request.query("state")
          ),
          request.page()
        )
      )
    }
    router.get("v1/market/gpus") { _, _ in try await JSON(node.gpus()) }
    router.get("v1/provider/status") { _, _ in try await JSON(node.providerStatus()) }
    router.get("v1/provider/decisions") { request, _ in
      try await JSON(node.decisions(order: request.query("order")))
    }
  }

  private func submissions(_ router: Router<ConnectionContext>) {
    let node = node
    router.post("v1/transactions") { request, _ in
      let wait = request.query("wait") == "committed"
      return try await JSON(node.submit(transaction: request.bytes(upTo: 300_000), wait: wait))
    }
    router.post("v1/transactions/batch") { request, _ in
      let body = try await request.bytes(upTo: 4_000_000)
      guard let batch = TransactionBatch.decode(body) else {
        throw ServingError.invalid(
          "the body is not a batch",
          fix: "for each transaction its length in four bytes, big-endian, then its bytes"
        )
      }
      return try await JSON(node.submit(batch: batch))
    }
    router.post("v1/objects") { request, _ in
      try await JSON(node.submit(object: request.bytes(upTo: 70_000)))
    }
    router.post("v1/faucet/:address") { _, context in
      try await JSON(node.faucet(context.parameters.require("address")))
    }
  }
}

extension Request {
  func query(_ name: String) -> String? {
    uri.queryParameters[Substring(name)].map(String.init)
  }

  /// Reads the query parameters `limit` and `page_key`.
  func page() throws -> PageQuery {
    let key = query("page_key")
    guard let text = query("limit") else { return PageQuery(key: key) }
    guard let limit = Int(text), (1...PageQuery.maximumLimit).contains(limit) else {
      throw ServingError.invalid(
        "`\(text.prefix(80))` is not a limit",
        fix: "a whole number from 1 to \(PageQuery.maximumLimit); `page_key` gets what follows"
      )
    }
    return PageQuery(limit: limit, key: key)
  }

  /// The bytes of the body. Throws when it is empty or longer than `limit`.
  func bytes(upTo limit: Int) async throws -> [UInt8] {
    let buffer: ByteBuffer
    do {
      buffer = try await body.collect(upTo: limit)
    } catch {
      throw ServingError.tooLarge(limit: limit)
    }
    guard buffer.readableBytes > 0 else { throw ServingError.invalid("the body is empty", fix: nil) }
    return Array(buffer.readableBytesView)
  }
}

/// A JSON response.
struct JSON: ResponseGenerator {
  let bytes: [UInt8]

  init(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    bytes = [UInt8](try encoder.encode(value))
  }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    Response(
      status: .ok,
      headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    )
  }
}

/// Turns an error into an `Answer.Failure` with the matching HTTP status.
private struct AnswerFailures<Context: RequestContext>: RouterMiddleware {
  let logger: Logger

  func handle(
    _ request: Request,
    context: Context,
    next: @concurrent (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as ServingError {
      let (status, failure) = Self.describe(error)
      return try Self.response(status, failure)
    } catch let error as HTTPError {
      let message = error.body ?? "\(error.status)"
      return try Self.response(error.status, Answer.Failure(error: "http", message: message))
    } catch {
      logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      return try Self.response(
        .internalServerError,
        Answer.Failure(error: "internal", message: "the node could not answer")
      )
    }
  }

  private static func describe(_ error: ServingError) -> (HTTPResponse.Status, Answer.Failure) {
    switch error {
    case .notFound: (.notFound, Answer.Failure(error: "not_found", message: error.description))
    case .invalid(_, let fix):
      (.badRequest, Answer.Failure(error: "invalid", message: error.description, fix: fix))
    case .tooLarge: (.contentTooLarge, Answer.Failure(error: "too_large", message: error.description))
    case .rejected(let code, let codespace, let message):
      (
        .unprocessableContent,
        Answer.Failure(error: "rejected", message: message, code: code, codespace: codespace)
      )
    case .unavailable: (.serviceUnavailable, Answer.Failure(error: "unavailable", message: error.description))
    case .busy: (.tooManyRequests, Answer.Failure(error: "busy", message: error.description))
    }
  }

  private static func response(_ status: HTTPResponse.Status, _ failure: Answer.Failure) throws -> Response {
    Response(
      status: status,
      headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSON(failure).bytes))
    )
  }
}
