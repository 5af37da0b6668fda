import API
import NIOCore
import NIOPosix

/// An HTTP server that passes requests on to a node and may change what it answers.
final class AnswerRelay: Sendable {
  let port: Int
  private let channel: any Channel

  /// `alter`: what becomes of the body of a path's answer.
  init(
    to node: NodeClient,
    on group: MultiThreadedEventLoopGroup,
    alter: @escaping @Sendable (_ path: String, _ body: String) -> String
  ) async throws {
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(RelayHandler(node, alter))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }

  func stop() async { try? await channel.close().get() }
}

/// One request a connection is enough for the command-line client.
private final class RelayHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let node: NodeClient
  private let alter: @Sendable (String, String) -> String
  private var head = ""

  init(_ node: NodeClient, _ alter: @escaping @Sendable (String, String) -> String) {
    self.node = node
    self.alter = alter
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    head += String(buffer: unwrapInboundIn(data))
    guard head.contains("\r\n\r\n"), let path = head.split(separator: " ").dropFirst().first.map(String.init)
    else { return }
    head = ""
    let (node, alter, channel) = (node, alter, context.channel)
    Task {
      var status = "200 OK"
      var body = "{}"
      do {
        body = alter(path, try await node.text(path))
      } catch {
        status = "404 Not Found"
      }
      let answer =
        "HTTP/1.1 \(status)\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
      try? await channel.writeAndFlush(ByteBuffer(string: answer))
    }
  }
}
