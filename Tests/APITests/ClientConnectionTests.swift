import Testing

@testable import API

/// How the client behaves on the wire, and what it says of whoever is no node.
@Suite struct ClientConnectionTests {
  private static func answer(_ body: String) -> ScriptedServer.Reply {
    .text("HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  @Test func `questions one after the other go over one connection, of copies and namesakes too`()
    async throws
  {
    try await ScriptedServer.with(Self.answer("[]")) { server, client in
      let namesake = try NodeClient("http://\(client.address)/")
      for number in 0..<20 {
        let asked = number.isMultiple(of: 2) ? client : namesake
        let takes: [Answer.Take] = try await asked.get("/v1/take")
        #expect(takes.isEmpty)
      }
      #expect(server.connections == 1)
    }
  }

  @Test func `whoever accepts and says nothing is given up in time`() async throws {
    try await ScriptedServer.with(.silence) { _, client in
      let error = await #expect(throws: ClientError.self) {
        _ = try await client.get("/v1/status", timeout: .milliseconds(200), as: Answer.Status.self)
      }
      #expect(error?.description == "\(client.address) did not answer within 0.2 s")
    }
  }

  @Test func `what speaks no HTTP is named`() async throws {
    try await ScriptedServer.with(.text("SSH-2.0-OpenSSH_9.9\r\n\r\n")) { _, client in
      let error = await #expect(throws: ClientError.self) { _ = try await client.text("/metrics") }
      #expect(error?.description == "what answers at \(client.address) does not speak HTTP")
    }
  }

  @Test func `whoever hangs up without an answer may be another port`() async throws {
    try await ScriptedServer.with(.close) { _, client in
      let error = await #expect(throws: ClientError.self) { _ = try await client.text("/metrics") }
      #expect(error?.description.contains("closed the connection without an answer") == true)
    }
  }

  @Test func `an answer that is too large is not read`() async throws {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 67108865\r\n\r\n"
    try await ScriptedServer.with(.text(head)) { _, client in
      let error = await #expect(throws: ClientError.self) { _ = try await client.text("/metrics") }
      #expect(error?.description == "the answer is larger than 64 MiB")
    }
  }

  @Test func `an unknown name is told apart from a silent node`() async throws {
    let client = try NodeClient("no-such-node.invalid:26657")
    let error = await #expect(throws: ClientError.self) { _ = try await client.text("/metrics") }
    #expect(error?.description.contains("name no-such-node.invalid is not known") == true)
  }

  @Test func `a question that its asker drops ends as cancelled`() async throws {
    try await ScriptedServer.with(.silence) { _, client in
      let task = Task { try await client.text("/metrics") }
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }
}
