import API
import NIOCore
import NIOPosix
import Synchronization

/// A TCP server of the loopback that does to each request what it is told to: for what no real node does.
final class ScriptedServer: Sendable {
  enum Reply: Sendable {
    case text(String)
    case close
    case silence
  }

  /// Serves on a free port while `body` runs.
  static func with(_ reply: Reply, _ body: (ScriptedServer, NodeClient) async throws -> Void) async throws {
    let counts = Counts()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        counts.connections.withLock { $0 += 1 }
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(reply))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = ScriptedServer(counts)
    let result: Result<Void, any Error>
    do {
      try await body(server, try NodeClient("127.0.0.1:\(channel.localAddress?.port ?? 0)"))
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try await channel.close()
    try result.get()
  }

  /// Connections that were accepted up to now.
  var connections: Int { counts.connections.withLock { $0 } }

  private let counts: Counts

  private init(_ counts: Counts) { self.counts = counts }

  private final class Counts: Sendable {
    let connections = Mutex(0)
  }

  /// Replies whenever an empty line ends a request's head.
  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let reply: Reply
    private var head = ""

    init(_ reply: Reply) { self.reply = reply }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      head += String(buffer: unwrapInboundIn(data))
      while let end = head.firstRange(of: "\r\n\r\n") {
        head.removeSubrange(..<end.upperBound)
        switch reply {
        case .text(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .close: context.close(promise: nil)
        case .silence: break
        }
      }
    }
  }
}
