import Glibc
import NIOCore

/// Closes connections above the limits, and pauses accepting while the process cannot open more files.
final class ConnectionGate: ChannelInboundHandler {
  typealias InboundIn = any Channel
  typealias InboundOut = any Channel

  /// How long accepting pauses when the process has run out of files. Without the pause, each attempt would
  /// fail at once.
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

  /// Errors that concern a single accept do not end the server. Only other errors are passed on.
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

  /// Turns accepting on or off. The attempt fails only when the socket is closed.
  private func accept(_ isOn: Bool, _ context: ChannelHandlerContext) {
    try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
  }

  /// The address by which connections are counted: an IPv4 address, or the first half of an IPv6 address.
  private static func address(_ socket: SocketAddress?) -> [UInt8] {
    // The fields are read by offset, because their names come from a different module on each platform.
    // Family and port take 4 bytes; an IPv6 address comes after 4 more bytes of flow label.
    switch socket {
    case .v4(let v4): return withUnsafeBytes(of: v4.address) { Array($0[4..<8]) }
    case .v6(let v6):
      let bytes = withUnsafeBytes(of: v6.address) { Array($0[8..<24]) }
      // A socket for both protocols reports an IPv4 address a.b.c.d as ::ffff:a.b.c.d.
      let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
      return isMapped ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
    case .unixDomainSocket, nil: return []
    }
  }
}
