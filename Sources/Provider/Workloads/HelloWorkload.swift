import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The built-in demonstration workload `supercloud/hello`: a web service that shows where it runs.
///
/// `/` is a page, `/health` answers `ok`, and `/burn?mb=N` allocates N MiB of memory and keeps them, to test
/// limits.
public enum HelloWorkload {
  /// Serves until the process is ended. It listens on the address in `SUPERCLOUD_LISTEN`, or on all addresses
  /// without it.
  public static func run(port: Int, ready: (@Sendable (Int) -> Void)? = nil) async throws {
    let environment = ProcessInfo.processInfo.environment
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let start = ContinuousClock.now
    let ballast = Ballast()
    // Random at every start, so that a reader notices a restart.
    let instance = String(UInt64.random(in: 0 ... .max), radix: 16)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
          let handler = HelloHandler(
            environment: environment,
            start: start,
            ballast: ballast,
            instance: instance
          )
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
    let host = environment["SUPERCLOUD_LISTEN"].flatMap { $0.isEmpty ? nil : $0 } ?? "0.0.0.0"
    let channel = try await bootstrap.bind(host: host, port: port).get()
    let line = "listening on \(host):\(channel.localAddress?.port ?? port)\n"
    FileHandle.standardOutput.write(Data(line.utf8))
    ready?(channel.localAddress?.port ?? port)
    try await channel.closeFuture.get()
    try await group.shutdownGracefully()
  }
}

/// Memory that was allocated on request.
private final class Ballast: Sendable {
  private let blocks = Mutex<[[UInt8]]>([])

  /// Allocates and writes `mebibytes` MiB; returns how many MiB are allocated in all.
  func take(_ mebibytes: Int) -> Int {
    blocks.withLock { blocks in
      // The bytes are written because the kernel does not back untouched pages with memory.
      for _ in 0..<mebibytes { blocks.append([UInt8](repeating: 0x5A, count: 1 << 20)) }
      return blocks.count
    }
  }
}

private final class HelloHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let environment: [String: String]
  private let start: ContinuousClock.Instant
  private let ballast: Ballast
  private let instance: String
  private var request: HTTPRequestHead?

  init(environment: [String: String], start: ContinuousClock.Instant, ballast: Ballast, instance: String) {
    self.instance = instance
    self.environment = environment
    self.start = start
    self.ballast = ballast
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): request = head
    case .body: break
    case .end:
      guard let head = request else { return }
      request = nil
      respond(to: head, context)
    }
  }

  private func respond(to head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    let parts = head.uri.split(separator: "?", maxSplits: 1)
    let (status, type, text): (HTTPResponseStatus, String, String)
    switch parts.first.map(String.init) ?? "/" {
    case "/": (status, type, text) = (.ok, "text/html; charset=utf-8", page())
    case "/health": (status, type, text) = (.ok, "text/plain", "ok\n")
    case "/burn": (status, type, text) = burn(parts.count > 1 ? String(parts[1]) : "")
    default: (status, type, text) = (.notFound, "text/plain", "there is /, /health and /burn?mb=N\n")
    }
    var headers = HTTPHeaders()
    headers.add(name: "content-type", value: type)
    headers.add(name: "content-length", value: "\(text.utf8.count)")
    if !head.isKeepAlive { headers.add(name: "connection", value: "close") }
    let answer = HTTPResponseHead(version: head.version, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(answer)), promise: nil)
    if head.method != .HEAD {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
    let keepsAlive = head.isKeepAlive
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if !keepsAlive { bound.value.close(promise: nil) }
    }
  }

  private func burn(_ query: String) -> (HTTPResponseStatus, String, String) {
    guard query.hasPrefix("mb="), let mebibytes = Int(query.dropFirst(3)), (1...65_536).contains(mebibytes)
    else {
      return (.badRequest, "text/plain", "write /burn?mb=N with N from 1 to 65536\n")
    }
    return (.ok, "text/plain", "holding \(ballast.take(mebibytes)) MiB\n")
  }

  private func page() -> String {
    func value(_ name: String, else text: String) -> String {
      let value = environment[name].flatMap { $0.isEmpty ? nil : $0 } ?? text
      return value.reduce(into: "") { escaped, character in
        switch character {
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "&": escaped += "&amp;"
        default: escaped.append(character)
        }
      }
    }
    let replica = value("SUPERCLOUD_REPLICA", else: "0")
    let uptime = (ContinuousClock.now - start).components.seconds
    return """
      <!doctype html>
      <title>Supercloud</title>
      <h1>Hello from Supercloud</h1>
      <table>
      <tr><th>lease<td>\(value("SUPERCLOUD_LEASE", else: "none"))
      <tr><th>provider<td>\(value("SUPERCLOUD_PROVIDER", else: "none"))
      <tr><th>GPUs<td>\(value("SUPERCLOUD_GPUS", else: "none"))
      <tr><th>service<td>\(value("SUPERCLOUD_SERVICE", else: "hello")), replica \(replica)
      <tr><th>instance<td>\(instance)
      <tr><th>uptime<td>\(uptime) s
      </table>

      """
  }
}
