import Chain
import Cryptography
import Ledger
import Primitives
import Replication

/// The keys and the genesis of a run. Each account has 1,000,000 AKT, each validator a stake of 1,000 AKT.
public struct Population {
  public let genesis: Genesis
  /// The consensus keys of the validators, in the order of their nodes.
  public let validators: [SigningKey]
  /// The keys of the validators' operator accounts, in the same order.
  public let operators: [SigningKey]
  /// The keys of accounts that send money and post orders.
  public let tenants: [SigningKey]
  /// The keys of accounts that bid for orders.
  public let providers: [SigningKey]
  /// The keys by which nodes identify themselves to peers.
  let nodeKeys: [SigningKey]

  /// `count` is the number of validators, `nodes` the number of validators and followers together.
  /// `parameters` are chain parameters by the raw value of `ParameterKey`; an unknown name throws
  /// `ScenarioError.unknownParameter`.
  init(
    seed: UInt64,
    validators count: Int,
    nodes: Int,
    workload: LoadPlan,
    parameters: [String: UInt64] = [:]
  ) throws {
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
    operators = (0..<count).map { _ in key() }
    let money = [Coin(1_000_000_000_000, .uakt)]
    let owners = tenants + providers + operators
    genesis = try Self.genesis(
      validators: zip(operators, validators).map { ($0.address, $1.publicKey) },
      accounts: owners.map { Genesis.Account(address: $0.address, coins: money) },
      changes: parameters
    )
  }

  private static func genesis(
    validators: [(operatorAddress: Address, key: PublicKey)],
    accounts: [Genesis.Account],
    changes: [String: UInt64]
  ) throws -> Genesis {
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
    parameters[.maximumBilledInterval] = 4_000
    parameters[.payoutInterval] = 10
    for (name, value) in changes {
      guard let key = ParameterKey(rawValue: name) else { throw ScenarioError.unknownParameter(name) }
      parameters[key] = value
    }
    guard let chain = ChainID("simulated-1"), let commission = Decimal18("0.05") else {
      preconditionFailure("literals are well formed")
    }
    return Genesis(
      chain: chain,
      time: Timestamp(milliseconds: 1_700_000_000_000),
      currencies: [currency],
      parameters: parameters,
      accounts: accounts,
      validators: validators.enumerated().map { index, validator in
        Genesis.Validator(
          operatorAddress: validator.operatorAddress,
          consensusKey: validator.key,
          moniker: "validator-\(index + 1)",
          stake: Amount(1_000_000_000),
          commission: commission
        )
      }
    )
  }
}

/// The result of the genesis, with which every node starts: state, state tree and tip.
struct GenesisState {
  let version: StateVersion
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
    version = StateVersion(state: state, pages: pages)
    tip = try Tip(genesis: genesis, stateRoot: update.root, validators: outcome.validators)
  }
}
