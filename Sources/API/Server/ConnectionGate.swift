import Glibc
import NIOCore

/// Stands first at the socket that accepts: closes what is one connection too many, and keeps a want of open
/// files from ending the server.
final class ConnectionGate: ChannelDuplexHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel
  typealias OutboundIn = Never

  /// How long nothing is accepted after a want of files: each try would fail at once, over and over.
  private static let pause = TimeAmount.milliseconds(100)

  private var counts: ConnectionCounts
  private var isPaused = false
  private var isReadWanted = false

  init(_ limits: HTTPConnectionLimits) {
    counts = ConnectionCounts(limits)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let connection = unwrapInboundIn(data)
    let address = Self.address(connection.remoteAddress)
    guard counts.open(address) else {
      connection.close(promise: nil)
      return
    }
    let gate = NIOLoopBound(self, eventLoop: context.eventLoop)
    connection.closeFuture.hop(to: context.eventLoop).whenComplete { _ in gate.value.counts.close(address) }
    context.fireChannelRead(data)
  }

  func read(context: ChannelHandlerContext) {
    if isPaused {
      isReadWanted = true
    } else {
      context.read()
    }
  }

  /// An error that went on from here would end the server and, with it, the node.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let passing = [ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM]
    guard let failure = error as? IOError, passing.contains(failure.errnoCode) else {
      context.fireErrorCaught(error)
      return
    }
    guard failure.errnoCode != ECONNABORTED, !isPaused else { return }
    isPaused = true
    let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: Self.pause) { bound.value.gate.goOn(bound.value.context) }
  }

  private func goOn(_ context: ChannelHandlerContext) {
    isPaused = false
    guard isReadWanted else { return }
    isReadWanted = false
    context.read()
  }

  /// What connections are counted by: an IPv4 address, the first half of an IPv6 one.
  private static func address(_ socket: SocketAddress?) -> [UInt8] {
    switch socket {
    case .v4(let v4): return withUnsafeBytes(of: v4.address.sin_addr) { Array($0) }
    case .v6(let v6):
      let bytes = withUnsafeBytes(of: v6.address.sin6_addr) { Array($0) }
      // ::ffff:a.b.c.d is the IPv4 address of a socket that takes both.
      let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
      return isMapped ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
    case .unixDomainSocket, nil: return []
    }
  }
}
