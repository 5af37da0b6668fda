import Chain
import Ledger
import Primitives

/// A scenario's file is JSON:
///
/// ```
/// {"takeRates": {"uakt": 400}, "payoutInterval": 600, "accounts": {"alice": {"uakt": "1000000"}},
///  "steps": [{"tick": 0, "do": "open", "deployment": "d1", "tenant": "alice", "deposit": "1000uakt",
///             "leases": [{"provider": "p1", "price": "2.5uakt"}]}],
///  "untilTick": 100}
/// ```
///
/// Steps are `open`, `deposit`, `setTake`, `withdraw`, `closeLease` and `closeDeployment`. An unknown or
/// wrong field throws a `DecodingError` whose path says where it is and whose text says what is expected;
/// nothing is ignored.
extension LedgerScenario: Decodable {
  public init(from decoder: any Decoder) throws {
    let fields = try ScenarioFields(decoder)
    takeRates = [:]
    let rates = try fields.object("takeRates")
    for name in rates.names { takeRates[try rates.denomination(called: name)] = try rates.basisPoints(name) }
    payoutInterval = try fields.number("payoutInterval", in: LedgerScenario.payoutIntervals)
    accounts = [:]
    let balances = try fields.object("accounts")
    for name in balances.names {
      let coins = try balances.object(name)
      accounts[name] = try coins.names.map { denomination in
        Coin(try coins.amount(denomination), try coins.denomination(called: denomination))
      }
    }
    steps = try fields.list("steps").map { try Step(from: $0) }
    untilTick = try fields.number("untilTick")
    try fields.refuseUnread()
  }
}

extension LedgerScenario.Step {
  fileprivate init(from fields: ScenarioFields) throws {
    tick = try fields.number("tick")
    let verb = try fields.text("do")
    switch verb {
    case "open":
      let leases = try fields.list("leases").map { lease in
        let price = try lease.price("price")
        let provider = try lease.text("provider")
        try lease.refuseUnread()
        return LedgerScenario.Lease(provider: provider, price: price)
      }
      action = .open(
        deployment: try fields.text("deployment"),
        tenant: try fields.text("tenant"),
        deposit: try fields.coin("deposit"),
        leases: leases
      )
    case "deposit":
      action = .deposit(
        deployment: try fields.text("deployment"),
        from: try fields.text("from"),
        amount: try fields.coin("amount")
      )
    case "setTake":
      let denomination = try fields.text("denom")
      action = .setTake(
        try fields.denomination(denomination, of: "denom"),
        basisPoints: try fields.number("basisPoints")
      )
    case "withdraw":
      action = .withdraw(deployment: try fields.text("deployment"), provider: try fields.text("provider"))
    case "closeLease":
      action = .closeLease(
        deployment: try fields.text("deployment"),
        provider: try fields.text("provider"),
        by: try fields.closer("by"),
        reason: try fields.reason("reason")
      )
    case "closeDeployment": action = .closeDeployment(try fields.text("deployment"))
    default:
      throw fields.fault(
        "do",
        "there is no step `\(verb)`; steps are open, deposit, setTake, withdraw, closeLease and closeDeployment"
      )
    }
    try fields.refuseUnread()
  }
}

