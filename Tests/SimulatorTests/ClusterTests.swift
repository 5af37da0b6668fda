import Chain
import Cryptography
import Ledger
import Primitives
import Replication
import Simulator
import Testing

/// Whole replicas under a virtual clock.
struct ClusterTests {
  struct World {
    var cluster: Cluster
    var alice: SigningKey
    var bob: SigningKey
    var genesis: Genesis
  }

  static func world(validators count: Int = 4, followers: Int = 0, seed: UInt64) throws -> World {
    var generator = SeededGenerator(seed: seed)
    func key() -> SigningKey {
      SigningKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) })!
    }
    let validators = (0..<count).map { _ in key() }
    let alice = key()
    let bob = key()
    let currency = Currency(
      denomination: .uakt, symbol: "AKT", exponent: 6, minimumDeposit: Amount(500_000),
      leaseDeposit: Amount(500_000), minimumFee: Amount(10), takeBasisPoints: 400)
    var parameters = Parameters()
    parameters[.tickMilliseconds] = 1_000
    parameters[.maximumBlockInterval] = 2_000
    let genesis = Genesis(
      chain: ChainID("simulated-1")!, time: Timestamp(milliseconds: 1_700_000_000_000), currencies: [currency],
      parameters: parameters,
      accounts: [Genesis.Account(address: alice.address, coins: [Coin(1_000_000_000, .uakt)])],
      validators: validators.enumerated().map { index, key in
        Genesis.Validator(
          operatorAddress: Address.module("operator-\(index)"), consensusKey: key.publicKey,
          moniker: "validator-\(index)", stake: Amount(1_000_000_000), commission: Decimal18("0.05")!)
      })
    let cluster = try Cluster(genesis: genesis, validators: validators, followers: followers, seed: seed)
    return World(cluster: cluster, alice: alice, bob: bob, genesis: genesis)
  }

  static func transfer(_ world: World, sequence: UInt64, amount: UInt64 = 5) -> Transaction {
    let send = Send(from: world.alice.address, to: world.bob.address, amount: [Coin(amount, .uakt)])
    return TransactionDraft(actions: [.send(send)], sequence: sequence, fee: Fee(amount: Coin(10, .uakt)))
      .signed(by: world.alice, chain: world.genesis.chain)
  }

  @Test func fourValidatorsCommitEmptyBlocksAtTheBlockInterval() throws {
    let world = try Self.world(seed: 1)
    world.cluster.start()
    #expect(world.cluster.run(for: .seconds(20)) { $0.height(of: 0) >= 5 })
    #expect(world.cluster.violations.isEmpty)
  }

  @Test func aTransferIsCommittedByAllWithinAFewNetworkDelays() throws {
    let world = try Self.world(seed: 2)
    world.cluster.start()
    _ = world.cluster.run(for: .seconds(5)) { $0.height(of: 0) >= 1 }
    let before = world.cluster.now
    #expect(world.cluster.submit(Self.transfer(world, sequence: 0), to: 1) == .accepted)
    let arrived = world.cluster.run(for: .seconds(2)) { cluster in
      (0..<cluster.count).allSatisfy { index in
        cluster.replica(of: index).map {
          LedgerQuery(state: $0.view).balance(of: world.bob.address, in: .uakt) == Amount(5)
        } ?? false
      }
    }
    #expect(arrived)
    #expect(world.cluster.now.since(before) < .milliseconds(300))
    #expect(world.cluster.violations.isEmpty)
  }

  @Test func aFollowerCatchesUpAndAgreesOnTheStateRoot() throws {
    let world = try Self.world(followers: 1, seed: 3)
    world.cluster.start()
    world.cluster.crash(4)
    for sequence in 0..<10 {
      world.cluster.submit(Self.transfer(world, sequence: UInt64(sequence)), to: sequence % 4)
      _ = world.cluster.run(for: .milliseconds(500))
    }
    let height = world.cluster.height(of: 0)
    world.cluster.restart(4)
    #expect(world.cluster.run(for: .seconds(10)) { $0.height(of: 4) >= height })
    _ = world.cluster.run(for: .seconds(3))
    #expect(world.cluster.violations.isEmpty)
  }

  @Test func threeOfFourGoOnAndTwoOfFourStopAndResume() throws {
    let world = try Self.world(seed: 4)
    world.cluster.start()
    #expect(world.cluster.run(for: .seconds(10)) { $0.height(of: 0) >= 2 })
    world.cluster.crash(3)
    let three = world.cluster.height(of: 0)
    #expect(world.cluster.run(for: .seconds(30)) { $0.height(of: 0) >= three + 5 })
    world.cluster.crash(2)
    _ = world.cluster.run(for: .seconds(2))
    let two = world.cluster.height(of: 0)
    _ = world.cluster.run(for: .seconds(10))
    #expect(world.cluster.height(of: 0) <= two + 1)
    world.cluster.restart(2)
    #expect(world.cluster.run(for: .seconds(60)) { $0.height(of: 0) >= two + 5 && $0.height(of: 2) >= two + 5 })
    world.cluster.restart(3)
    #expect(world.cluster.run(for: .seconds(30)) { $0.height(of: 3) >= two + 5 })
    #expect(world.cluster.violations.isEmpty)
  }

  @Test(arguments: UInt64(1)...12)
  func lossDelayAndCrashesNeverForkAndTheNetworkRecovers(seed: UInt64) throws {
    let world = try Self.world(seed: 1_000 + seed)
    let cluster = world.cluster
    cluster.network.lossPartsPerMillion = 50_000
    cluster.network.duplicationPartsPerMillion = 20_000
    cluster.network.maximumDelay = .milliseconds(60)
    var generator = SeededGenerator(seed: seed)
    cluster.start()
    for sequence in 0..<12 {
      cluster.submit(Self.transfer(world, sequence: UInt64(sequence)), to: Int(generator.next(below: 4)))
      let victim = Int(generator.next(below: 4))
      if generator.next(below: 3) == 0 { cluster.crash(victim) }
      _ = cluster.run(for: .milliseconds(200 + generator.next(below: 800)))
      for index in 0..<4 where !cluster.isUp(index) { cluster.restart(index) }
    }
    cluster.network = Cluster.Network()
    let healed = cluster.height(of: 0)
    #expect(
      cluster.run(for: .seconds(60)) { cluster in
        (0..<4).allSatisfy { cluster.height(of: $0) >= healed + 3 }
      }, "seed \(seed): the network did not recover")
    #expect(cluster.violations.isEmpty, "seed \(seed)")
  }

  @Test func theSameSeedGivesTheSameRun() throws {
    func run() throws -> [Digest] {
      let world = try Self.world(seed: 9)
      world.cluster.start()
      for sequence in 0..<5 {
        world.cluster.submit(Self.transfer(world, sequence: UInt64(sequence)), to: 0)
        _ = world.cluster.run(for: .milliseconds(700))
      }
      return (0..<4).map { world.cluster.tip(of: $0).block }
    }
    #expect(try run() == run())
  }
}
