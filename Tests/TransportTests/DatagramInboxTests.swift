import NIOCore
import Testing

@testable import Transport

@Suite struct DatagramInboxTests {
  private func sender(_ port: UInt16) throws -> IPEndpoint {
    try #require(IPEndpoint(try SocketAddress(ipAddress: "127.0.0.1", port: Int(port))))
  }

  private let data = ByteBuffer(bytes: [1])

  @Test func `datagrams come out in the order of arrival, with their senders`() throws {
    var inbox = DatagramInbox()
    for port in 1...3 {
      #expect(inbox.append(ByteBuffer(bytes: [UInt8(port)]), from: try sender(UInt16(port))))
    }
    for port in 1...3 {
      let first = try #require(inbox.popFirst())
      #expect(first.sender == (try sender(UInt16(port))) && first.data == ByteBuffer(bytes: [UInt8(port)]))
    }
    #expect(inbox.isEmpty && inbox.popFirst() == nil)
  }

  @Test func `one sender fills half of the inbox at most, and others find room`() throws {
    var inbox = DatagramInbox()
    let flooder = try sender(1)
    var accepted = 0
    for _ in 0..<1_000 where inbox.append(data, from: flooder) { accepted += 1 }
    #expect(accepted == DatagramInbox.limit / 2)
    for port in 2..<10 {
      let other = try sender(UInt16(port))
      for _ in 0..<DatagramInbox.senderLimit { #expect(inbox.append(data, from: other)) }
      #expect(!inbox.append(data, from: other))
    }
    #expect(!inbox.append(data, from: try sender(99)), "the inbox is full")
  }

  @Test func `whoever was refused has room again when its datagrams are handled`() throws {
    var inbox = DatagramInbox()
    let flooder = try sender(1)
    while inbox.append(data, from: flooder) {}
    for _ in 0..<DatagramInbox.limit / 2 { #expect(inbox.popFirst() != nil) }
    #expect(inbox.append(data, from: flooder))
  }
}
