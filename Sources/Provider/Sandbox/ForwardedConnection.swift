import Glibc

/// Two sockets whose bytes go from each to the other. The end of one direction is passed on and leaves the
/// other direction open.
final class ForwardedConnection {
  /// The accepted socket, and the one that leads on.
  let sockets: [Int32]
  /// The number of the listening socket that it came to.
  let entry: Int
  /// When bytes last moved, in either direction.
  private(set) var movedAt = ContinuousClock.now
  private var isConnecting: Bool
  /// Bytes that came from each socket and wait for the other.
  private var waiting: [[UInt8]] = [[], []]
  /// Whether each socket has sent its last byte, and whether the other was told so.
  private var hasEnded = [false, false]
  private var hasPassedEnd = [false, false]
  private(set) var isDone = false

  /// Bytes that wait in each direction before no more are read.
  private static let limit = 64 << 10

  init(accepted: Int32, onward: Int32, isConnecting: Bool, entry: Int) {
    sockets = [accepted, onward]
    self.entry = entry
    self.isConnecting = isConnecting
  }

  /// Ends it, whatever still waits. Its sockets stay open until `close`.
  func end() { isDone = true }

  func close() {
    for socket in sockets { Glibc.close(socket) }
  }

  /// What to poll socket `index` for; 0 for nothing, and then it must not be polled at all.
  func events(_ index: Int) -> Int16 {
    guard !isConnecting else { return index == 1 ? Int16(POLLOUT) : 0 }
    let reads = !hasEnded[index] && waiting[index].count < Self.limit
    return (reads ? Int16(POLLIN) : 0) | (waiting[1 - index].isEmpty ? 0 : Int16(POLLOUT))
  }

  /// Handles what `poll` has found out about socket `index`.
  func handle(_ index: Int, _ found: Int16) {
    guard found != 0, !isDone else { return }
    if isConnecting {
      var code: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      guard getsockopt(sockets[1], SOL_SOCKET, SO_ERROR, &code, &length) == 0, code == 0 else {
        isDone = true
        return
      }
      isConnecting = false
      return
    }
    if found & Int16(POLLIN | POLLHUP | POLLERR) != 0 { receive(index) }
    for direction in 0...1 where !isDone { send(direction) }
    isDone = isDone || hasPassedEnd.allSatisfy { $0 }
  }

  private func receive(_ index: Int) {
    let room = Self.limit - waiting[index].count
    guard room > 0, !hasEnded[index] else { return }
    var count = 0
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
      count = recv(sockets[index], buffer.baseAddress, room, 0)
      code = errno
      filled = max(0, count)
    }
    waiting[index] += bytes
    if count > 0 { movedAt = .now }
    if count == 0 { hasEnded[index] = true }
    if count < 0, code != EAGAIN, code != EINTR { isDone = true }
  }

  /// Sends what came from socket `index` to the other.
  private func send(_ index: Int) {
    let other = sockets[1 - index]
    if !waiting[index].isEmpty {
      let count = waiting[index].withUnsafeBytes {
        Glibc.send(other, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count > 0 {
        waiting[index].removeFirst(count)
        movedAt = .now
      } else if count < 0, errno != EAGAIN, errno != EINTR {
        isDone = true
      }
    }
    if hasEnded[index], waiting[index].isEmpty, !hasPassedEnd[index] {
      shutdown(other, Int32(SHUT_WR))
      hasPassedEnd[index] = true
    }
  }
}
