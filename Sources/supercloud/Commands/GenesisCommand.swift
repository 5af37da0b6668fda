import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives

struct GenesisCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "genesis",
    abstract: "Edit and check a network's genesis.",
    subcommands: [Check.self, AddAccount.self, AddValidator.self, SetTime.self]
  )

  /// The folder of a network definition.
  struct Folder: ParsableArguments {
    @Argument(help: "The folder that holds genesis.json, or a network's name.") var folder: String

    func url() throws -> URL { try NetworkDefinition.locate(folder) }
    func file() throws -> URL { try url().appending(path: "genesis.json") }
  }

  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Check a definition and print its digest.")

    @OptionGroup var folder: Folder

    func run() async throws {
      let genesis = try NetworkDefinition(at: folder.url()).genesis
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
    static let configuration = CommandConfiguration(abstract: "Add an account with its initial balance.")

    @OptionGroup var folder: Folder
    @Argument(help: "The address.") var address: String
    @Argument(help: "Coins, such as 1000000uakt.") var coins: [String]

    func run() async throws {
      let coins = try coins.map { text in
        guard let coin = Coin(text) else {
          throw Failure(
            "`\(text)` is not a coin",
            fix: "digits and a denomination, such as 1000000uakt",
            code: 2
          )
        }
        return coin
      }
      let address = try accountAddress(address)
      try edit(folder.file()) { $0.add(account: address, coins: coins) }
    }
  }

  struct AddValidator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add an initial validator.")

    @OptionGroup var folder: Folder
    @Option(name: .customLong("operator"), help: "The operator's address.") var operatorAddress: String
    @Option(help: "The consensus key, 64 hex digits.") var key: String
    @Option(help: "The validator's name.") var moniker: String
    @Option(help: "The stake, such as 1000000000uakt.") var stake: String
    @Option(help: "The commission, a decimal from 0 to 1.") var commission = "0.05"

    func run() async throws {
      guard let bytes = Hex.decode(key), let key = PublicKey(bytes), key.isPrimeOrder else {
        throw Failure(
          "`\(key)` is not a consensus key",
          fix: "64 hex digits, as `supercloud init` prints",
          code: 2
        )
      }
      guard let stake = Coin(stake), stake.denomination == .uakt else {
        throw Failure("`\(stake)` is not a stake", fix: "an amount of uakt, such as 1000000000uakt", code: 2)
      }
      guard let commission = Decimal18(commission), commission.raw <= Decimal18.one else {
        throw Failure("`\(commission)` is not a commission", fix: "a decimal from 0 to 1", code: 2)
      }
      let address = try accountAddress(operatorAddress)
      try edit(folder.file()) {
        $0.add(validator: address, key: key, moniker: moniker, stake: stake, commission: commission)
      }
    }
  }

  struct SetTime: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Set the time at which tick 0 begins.")

    @OptionGroup var folder: Folder
    @Argument(help: "A time such as 2026-12-01T00:00:00Z, or `now`.") var time: String

    func run() async throws {
      guard let time = time == "now" ? Timestamp.now : Timestamp(iso8601: time) else {
        throw Failure("`\(time)` is not a time", fix: "such as 2026-12-01T00:00:00Z", code: 2)
      }
      try edit(folder.file()) { $0.setTime(time) }
    }
  }
}

/// Changes `genesis.json`; throws, without writing it, when it would become illegal.
private func edit(_ file: URL, _ change: (inout GenesisFile) -> Void) throws {
  var genesis = try GenesisFile.read(file)
  change(&genesis)
  _ = try genesis.genesis(parameters: Parameters())
  try genesis.write(to: file)
}

/// Parses an address. Throws `Failure` that says what is wrong in it.
func accountAddress(_ text: String) throws -> Address {
  do {
    return try Address(text: text)
  } catch {
    throw Failure(
      "`\(text)` is not an address",
      why: "\(error)",
      fix: "an address begins with akash1",
      code: 2
    )
  }
}
