import API
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// Passes connections on to a node. The answers to the first transactions are lost: the node has them, and then the
/// connection breaks.
final class LosingRelay: Sendable {
  fileprivate let node: NodeClient
  private let left: Mutex<Int>

  private init(_ node: NodeClient, losing count: Int) {
    self.node = node
    left = Mutex(count)
  }

  /// Whether the answer to the next transaction is lost.
  fileprivate func loses() -> Bool {
    left.withLock { left in
      guard left > 0 else { return false }
      left -= 1
      return true
    }
  }

  static func with(_ node: NodeClient, losing count: Int, _ body: (NodeClient) async throws -> Void)
    async throws
  {
    let relay = LosingRelay(node, losing: count)
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Inbound(relay))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let result: Result<Void, any Error>
    do {
      try await body(try NodeClient("127.0.0.1:\(channel.localAddress?.port ?? 0)"))
      result = .success(())
    } catch {
      result = .failure(error)
    }
    try await channel.close()
    try result.get()
  }

  private final class Inbound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let relay: LosingRelay
    private var upstream: EventLoopFuture<any Channel>?

    init(_ relay: LosingRelay) { self.relay = relay }

    func channelActive(context: ChannelHandlerContext) {
      let client = context.channel
      upstream = ClientBootstrap(group: context.eventLoop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Outbound(client))
          }
        }
        .connect(host: "127.0.0.1", port: Int(relay.node.address.port))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      let isTransaction = String(buffer: bytes).hasPrefix("POST /v1/transactions")
      let loses = isTransaction && relay.loses()
      upstream?.whenSuccess { channel in
        if loses { channel.pipeline.fireUserInboundEventTriggered(Loss()) }
        channel.writeAndFlush(bytes, promise: nil)
      }
    }
  }

  private struct Loss {}

  private final class Outbound: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let client: any Channel
    private var loses = false

    init(_ client: any Channel) { self.client = client }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if event is Loss { loses = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard loses else { return client.writeAndFlush(unwrapInboundIn(data), promise: nil) }
      client.close(promise: nil)
      context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }
  }
}
