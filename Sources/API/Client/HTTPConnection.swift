import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives

/// One HTTP/1.1 connection to a node, used by one caller at a time. swift-nio implements the protocol.
struct HTTPConnection: Sendable {
  struct Response: Sendable {
    var status: Int
    var body: [UInt8]
  }

  /// The largest answer, in bytes; a larger one is an error.
  static let bodyLimit = 64 * 1024 * 1024

  typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

  /// Opens a connection, calls `body` with it, and closes it.
  ///
  /// `silence`: the connection is closed when no byte arrives for so long; nil waits forever.
  static func with<Result: Sendable>(
    _ address: NetworkAddress,
    silence: Duration? = nil,
    _ body: @Sendable (Exchange) async throws -> Result
  ) async throws -> Result {
    let channel: Channel
    do {
      channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connectTimeout(.seconds(5))
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .connect(host: address.host, port: Int(address.port)) { channel in
          channel.eventLoop.makeCompletedFuture {
            if let silence {
              try channel.pipeline.syncOperations.addHandlers([
                IdleStateHandler(readTimeout: TimeAmount(silence)), SilenceHandler(),
              ])
            }
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            return try Channel(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw ClientError.unreachable(address: "\(address)", reason: "\(error)")
    }
    return try await channel.executeThenClose { inbound, outbound in
      try await body(Exchange(host: "\(address)", inbound: inbound, outbound: outbound))
    }
  }

  /// Sends requests and receives their answers, one after the other.
  final class Exchange {
    private let host: String
    private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

    init(
      host: String,
      inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>,
      outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) {
      self.host = host
      parts = inbound.makeAsyncIterator()
      self.outbound = outbound
    }

    func send(_ method: HTTPMethod, _ path: String, body: [UInt8] = [], accept: String = "application/json")
      async throws
    {
      var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
      head.headers.add(name: "host", value: host)
      head.headers.add(name: "accept", value: accept)
      head.headers.add(name: "content-length", value: String(body.count))
      var requests: [HTTPClientRequestPart] = [.head(head)]
      if !body.isEmpty { requests.append(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
      requests.append(.end(nil))
      try await outbound.write(contentsOf: requests)
    }

    /// The complete answer to the oldest request that was not answered yet.
    func receive() async throws -> Response {
      try await receive(into: Response(status: 0, body: []))
    }

    /// The rest of an answer whose status was received.
    func receive(into start: Response) async throws -> Response {
      var response = start
      while let part = try await parts.next(isolation: #isolation) {
        switch part {
        case .head(let head): response.status = Int(head.status.code)
        case .body(let buffer):
          guard response.body.count + buffer.readableBytes <= HTTPConnection.bodyLimit else {
            throw ClientError.answerTooLarge
          }
          response.body.append(contentsOf: buffer.readableBytesView)
        case .end: return response
        }
      }
      throw ClientError.unreachable(address: host, reason: "the connection ended before the answer")
    }

    /// The status of the next answer. Its body must be received next.
    func receiveStatus() async throws -> Int {
      while let part = try await parts.next(isolation: #isolation) {
        if case .head(let head) = part { return Int(head.status.code) }
      }
      throw ClientError.unreachable(address: host, reason: "the connection ended before the answer")
    }

    /// The next piece of a body; nil at its end.
    func receivePiece() async throws -> [UInt8]? {
      while let part = try await parts.next(isolation: #isolation) {
        switch part {
        case .head: continue
        case .body(let buffer): return Array(buffer.readableBytesView)
        case .end: return nil
        }
      }
      return nil
    }
  }
}

/// Closes a connection on which nothing has arrived for too long.
private final class SilenceHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is IdleStateHandler.IdleStateEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    context.close(promise: nil)
  }
}

/// Why a request to a node failed.
public enum ClientError: Error, CustomStringConvertible, Sendable {
  case invalidAddress(String, reason: String)
  case unreachable(address: String, reason: String)
  case answerTooLarge
  /// The answer does not have the expected form.
  case unexpectedAnswer(path: String, detail: String)
  /// The node or the network ended a stream of events.
  case streamEnded(reason: String)
  /// The node answered with an error.
  case refused(status: Int, Answer.Failure)

  public var description: String {
    switch self {
    case .invalidAddress(let text, let reason):
      "`\(text)` is not an address such as 127.0.0.1:26657: it \(reason)"
    case .unreachable(let address, let reason): "the node at \(address) does not answer: \(reason)"
    case .answerTooLarge: "the answer is larger than 64 MiB"
    case .unexpectedAnswer(let path, let detail): "the node answered \(path) with something else: \(detail)"
    case .streamEnded(let reason): "the node's stream of events ended: \(reason)"
    case .refused(_, let failure): failure.message
    }
  }
}
