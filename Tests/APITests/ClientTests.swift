@testable import API
import Foundation
import Primitives
import Synchronization
import Testing

@Suite struct ClientTests {
  @Test(arguments: [
    ("127.0.0.1:26657", "127.0.0.1:26657"), ("http://node.example:80/", "node.example:80"),
    ("http://[::1]:26657", "[::1]:26657"),
  ]) func `an address is host and port, with or without a scheme`(_ text: String, _ address: String) throws {
    #expect(try NodeClient(text).address.description == address)
  }

  @Test(arguments: [
    ("", "names no port"), ("127.0.0.1", "names no port"), ("127.0.0.1:", "not a port"),
    ("127.0.0.1:0", "port 0"),
    ("127.0.0.1:65536", "0 to 65535"), ("127.0.0.1:x", "`x`"), ("::1:26657", "without brackets"),
  ]) func `an address that no node can have is refused in words`(_ text: String, _ words: String) {
    let error = #expect(throws: ClientError.self) { try NodeClient(text) }
    #expect(error?.description.contains(words) == true)
  }

  @Test func `a node that is not there is unreachable, and the address is named`() async throws {
    // A port of which nobody listens: one that was free a moment ago.
    let port = Mutex(0)
    try await serving(FakeNode()) { client in port.withLock { $0 = client.port } }
    let client = try NodeClient("127.0.0.1:\(port.withLock { $0 })")
    do {
      _ = try await client.get("/health", as: String.self)
      Issue.record("it answers")
    } catch ClientError.unreachable(let address, let reason) {
      #expect(address.hasSuffix(":\(client.port)"))
      #expect(reason.contains("nothing listens there"))
    }
  }

  @Test func `a refusal carries the node's message, code and remedy`() async throws {
    let error = ServingError.rejected(code: 5, codespace: "gov", message: "it cannot be done")
    try await serving(FakeNode(failing: error)) { client in
      do {
        _ = try await client.post("/v1/transactions", body: [1], as: Answer.TransactionResult.self)
        Issue.record("it was accepted")
      } catch ClientError.refused(let status, let failure) {
        #expect(status == 422)
        #expect(failure.code == 5 && failure.codespace == "gov" && failure.message == "it cannot be done")
      }
    }
  }

  @Test func `an answer of another shape is an error that names the path`() async throws {
    try await serving(FakeNode()) { client in
      do {
        _ = try await client.get("/v1/take", as: Answer.Account.self)
        Issue.record("a list is an account")
      } catch ClientError.unexpectedAnswer(let path, _) {
        #expect(path == "/v1/take")
      }
    }
  }

  @Test func `queries are escaped, and absent ones left out`() async throws {
    let node = FakeNode()
    try await serving(node) { client in
      let key = "akash1a/ibc/A&B=C D"
      let proof: Answer.Proof = try await client.get("/v1/proofs", [("kind", "balance"), ("key", key)])
      #expect(proof.key == key)
      let _: Answer.Page<Answer.Grant> = try await client.get(
        "/v1/grants",
        [("granter", nil), ("grantee", "b")]
      )
      #expect(node.questions == ["proof balance \(key)", "grants - b"])
    }
  }

  @Test func `every answer survives the way through JSON`() async throws {
    try await serving(FakeNode()) { client in
      let proposal: Answer.Proposal = try await client.get("/v1/proposals/3")
      #expect(proposal.id == 3 && proposal.tally?.noWithVeto == "0.5" && proposal.votingEnd == nil)
      let result: Answer.TransactionResult = try await client.get("/v1/transactions/ab")
      #expect(result.events.first?.attributes == [.init(key: "from", value: "a")])
    }
  }
}
