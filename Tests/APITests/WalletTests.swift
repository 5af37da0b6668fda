import Cryptography
import Foundation
import Primitives
import Testing

@testable import API
@testable import Chain

/// How a wallet sends: once, under its own sequence number, and not for longer than it may wait.
@Suite struct WalletTests {
  private func wallet(_ client: NodeClient, patience: Duration = .seconds(20)) throws -> Wallet {
    var client = client
    client.timeout = patience
    let chain = try #require(ChainID(FakeChain.name))
    let currency = Answer.Currency(
      denomination: "uakt",
      symbol: "AKT",
      exponent: 6,
      aliases: [],
      minimumDeposit: "500000",
      leaseDeposit: "0",
      minimumFee: "5000",
      takeBasisPoints: 0,
      supply: "1",
      mintCap: "0",
      minted: "0",
      retired: false
    )
    return Wallet(key: try key(), client: client, chain: chain, currencies: [currency])
  }

  private func key() throws -> SigningKey { try #require(SigningKey(seed: [UInt8](repeating: 7, count: 32))) }

  private func pay(_ wallet: Wallet) async throws -> Answer.TransactionResult {
    try await wallet.send([.send(Send(from: wallet.address, to: .module("other"), amount: [Coin(1, .uakt)]))])
  }

  @Test(arguments: [1, 2]) func `an answer that is lost after the acceptance leads to no second payment`(
    _ lost: Int
  ) async throws {
    let chain = FakeChain()
    try await serving(FakeNode(chain: chain)) { node in
      try await LosingRelay.with(node, losing: lost) { client in
        let result = try await pay(try wallet(client))
        #expect(result.height == 5)
      }
    }
    #expect(chain.payments == 1)
  }

  @Test func `a payment that may be on its way is named, also when the node then answers nothing about it`()
    async throws
  {
    let chain = FakeChain(isAiling: true)
    try await serving(FakeNode(chain: chain)) { node in
      try await LosingRelay.with(node, losing: 1) { client in
        let failure = await #expect(throws: Failure.self) { try await pay(try wallet(client)) }
        #expect(failure?.openTransaction != nil)
        #expect(failure?.what.contains("is not known") == true)
      }
    }
    #expect(chain.payments == 1)
  }

  @Test func `a number that another command took is replaced once`() async throws {
    let chain = FakeChain(rivals: 1)
    try await serving(FakeNode(chain: chain)) { client in
      let result = try await pay(try wallet(client))
      #expect(result.height == 5)
    }
    #expect(chain.payments == 1)
  }

  @Test func `who is overtaken twice is told that nothing was paid`() async throws {
    let chain = FakeChain(rivals: 2)
    try await serving(FakeNode(chain: chain)) { client in
      let failure = await #expect(throws: Failure.self) { try await pay(try wallet(client)) }
      #expect(failure?.what.contains("took the sequence number") == true)
      #expect(failure?.openTransaction == nil)
    }
    #expect(chain.payments == 0)
  }

  @Test func `a chain that stands ends the wait, with the hash and how to look it up`() async throws {
    try await serving(FakeNode(chain: FakeChain(isStanding: true))) { client in
      let started = ContinuousClock.now
      let failure = await #expect(throws: Failure.self) {
        try await pay(try wallet(client, patience: .seconds(5)))
      }
      let hash = try #require(failure?.openTransaction)
      #expect(failure?.what == "the transaction \(hash) is not in a block yet after 5 s")
      #expect(failure?.fix?.contains("`supercloud query transaction \(hash)`") == true)
      #expect(ContinuousClock.now - started < .seconds(60))
    }
  }

  @Test func `a payment of the faucet that no block takes ends the wait too`() async throws {
    try await serving(FakeNode(chain: FakeChain(isStanding: true))) { client in
      let wallet = try wallet(client, patience: .seconds(5))
      let first = await #expect(throws: Failure.self) { try await pay(wallet) }
      let hash = try #require(first?.openTransaction)
      let failure = await #expect(throws: Failure.self) {
        try await wallet.client.result(of: hash)
      }
      #expect(failure?.what == "the transaction \(hash) is not in a block yet after 5 s")
    }
  }

  @Test func `a transaction that its block has rejected is no payment`() async throws {
    let body =
      #"{"hash":"ab","height":5,"code":5,"codespace":"sdk","log":"the faucet is empty","events":[]}"#
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
    try await ScriptedServer.with(.text(answer)) { _, client in
      let failure = await #expect(throws: Failure.self) { try await client.result(of: "ab") }
      #expect(failure?.what == "the transaction was rejected: the faucet is empty")
      #expect(failure?.openTransaction == nil)
    }
  }

  @Test func `a node that says nothing ends the wait`() async throws {
    try await ScriptedServer.with(.silence) { _, client in
      let failure = await #expect(throws: Failure.self) {
        try await pay(try wallet(client, patience: .milliseconds(200)))
      }
      #expect(failure?.what.contains("did not answer within 0.2 s") == true)
    }
  }

  @Test func `commands side by side with one lock each pay once`() async throws {
    let chain = FakeChain()
    let folder = FileManager.default.temporaryDirectory.appending(path: "lock-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try await serving(FakeNode(chain: chain)) { client in
      var shared = try wallet(client)
      shared.lock = KeyLock(file: folder.appending(path: "locks/key.lock"))
      let wallet = shared
      try await withThrowingTaskGroup(of: UInt64.self) { group in
        for _ in 0..<24 { group.addTask { try await pay(wallet).height } }
        for try await height in group { #expect(height == 5) }
      }
    }
    #expect(chain.payments == 24)
  }

  @Test func `a lock that another command keeps is named`() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "lock-\(UUID().uuidString)/key.lock")
    defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
    let held = try #require(try await KeyLock(file: file).acquire(until: .now))
    let failure = await #expect(throws: Failure.self) { try await KeyLock(file: file).acquire(until: .now) }
    #expect(failure?.why?.contains(file.path) == true)
    withExtendedLifetime(held) {}
  }

  @Test func `closing is paid from the escrow where the account cannot`() async throws {
    let wallet = try wallet(try NodeClient("127.0.0.1:1"))
    let poor = Answer.Account(
      address: wallet.address.text(),
      sequence: 0,
      balances: [.init(denomination: "uakt", amount: "4999")],
      locked: []
    )
    #expect(throws: Failure.self) { try wallet.fee(preferring: nil, account: poor) }
    let fee = try wallet.fee(preferring: .uakt, account: poor, isClose: true)
    #expect(fee.amount == Coin(5_000, .uakt))
  }
}
