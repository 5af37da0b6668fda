import NIOCore

/// Received datagrams that wait for a turn of the event loop, in the order of arrival.
struct DatagramInbox {
  /// The most datagrams that may wait.
  static let limit = 256
  /// The most that may wait from one sender while the inbox is half full or more, so that one sender cannot fill
  /// it.
  static let senderLimit = 16

  private var datagrams = CircularBuffer<(sender: IPEndpoint, data: ByteBuffer)>()
  /// The number of waiting datagrams of each sender that has any.
  private var counts: [IPEndpoint: Int] = [:]

  var isEmpty: Bool { datagrams.isEmpty }

  /// Appends a datagram. Returns false when there is no room for it.
  mutating func append(_ data: ByteBuffer, from sender: IPEndpoint) -> Bool {
    let limit = datagrams.count < Self.limit / 2 ? Self.limit : Self.senderLimit
    let count = counts[sender] ?? 0
    guard datagrams.count < Self.limit, count < limit else { return false }
    datagrams.append((sender, data))
    counts[sender] = count + 1
    return true
  }

  /// Removes and returns the datagram that has waited longest; nil when none waits.
  mutating func popFirst() -> (sender: IPEndpoint, data: ByteBuffer)? {
    guard let first = datagrams.popFirst() else { return nil }
    if let count = counts[first.sender] { counts[first.sender] = count > 1 ? count - 1 : nil }
    return first
  }
}
