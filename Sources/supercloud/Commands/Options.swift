import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

/// The form of a command's answer. Every command that prints one takes it.
struct OutputOption: ParsableArguments {
  @Option(name: .shortAndLong, help: "The form of the answer: table or json.") var output: OutputFormat =
    .table

  var isJSON: Bool { output == .json }

  /// Prints `value` as JSON, or the lines.
  func show(_ value: some Encodable, _ lines: @autoclosure () -> [String] = []) throws {
    if isJSON { return try Console.json(value) }
    for line in lines() { Console.line(line) }
  }
}

/// The home folder, for every command that needs keys or configuration.
struct HomeOption: ParsableArguments {
  @Option(help: "The folder of keys, configuration and data.", completion: .directory)
  var home: String = UserFolder.path(".supercloud")

  var value: Home { Home(URL(filePath: home)) }

  /// The home of a node; throws `Failure` when there is none. `fix` gets the path as a shell takes it.
  func existing(why: String? = nil, code: Int32 = 1, fix: (_ path: String) -> String) throws -> Home {
    let home = value
    guard !home.exists else { return home }
    let path = home.folder.path
    if let closed = Failure(closedFolder: home.configuration) { throw closed }
    throw Failure("there is no node in \(path)", why: why, fix: fix(CommandText.quoted(path)), code: code)
  }
}

/// The node to which requests are sent, and the output format.
struct NodeOption: ParsableArguments {
  @Option(help: "The node's HTTP address, host:port. Default: SUPERCLOUD_NODE, then the node of --home.")
  var node: String?
  @OptionGroup var home: HomeOption
  @OptionGroup var form: OutputOption
  @Option(help: "Seconds to wait for an answer, also one that waits for a block or a bid.")
  var timeout: UInt64 = 30

  var output: OutputFormat { form.output }

  func validate() throws {
    guard (1...86_400).contains(timeout) else {
      throw ValidationError("--timeout must be 1 to 86400 seconds")
    }
  }

  var patience: Duration { .seconds(Int64(clamping: timeout)) }

  /// - Throws: `Failure` when no node is named and the home has no running one.
  func client() throws -> NodeClient {
    var client = try unhurriedClient()
    client.timeout = patience
    return client
  }

  private func unhurriedClient() throws -> NodeClient {
    if let address = node ?? ProcessInfo.processInfo.environment["SUPERCLOUD_NODE"] {
      return try NodeClient(address)
    }
    if let runtime = home.value.readRuntime() { return try NodeClient(runtime.apiAddress) }
    if let closed = Failure(closedFolder: home.value.runtime) { throw closed }
    throw Failure(
      "no node to ask",
      why: "neither --node nor SUPERCLOUD_NODE is set, and no node has run in \(home.home)",
      fix: "start one with `supercloud start`, or name one: --node 127.0.0.1:26657"
    )
  }

  /// Sends a query; errors of the client become a `Failure`.
  func get<Value: Decodable & Sendable>(_ path: String, _ query: [(String, String?)] = []) async throws
    -> Value
  {
    let client = try client()
    let value: Value = try await Failure.explaining { try await client.get(path, query) }
    await learnCurrencies(from: client)
    return value
  }

  /// Posts `body`; errors of the client become a `Failure`.
  func post<Value: Decodable & Sendable>(_ path: String, _ query: [(String, String?)] = [], body: [UInt8])
    async throws -> Value
  {
    let client = try client()
    let value: Value = try await Failure.explaining { try await client.post(path, query, body: body) }
    await learnCurrencies(from: client)
    return value
  }

  /// Asks once for the network's currencies, by which a table prints amounts. Without an answer they are printed
  /// in smallest units.
  private func learnCurrencies(from client: NodeClient) async {
    guard output == .table, Money.register.units.isEmpty else { return }
    let currencies: [Answer.Currency]? = try? await client.get("/v1/currencies")
    if let currencies { Money.register = CurrencyRegister(currencies) }
  }

  /// The amount that a person typed, such as `2500000uakt` or `2.5AKT`; `what` names it in the error.
  ///
  /// - Throws: `Failure` when it is none, or when its currency is not registered on the node's network.
  func coin(_ text: String, _ what: String = "an amount") async throws -> Coin {
    try Money.checkForm(text, what)
    if Money.register.units.isEmpty {
      let currencies: [Answer.Currency] = try await get("/v1/currencies")
      Money.register = CurrencyRegister(currencies)
    }
    return try Money.coin(text, what, by: Money.register)
  }

  /// The address of an account that is named by its address or by a key of the home.
  func address(_ account: String) throws -> Address {
    if account.hasPrefix("akash1") { return try accountAddress(account) }
    do {
      return try Address(text: try Keyring(home: home.value).entry(account).address)
    } catch {
      throw Failure.usage("`\(account)` is neither an address nor a key of this home", why: "\(error)")
    }
  }

  /// The text of the address of an account that need not be named.
  func address(ofAny account: String?) throws -> String? { try account.map { try address($0).text() } }

  /// Prints a transaction's result: JSON, or `done`, such as "sent in block", the height and `suffix`.
  func report(_ result: Answer.TransactionResult, _ done: String, then suffix: String = "") throws {
    if output == .json { return try Console.json(result) }
    Console.line("\(done) \(result.height)\(Hint.completed(suffix))")
  }

  /// Prints `value` as JSON, or its `rows` as a table.
  func show(_ value: some Encodable, _ header: [String], _ rows: [[String]]) throws {
    if output == .json { return try Console.json(value) }
    Console.table(header, rows)
  }
}

