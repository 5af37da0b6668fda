import API
import NIOCore
import NIOPosix
import Primitives
import Synchronization

/// Passes connections on to a node. The first streams of market events that are asked for break off at once; the
/// next begins only when the node has bids on the order, as if the follower had come late.
final class StreamCutter: Sendable {
  private let channel: any Channel
  private let ledger: Ledger

  /// Streams that were asked for.
  fileprivate final class Ledger: Sendable {
    let node: NodeClient
    let cuts: Int
    let streams = Mutex(0)

    init(_ node: NodeClient, cuts: Int) {
      (self.node, self.cuts) = (node, cuts)
    }
  }

  init(to node: NodeClient, cuts: Int, on group: MultiThreadedEventLoopGroup) async throws {
    let ledger = Ledger(node, cuts: cuts)
    self.ledger = ledger
    channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(CutterHandler(ledger))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  var port: Int { channel.localAddress?.port ?? 0 }
  var streams: Int { ledger.streams.withLock { $0 } }

  func stop() async { try? await channel.close().get() }
}

private final class CutterHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let ledger: StreamCutter.Ledger
  /// What came before the connection to the node was there.
  private var waiting: [ByteBuffer] = []
  private var hasBegun = false
  private var upstream: (any Channel)?

  init(_ ledger: StreamCutter.Ledger) {
    self.ledger = ledger
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    if let upstream {
      upstream.writeAndFlush(bytes, promise: nil)
      return
    }
    waiting.append(bytes)
    guard !hasBegun else { return }
    hasBegun = true
    let path = String(buffer: bytes).split(separator: " ").dropFirst().first.map(String.init) ?? ""
    var order: String?
    if path.hasPrefix("/v1/market/events?order=") {
      let number = ledger.streams.withLock {
        $0 += 1; return $0
      }
      guard number > ledger.cuts else {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer(string: head)).whenComplete { _ in channel.close(promise: nil) }
        return
      }
      order = String(path.dropFirst("/v1/market/events?order=".count))
    }
    connect(context, order)
  }

  func channelInactive(context: ChannelHandlerContext) {
    upstream?.close(promise: nil)
  }

  private func connect(_ context: ChannelHandlerContext, _ order: String?) {
    let (channel, ledger) = (context.channel, ledger)
    let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
    Task {
      if let order {
        _ = await Program.until(seconds: 20) {
          let bids: [Answer.Bid] = try await ledger.node.get("/v1/orders/\(order)/bids")
          return !bids.isEmpty
        }
      }
      do {
        let address = ledger.node.address
        let upstream = try await ClientBootstrap(group: channel.eventLoop)
          .channelInitializer { upstream in
            upstream.eventLoop.makeCompletedFuture {
              try upstream.pipeline.syncOperations.addHandler(BackHandler(channel))
            }
          }
          .connect(host: address.host, port: Int(address.port)).get()
        try await channel.eventLoop.submit {
          let handler = bound.value
          handler.upstream = upstream
          for bytes in handler.waiting { upstream.writeAndFlush(bytes, promise: nil) }
          handler.waiting = []
        }.get()
      } catch {
        channel.close(promise: nil)
      }
    }
  }
}

/// Carries the node's answers back.
private final class BackHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let client: any Channel

  init(_ client: any Channel) {
    self.client = client
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    client.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.close(promise: nil)
  }
}
