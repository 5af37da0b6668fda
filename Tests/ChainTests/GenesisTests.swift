import Chain
import Cryptography
import Primitives
import Testing

@Suite struct GenesisTests {
  static let genesis = Genesis(
    chain: ChainID("samples-1")!,
    time: Timestamp(milliseconds: 1_700_000_000_000),
    currencies: [
      Currency(
        denomination: .uakt,
        symbol: "AKT",
        exponent: 6,
        minimumDeposit: Amount(500_000),
        leaseDeposit: Amount(500_000),
        minimumFee: Amount(500),
        takeBasisPoints: 400
      )
    ],
    parameters: Parameters(),
    accounts: [Genesis.Account(address: Samples.keys[0].address, coins: [Coin(5, .uakt)])],
    validators: [
      Genesis.Validator(
        operatorAddress: Samples.keys[0].address,
        consensusKey: Samples.keys[1].publicKey,
        moniker: "one",
        stake: Amount(1_000_000),
        commission: Decimal18(raw: Decimal18.one / 10)
      )
    ]
  )

  @Test func `a change of any field changes the digest`() {
    let changes: [(inout Genesis) -> Void] = [
      { _ in },
      { $0.chain = ChainID("samples-2")! },
      { $0.time = Timestamp(milliseconds: 1) },
      { $0.protocolVersion = 2 },
      { $0.currencies = [] },
      { $0.currencies.append($0.currencies[0]) },
      { $0.currencies[0].denomination = .uusdc },
      { $0.currencies[0].symbol = "AKX" },
      { $0.currencies[0].exponent = 7 },
      { $0.currencies[0].aliases = [.uusdc] },
      { $0.currencies[0].issuer = Samples.keys[2].address },
      { $0.currencies[0].mintCap = Amount(1) },
      { $0.currencies[0].minimumDeposit = Amount(1) },
      { $0.currencies[0].leaseDeposit = Amount(1) },
      { $0.currencies[0].minimumFee = Amount(1) },
      { $0.currencies[0].takeBasisPoints = nil },
      { $0.currencies[0].takeBasisPoints = 0 },
      { $0.currencies[0].isRetired = true },
      { $0.accounts = [] },
      { $0.accounts[0].address = Samples.keys[3].address },
      { $0.accounts[0].coins = [] },
      { $0.accounts[0].coins[0] = Coin(6, .uakt) },
      { $0.accounts[0].coins[0] = Coin(5, .uusdc) },
      { $0.validators = [] },
      { $0.validators[0].operatorAddress = Samples.keys[3].address },
      { $0.validators[0].consensusKey = Samples.keys[3].publicKey },
      { $0.validators[0].moniker = "two" },
      { $0.validators[0].stake = Amount(1) },
      { $0.validators[0].commission = Decimal18(raw: 1) },
      { $0.validators[0].commission.raw += 1 << 64 },
    ]
    var digests = changes.map { change in
      var genesis = Self.genesis
      change(&genesis)
      return genesis.digest
    }
    for key in ParameterKey.allCases {
      var genesis = Self.genesis
      genesis.parameters[key] += 1
      digests.append(genesis.digest)
    }
    #expect(Set(digests).count == digests.count)
  }

  @Test(arguments: ParameterKey.allCases)
  func `every parameter's standard value is in its range and described`(key: ParameterKey) {
    let definition = key.definition
    #expect(definition.range.contains(definition.defaultValue), "\(key.rawValue)")
    #expect(!definition.summary.isEmpty && !definition.unit.isEmpty)
    #expect(key.rawValue.wholeMatch(of: /[a-z]+\.[a-z_]+/) != nil)
    #expect(Parameters()[key] == definition.defaultValue)
    #expect(ParameterKey.allCases[key.index] == key)
  }

  @Test func `parameters have different names and are set one by one`() {
    #expect(Set(ParameterKey.allCases.map(\.rawValue)).count == ParameterKey.allCases.count)
    for key in ParameterKey.allCases {
      var parameters = Parameters()
      parameters[key] += 1
      for other in ParameterKey.allCases {
        #expect(parameters[other] == other.definition.defaultValue + (other == key ? 1 : 0))
      }
    }
  }

  @Test(
    arguments: [
      ("abc", true), ("supercloud-1", true), (String(repeating: "a", count: 48), true), ("ab", false),
      (String(repeating: "a", count: 49), false), ("1abc", false), ("-abc", false), ("Abc", false),
      ("a_c", false),
      ("a c", false), ("", false), ("abé", false),
    ]
  )
  func `a chain's name has 3 to 48 of a–z, 0–9 and hyphen, and starts with a letter`(
    text: String,
    isLegal: Bool
  ) {
    #expect((ChainID(text) != nil) == isLegal, "\(text)")
  }
}
