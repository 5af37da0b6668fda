import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Synchronization
import Testing

/// Transfers from one funded account, each sent when the last one is in a block, over whichever node answers.
final class Transfers: Sendable {
  private struct State {
    var acknowledged: [String] = []
    var isStopped = false
  }

  private let key: SigningKey
  private let to: Address
  private let clients: [NodeClient]
  private let state = Mutex(State())

  /// `account`: of the public test mnemonic; 0, 1 and 2 have coins in every testnet.
  init(account: UInt32, to: Address, over clients: [NodeClient]) throws {
    key = try Self.key(account)
    self.to = to
    self.clients = clients
  }

  private static func key(_ account: UInt32) throws -> SigningKey {
    let words = Array(repeating: "abandon", count: 23) + ["art"]
    return try Keyring.key(words: words, index: account)
  }

  static func address(_ account: UInt32) throws -> Address { try key(account).address }

  /// Hashes of the transfers that a node said are in a block.
  var acknowledged: [String] { state.withLock { $0.acknowledged } }

  func stop() { state.withLock { $0.isStopped = true } }

  func run() async {
    var turn = 0
    while !state.withLock({ $0.isStopped }) {
      do {
        try await send(over: clients[turn % clients.count])
      } catch {
        // A node that is down, or one that is behind and knows an older sequence: the next one is asked.
        turn += 1
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  private func send(over client: NodeClient) async throws {
    let result = try await Self.commit(try await next(over: client), over: client)
    guard result.code == 0, result.height > 0 else { throw TestFailure(result.log) }
    state.withLock { $0.acknowledged.append(result.hash) }
  }

  /// The signed transfer with the sequence number that the node expects.
  func next(over client: NodeClient) async throws -> [UInt8] {
    let status: Answer.Status = try await client.get("/v1/status")
    guard let chain = ChainID(status.chainId) else { throw TestFailure("no chain id") }
    let account: Answer.Account = try await client.get("/v1/accounts/\(key.address.text())")
    let send = Send(from: key.address, to: to, amount: [Coin(1, .uakt)])
    return TransactionDraft(
      actions: [.send(send)],
      sequence: account.sequence,
      fee: Fee(amount: Coin(5_000, .uakt))
    ).signed(by: key, chain: chain).encoded
  }

  /// Submits a transfer and waits until a block has it.
  static func commit(_ transfer: [UInt8], over client: NodeClient) async throws -> Answer.TransactionResult {
    try await client.post("/v1/transactions", [("wait", "committed")], body: transfer, timeout: .seconds(30))
  }
}

extension LocalNetwork {
  /// Three accounts that send to `receiver`, each over the validators beginning with another one.
  func senders(to receiver: Address) throws -> [Transfers] {
    let clients = try validators.map(client)
    return try (0..<3).map { account in
      try Transfers(
        account: UInt32(account),
        to: receiver,
        over: Array(clients[account...] + clients[..<account])
      )
    }
  }

  /// Waits until all validators stand at one height or above, then looks for every acknowledged transfer on each of
  /// them, for equal blocks and state roots, and for money that was made or lost.
  func expectKept(by senders: [Transfers], at receiver: Address) async throws {
    var highest: UInt64 = 0
    for name in validators { highest = max(highest, try await height(name)) }
    try await expect(validators, at: highest)
    _ = try await expectAgreement(of: validators)
    let acknowledged = senders.flatMap(\.acknowledged)
    for name in validators {
      let client = try client(name)
      for hash in acknowledged {
        let result: Answer.TransactionResult = try await client.get("/v1/transactions/\(hash)")
        #expect(result.code == 0 && result.height > 0, "\(name) lost \(hash)")
      }
      let account: Answer.Account = try await client.get("/v1/accounts/\(receiver.text())")
      let received = account.balances.first { $0.denomination == "uakt" }.flatMap { Int($0.amount) } ?? 0
      // A transfer may be in a block though its sender was cut off before it heard.
      #expect(received >= acknowledged.count)
      let audit: [Answer.AuditLine] = try await client.get("/v1/audit")
      #expect(audit.allSatisfy { $0.conserved })
    }
    print("\(acknowledged.count) acknowledged transfers, all on \(validators.count) validators at \(highest)")
  }
}
