import Chain
import Cryptography
import Ledger
import Primitives
import Replication

/// The keys and the genesis of a run, drawn from its seed.
public struct Population {
  public let genesis: Genesis
  public let validators: [SigningKey]
  public let tenants: [SigningKey]
  public let providers: [SigningKey]
  let nodeKeys: [SigningKey]

  /// `nodes`: validators and followers.
  init(seed: UInt64, validators count: Int, nodes: Int, workload: WorkloadPlan) throws {
    var generator = SeededGenerator(seed: seed ^ 0x6B65_7973)
    func key() -> SigningKey {
      let seed = (0..<32).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      guard let key = SigningKey(seed: seed) else { preconditionFailure("a seed has 32 bytes") }
      return key
    }
    validators = (0..<count).map { _ in key() }
    tenants = (0..<max(1, workload.tenants)).map { _ in key() }
    providers = (0..<workload.providers).map { _ in key() }
    nodeKeys = (0..<nodes).map { _ in key() }
    let money = [Coin(1_000_000_000_000, .uakt)]
    let accounts = (tenants + providers).map { Genesis.Account(address: $0.address, coins: money) }
    genesis = try Self.genesis(validators: validators, accounts: accounts)
  }

  private static func genesis(validators: [SigningKey], accounts: [Genesis.Account]) throws -> Genesis {
    let currency = Currency(
      denomination: .uakt,
      symbol: "AKT",
      exponent: 6,
      minimumDeposit: Amount(500_000),
      leaseDeposit: Amount(500_000),
      minimumFee: Amount(10),
      takeBasisPoints: 400
    )
    var parameters = Parameters()
    parameters[.tickMilliseconds] = 1_000
    parameters[.maximumBlockInterval] = 2_000
    parameters[.payoutInterval] = 10
    guard let chain = ChainID("simulated-1"), let commission = Decimal18("0.05") else {
      preconditionFailure("literals are well formed")
    }
    return Genesis(
      chain: chain,
      time: Timestamp(milliseconds: 1_700_000_000_000),
      currencies: [currency],
      parameters: parameters,
      accounts: accounts,
      validators: validators.enumerated().map { index, key in
        Genesis.Validator(
          operatorAddress: Address.module("operator-\(index)"),
          consensusKey: key.publicKey,
          moniker: "validator-\(index + 1)",
          stake: Amount(1_000_000_000),
          commission: commission
        )
      }
    )
  }
}

/// State, tree and tip before the first block.
struct Origin {
  let state: MemoryState
  let pages: [NibblePath: StateTreePage]
  let tip: Tip

  init(_ genesis: Genesis) throws {
    let outcome = try Executor.genesis(genesis)
    var state = MemoryState()
    state.apply(outcome.changes)
    let update = try StateTree.apply(
      outcome.changes.map { StateTreeChange(key: $0.key, value: $0.value) },
      to: [NibblePath: StateTreePage](),
      root: StateTree.emptyRoot
    )
    var pages: [NibblePath: StateTreePage] = [:]
    for (path, page) in update.pages { pages[path] = page }
    self.state = state
    self.pages = pages
    tip = try Tip(genesis: genesis, stateRoot: update.root, validators: outcome.validators)
  }
}
