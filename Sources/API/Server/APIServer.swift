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

  /// Serves until the task is cancelled. `listening` gets the port: a free one when `port` is 0.
  ///
  /// - Throws: When nothing can listen on the address.
  public func run(
    host: String,
    port: Int,
    group: MultiThreadedEventLoopGroup,
    listening: @escaping @Sendable (Int) async -> Void
  ) async throws {
    // The server logs its own cancellation as an error, so everything below critical is silenced.
    var quiet = logger
    quiet.logLevel = .critical
    let router = Router(context: ConnectionContext.self)
    // CORS must be outside `AnswerFailures`, because `CORSMiddleware` wraps errors that pass through it.
    router.add(middleware: CORSMiddleware(allowOrigin: .all, allowMethods: [.get, .post]))
    router.add(middleware: AnswerFailures(logger: logger))
    let routes = Routes(router: router)
    queries(routes)
    ledger(routes)
    market(routes)
    events(router)
    submissions(routes)
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
  private let status: HTTPResponse.Status

  init(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws {
    self.status = status
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    bytes = [UInt8](try encoder.encode(value))
  }

  func response(from request: Request, context: some RequestContext) -> Response {
    Response(
      status: status,
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
    let (status, failure): (HTTPResponse.Status, Answer.Failure)
    do {
      return try await next(request, context)
    } catch let error as ServingError {
      (status, failure) = Self.describe(error)
    } catch let error as HTTPError {
      let message = error.body ?? "\(error.status)"
      (status, failure) = (error.status, Answer.Failure(error: "http", message: message))
    } catch {
      logger.error("a request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
      status = .internalServerError
      failure = Answer.Failure(error: "internal", message: "the node could not answer")
    }
    return try JSON(failure, status).response(from: request, context: context)
  }

  private static func describe(_ error: ServingError) -> (HTTPResponse.Status, Answer.Failure) {
    var failure = Answer.Failure(error: "", message: error.description)
    let status: HTTPResponse.Status
    switch error {
    case .notFound: (status, failure.error) = (.notFound, "not_found")
    case .invalid(_, let fix): (status, failure.error, failure.fix) = (.badRequest, "invalid", fix)
    case .tooLarge: (status, failure.error) = (.contentTooLarge, "too_large")
    case .rejected(let code, let codespace, _):
      (status, failure.error) = (.unprocessableContent, "rejected")
      (failure.code, failure.codespace) = (code, codespace)
    case .unavailable: (status, failure.error) = (.serviceUnavailable, "unavailable")
    case .busy: (status, failure.error) = (.tooManyRequests, "busy")
    }
    return (status, failure)
  }
}