/// One JSON object of the file. It remembers which of its fields were read, so that unknown ones are found.
private final class ScenarioFields {
  private let container: KeyedDecodingContainer<ScenarioKey>
  private var read: Set<String> = []

  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: ScenarioKey.self)
  }

  private init(_ container: KeyedDecodingContainer<ScenarioKey>) {
    self.container = container
  }

  /// The names of the fields, sorted by their bytes so that the same error is reported first each time.
  var names: [String] {
    container.allKeys.map(\.stringValue).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func refuseUnread() throws {
    guard let name = names.first(where: { !read.contains($0) }) else { return }
    throw fault(name, "this field is not known here")
  }

  func fault(_ name: String, _ text: String) -> Swift.DecodingError {
    .dataCorruptedError(forKey: ScenarioKey(name), in: container, debugDescription: text)
  }

  /// Reads a field. `wanted` says in a fault what it must be.
  private func read<Value>(_ name: String, _ wanted: String, _ body: (ScenarioKey) throws -> Value) throws
    -> Value
  {
    read.insert(name)
    let key = ScenarioKey(name)
    guard container.contains(key) else { throw fault(name, "this field is missing; it is \(wanted)") }
    guard let value = try? body(key) else { throw fault(name, "this must be \(wanted)") }
    return value
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ name: String, _ wanted: String) throws -> Value
  { try read(name, wanted) { try container.decode(type, forKey: $0) } }

  private func parsed<Value>(_ name: String, _ text: String, _ value: Value?, _ wanted: String) throws
    -> Value
  {
    guard let value else { throw fault(name, "`\(text)` is not \(wanted)") }
    return value
  }

  func text(_ name: String) throws -> String {
    let text = try decode(String.self, name, "a text")
    guard !text.isEmpty else { throw fault(name, "this is empty") }
    return text
  }

  func number(_ name: String, in range: ClosedRange<UInt64> = 0...UInt64(Int64.max)) throws -> UInt64 {
    let wanted = "a whole number between \(range.lowerBound) and \(range.upperBound)"
    let number = try decode(UInt64.self, name, wanted)
    guard range.contains(number) else { throw fault(name, "\(number) is not \(wanted)") }
    return number
  }

  func basisPoints(_ name: String) throws -> UInt64 { try number(name, in: 0...10_000) }

  func amount(_ name: String) throws -> Amount {
    let text = try decode(String.self, name, "a decimal string of whole units, such as \"1000000\"")
    guard let units = UInt64(text), text.utf8.first != UInt8(ascii: "+") else {
      throw fault(name, "`\(text)` is not a whole number of units between 0 and \(UInt64.max)")
    }
    return Amount(units)
  }

  func denomination(called name: String) throws -> Denomination { try denomination(name, of: name) }

  func denomination(_ text: String, of name: String) throws -> Denomination {
    try parsed(name, text, Denomination(text), "a denomination such as uakt")
  }

  func coin(_ name: String) throws -> Coin {
    let text = try text(name)
    let wanted = "an amount: whole digits and a denomination, such as 1000uakt"
    return try parsed(name, text, Coin(text), wanted)
  }

  func price(_ name: String) throws -> DecimalCoin {
    let text = try text(name)
    let wanted = "a price: digits, at most 18 of them after a point, and a denomination, such as 2.5uakt"
    return try parsed(name, text, DecimalCoin(text), wanted)
  }

  func closer(_ name: String) throws -> Closer {
    switch try text(name) {
    case "tenant": .tenant
    case "provider": .provider
    case let other: throw fault(name, "`\(other)` closes no lease; it is tenant or provider")
    }
  }

  /// Reads the reason why a provider closes a lease; nil, which means `unspecified`, when the field is
  /// absent.
  func reason(_ name: String) throws -> LeaseCloseReason? {
    guard container.contains(ScenarioKey(name)) else { return nil }
    let text = try text(name)
    guard let reason = LeaseCloseReason.allCases.first(where: { $0.name == text }) else {
      let names = LeaseCloseReason.allCases.map(\.name).joined(separator: ", ")
      throw fault(name, "`\(text)` is no reason; reasons are \(names)")
    }
    return reason
  }

  func object(_ name: String) throws -> ScenarioFields {
    try read(name, "an object") {
      ScenarioFields(try container.nestedContainer(keyedBy: ScenarioKey.self, forKey: $0))
    }
  }

  func list(_ name: String) throws -> [ScenarioFields] {
    var elements = try read(name, "a list") { try container.nestedUnkeyedContainer(forKey: $0) }
    var list: [ScenarioFields] = []
    while !elements.isAtEnd {
      list.append(ScenarioFields(try elements.nestedContainer(keyedBy: ScenarioKey.self)))
    }
    return list
  }
}

/// A coding key with any name.
struct ScenarioKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
