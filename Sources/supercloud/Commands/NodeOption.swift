import API
import ArgumentParser
import Foundation
import Node

/// The node to which requests are sent, and the output format.
struct NodeOption: ParsableArguments {
  @Option(help: "The node's HTTP address, host:port. Default: SUPERCLOUD_NODE, then the node of --home.")
  var node: String?
  @OptionGroup var home: HomeOption
  @Option(help: "table or json") var output: OutputFormat = .table

  /// - Throws: `Failure` when no node is named and the home has no running one.
  func client() throws -> NodeClient {
    if let address = node ?? ProcessInfo.processInfo.environment["SUPERCLOUD_NODE"] {
      return try NodeClient(address)
    }
    if let runtime = home.value.readRuntime() { return try NodeClient(runtime.apiAddress) }
    throw Failure(
      "no node to ask",
      why: "neither --node nor SUPERCLOUD_NODE is set, and no node has run in \(home.home)",
      fix: "start one with `supercloud start`, or name one: --node 127.0.0.1:26657"
    )
  }

  /// Runs `body` and converts errors of the client into a `Failure`.
  func withClient<Value>(_ body: (NodeClient) async throws -> Value) async throws -> Value {
    let client = try client()
    do {
      return try await body(client)
    } catch let error as ClientError {
      throw Failure(error)
    }
  }
}