/// The page of a list that is shown, and the node that has it.
struct PageOption: ParsableArguments {
  @Option(help: "Entries of a page, at most 1000.") var limit: Int?
  @Option(help: "Show the next page: the key that the page before named.") var pageKey: String?
  @OptionGroup var node: NodeOption

  /// The query parameters for the node.
  var query: [(String, String?)] {
    [("limit", limit.map(String.init)), ("page_key", pageKey)]
  }

  /// Fetches a page and prints it; each item is a row of the table.
  func list<Item: Codable & Sendable>(
    _ path: String,
    _ filters: [(String, String?)],
    _ header: [String],
    _ row: (Item) -> [String]
  ) async throws {
    let page: Answer.Page<Item> = try await node.get(path, filters + query)
    try show(page, header) { $0.map(row) }
  }

  /// Prints a page in the chosen format, and says how to get the next one.
  func show<Item>(_ page: Answer.Page<Item>, _ header: [String], _ rows: ([Item]) -> [[String]]) throws {
    try node.show(page, header, rows(page.items))
    if node.output == .table { Self.noteNext(page.next) }
  }

  static func noteNext(_ key: String?) {
    if let key { Console.note("there is more: --page-key \(key)") }
  }
}

/// The account that signs a transaction, who pays its fees, and the node that gets it.
struct SignerOption: ParsableArguments {
  @Option(help: "The name of the key that signs.") var from: String = "main"
  @Option(help: "The denomination in which the fee is paid. Default: one that the account holds.")
  var feeDenom: String?
  @Option(help: "Whose fee grant pays: an address, or the name of a key.") var feeGranter: String?
  @OptionGroup var node: NodeOption

  func wallet() async throws -> Wallet {
    let key: SigningKey
    do {
      key = try Keyring(home: node.home.value).open(from)
    } catch {
      throw Failure("the key \(from) cannot be used", why: "\(error)")
    }
    var wallet = try await Failure.explaining { try await Wallet(key: key, client: node.client()) }
    Money.register = wallet.register
    wallet.lock = KeyLock(file: node.home.value.lock(of: wallet.address))
    wallet.feeDenomination = try feeDenom.map { try wallet.denomination($0) }
    wallet.feeGranter = try feeGranter.map { try node.address($0) }
    return wallet
  }

  /// Sends the action that `action` makes for the signer's address; reports it with `done` and `suffix`.
  func send(
    _ done: String,
    then suffix: String = "",
    preferring denomination: Denomination? = nil,
    _ action: (Address) throws -> Action
  ) async throws {
    let wallet = try await wallet()
    let result = try await wallet.send([action(wallet.address)], preferring: denomination)
    try node.report(result, done, then: suffix)
  }
}

/// A command's configuration: what it does, its name where its type's will not do, its subcommands.
func about(
  _ abstract: String,
  named name: String? = nil,
  _ subcommands: [any ParsableCommand.Type] = []
) -> CommandConfiguration {
  CommandConfiguration(commandName: name, abstract: abstract, subcommands: subcommands)
}

extension Failure {
  /// Wrong usage of a command: exit status 2.
  static func usage(_ what: String, why: String? = nil, fix: String? = nil) -> Failure {
    Failure(what, why: why, fix: fix, code: 2)
  }

  /// Runs `body` and converts errors of the client into a `Failure`.
  static func explaining<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as ClientError {
      throw Failure(error)
    }
  }
}

/// The value that `make` gives for `text`; throws `Failure`, which says what is expected, when it gives none.
func parsed<Value>(_ text: String, _ what: String, fix: String? = nil, _ make: (String) -> Value?) throws
  -> Value
{
  guard let value = make(text) else { throw Failure.usage("`\(text)` is not \(what)", fix: fix) }
  return value
}

/// The content of a file that the user names.
func contents(of file: String) throws -> Data {
  guard let data = FileManager.default.contents(atPath: file) else {
    throw Failure.usage("\(file) cannot be read", why: "there is no such file, or it is not readable")
  }
  return data
}

/// Decodes the JSON in `data`. The error names `file`, says what it should be (`what`) and where it differs.
func decode<Value: Decodable>(
  _ type: Value.Type,
  _ data: Data,
  of file: String,
  _ what: String,
  fix: String? = nil,
  snakeCase: Bool = false
) throws -> Value {
  let decoder = JSONDecoder()
  if snakeCase { decoder.keyDecodingStrategy = .convertFromSnakeCase }
  do {
    return try decoder.decode(type, from: data)
  } catch let error as Swift.DecodingError {
    let fault = JSONFault(error, in: data, snakeCase: snakeCase)
    throw Failure.usage("\(file) is not \(what)", why: fault.description, fix: fix)
  }
}

/// Parses a denomination.
func denominationOf(_ text: String) throws -> Denomination {
  try parsed(text, "a denomination", fix: "such as uakt: 3 to 128 of a-z, A-Z, 0-9 and /:._-") {
    Denomination($0)
  }
}

/// Parses an address.
func accountAddress(_ text: String) throws -> Address {
  do {
    return try Address(text: text)
  } catch {
    throw Failure.usage("`\(text)` is not an address", why: "\(error)", fix: "an address begins with akash1")
  }
}

/// Splits `KEY=VALUE`. Throws when it is malformed; the error names `option`.
func pair(_ text: String, _ option: String) throws -> (String, String) {
  let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
    throw Failure.usage("`\(text)` is not of the form KEY=VALUE", why: "\(option) takes that form")
  }
  return (parts[0], parts[1])
}
