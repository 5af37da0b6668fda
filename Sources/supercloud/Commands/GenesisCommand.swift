import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct GenesisCommand: AsyncParsableCommand {
  static let configuration = about(
    "Edit and check a network's genesis.",
    named: "genesis",
    [Check.self, AddAccount.self, AddValidator.self, SetTime.self]
  )

  /// The folder of a network definition.
  struct Folder: ParsableArguments {
    @Argument(help: "The folder that holds genesis.json, or a network's name.", completion: .directory)
    var folder: String
    @OptionGroup var output: OutputOption

    func source() throws -> DefinitionSource { try DefinitionSource.locate(folder) }

    /// The file to change; throws `Failure` for a network of the program, which cannot be changed.
    func file() throws -> URL {
      switch try source() {
      case .folder(let url): return url.appending(path: "genesis.json")
      case .builtIn(let name):
        throw Failure.usage(
          "the definition of \(name) cannot be changed",
          why: "it is a part of the program",
          fix: "`supercloud init --network \(name) --home HOME` writes a copy: then name HOME/network"
        )
      }
    }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = about("Check a definition and print its digest.")

    @OptionGroup var folder: Folder

    private struct Report: Encodable {
      var chainId: String
      var time: String
      var currencies: [String]
      var accounts: Int
      var validators: Int
      var tickMilliseconds: UInt64
      var digest: String
    }

    func run() async throws {
      let genesis = try NetworkDefinition(folder.source()).genesis
      if folder.output.isJSON {
        return try Console.json(
          Report(
            chainId: genesis.chain.text,
            time: genesis.time.text,
            currencies: genesis.currencies.map(\.symbol),
            accounts: genesis.accounts.count,
            validators: genesis.validators.count,
            tickMilliseconds: genesis.parameters[.tickMilliseconds],
            digest: genesis.digest.description
          )
        )
      }
      Console.line("chain       \(genesis.chain)")
      Console.line("time        \(genesis.time.text)")
      Console.line("currencies  \(genesis.currencies.map(\.symbol).joined(separator: ", "))")
      Console.line("accounts    \(genesis.accounts.count)")
      Console.line("validators  \(genesis.validators.count)")
      Console.line("tick        \(genesis.parameters[.tickMilliseconds]) ms")
      Console.line("digest      \(genesis.digest)")
    }
  }

  struct AddAccount: AsyncParsableCommand {
    static let configuration = about("Add an account with its initial balance.")

    @OptionGroup var folder: Folder
    @Argument(help: "The address.") var address: String
    @Argument(help: "Coins, such as 1000000uakt.") var coins: [String]

    func run() async throws {
      let address = try accountAddress(address)
      try folder.edit { genesis in
        let register = try genesis.register()
        let coins = try coins.map { try Money.coin($0, "a coin", by: register) }
        genesis.add(account: address, coins: coins)
      }
    }
  }

  struct AddValidator: AsyncParsableCommand {
    static let configuration = about("Add an initial validator.")

    @OptionGroup var folder: Folder
    @Option(name: .customLong("operator"), help: "The operator's address.") var operatorAddress: String
    @Option(help: "The consensus key, 64 hex digits.") var key: String
    @Option(help: "The validator's name.") var moniker: String
    @Option(help: "The stake, such as 1000000000uakt.") var stake: String
    @Option(help: "The commission, a decimal from 0 to 1.") var commission = "0.05"

    func run() async throws {
      let key = try parsed(
        key,
        "a consensus key",
        fix: "64 hex digits, as `supercloud init --role validator` prints"
      ) {
        text in
        Hex.decode(text).flatMap { PublicKey($0) }.flatMap { $0.isPrimeOrder ? $0 : nil }
      }
      let commission = try parsed(commission, "a commission", fix: "a decimal from 0 to 1") {
        Decimal18($0).flatMap { $0.raw <= Decimal18.one ? $0 : nil }
      }
      let address = try accountAddress(operatorAddress)
      try folder.edit { genesis in
        let coin = try Money.coin(stake, "a stake", by: genesis.register())
        guard coin.denomination == .uakt else {
          throw Failure.usage("`\(stake)` is not a stake", fix: "an amount of uakt, such as 1000000000uakt")
        }
        genesis.add(validator: address, key: key, moniker: moniker, stake: coin, commission: commission)
      }
    }
  }

  struct SetTime: AsyncParsableCommand {
    static let configuration = about("Set the time at which tick 0 begins.")

    @OptionGroup var folder: Folder
    @Argument(help: "A time such as 2026-12-01T00:00:00Z, or `now`.") var time: String

    func run() async throws {
      let time = try parsed(time, "a time", fix: "such as 2026-12-01T00:00:00Z") {
        $0 == "now" ? .now : Timestamp(iso8601: $0)
      }
      try folder.edit { $0.setTime(time) }
    }
  }
}

extension GenesisCommand.Folder {
  private struct Report: Encodable {
    var file: String
    var chainId: String
    var accounts: Int
    var validators: Int
  }

  /// Changes `genesis.json`; throws, without writing it, when it would become illegal.
  fileprivate func edit(_ change: (inout GenesisFile) throws -> Void) throws {
    let file = try file()
    var text = try GenesisFile.read(file)
    try change(&text)
    let genesis = try text.genesis(parameters: Parameters())
    try text.write(to: file)
    guard output.isJSON else { return }
    try Console.json(
      Report(
        file: file.path,
        chainId: genesis.chain.text,
        accounts: genesis.accounts.count,
        validators: genesis.validators.count
      )
    )
  }
}
