import NIOCore
import Testing

@testable import Transport

@Suite struct DatagramInboxTests {
  private func sender(_ port: Int) throws -> IPEndpoint {
    try #require(IPEndpoint(SocketAddress(ipAddress: "127.0.0.1", port: port)))
  }

  private let data = ByteBuffer(bytes: [1])

  /// Appends datagrams of one sender until one is refused. Returns how many had room.
  private func fill(_ inbox: inout DatagramInbox, from sender: IPEndpoint) -> Int {
    var count = 0
    while inbox.append(data, from: sender) { count += 1 }
    return count
  }

  @Test func `datagrams come out in the order of arrival, with their senders`() throws {
    var inbox = DatagramInbox()
    for port in 1...3 { _ = inbox.append(ByteBuffer(bytes: [UInt8(port)]), from: try sender(port)) }
    for port in 1...3 {
      let first = inbox.popFirst()
      #expect(first?.data == ByteBuffer(bytes: [UInt8(port)]))
      #expect(first?.sender == (try sender(port)))
    }
    #expect(inbox.isEmpty)
  }

  @Test func `one sender fills half of the inbox at most, and others find room`() throws {
    var inbox = DatagramInbox()
    #expect(fill(&inbox, from: try sender(1)) == DatagramInbox.limit / 2)
    for port in 2..<10 { #expect(fill(&inbox, from: try sender(port)) == DatagramInbox.senderLimit) }
    #expect(fill(&inbox, from: try sender(99)) == 0, "the inbox is full")
  }

  @Test func `who was refused has room again when waiting datagrams were handled`() throws {
    var inbox = DatagramInbox()
    let flooder = try sender(1)
    _ = fill(&inbox, from: flooder)
    for _ in 0..<DatagramInbox.limit / 2 { _ = inbox.popFirst() }
    #expect(inbox.isEmpty)
    #expect(fill(&inbox, from: flooder) == DatagramInbox.limit / 2)
  }
}
