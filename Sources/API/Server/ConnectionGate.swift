import Glibc
import NIOCore

/// Stands first at the socket that accepts: closes what is one connection too many, and waits a moment where
/// no file can be opened for the next.
final class ConnectionGate: ChannelInboundHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel

  /// How long nothing is accepted after a want of files: each try would fail at once, over and over.
  private static let pause = TimeAmount.milliseconds(100)

  private var counts: ConnectionCounts
  private var isPaused = false

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

  /// A connection that cannot be accepted now is no reason to end the server, so the error ends here.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let passing = [ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM]
    guard let failure = error as? IOError, passing.contains(failure.errnoCode) else {
      context.fireErrorCaught(error)
      return
    }
    guard failure.errnoCode != ECONNABORTED, !isPaused else { return }
    isPaused = true
    accept(false, context)
    let bound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: Self.pause) {
      bound.value.gate.isPaused = false
      bound.value.gate.accept(true, bound.value.context)
    }
  }

  /// Whether the system tells of connections that wait; it fails only for a socket that is closed.
  private func accept(_ isOn: Bool, _ context: ChannelHandlerContext) {
    try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
  }

  /// What connections are counted by: an IPv4 address, the first half of an IPv6 one.
  private static func address(_ socket: SocketAddress?) -> [UInt8] {
    // By position: family and port take 4 bytes, and before an IPv6 address 4 of a flow label follow. The names
    // of these fields belong to one of two modules, as the build has it.
    switch socket {
    case .v4(let v4): return withUnsafeBytes(of: v4.address) { Array($0[4..<8]) }
    case .v6(let v6):
      let bytes = withUnsafeBytes(of: v6.address) { Array($0[8..<24]) }
      // ::ffff:a.b.c.d is the IPv4 address of a socket that takes both.
      let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
      return isMapped ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
    case .unixDomainSocket, nil: return []
    }
  }
}
