import API
import ArgumentParser
import Chain
import Cryptography
import Node

/// The account that signs a transaction, and who pays its fees.
struct SignerOption: ParsableArguments {
  @Option(help: "The name of the key that signs.") var from: String = "main"
  @Option(help: "The denomination in which the fee is paid. Default: one that the account holds.")
  var feeDenom: String?
  @Option(help: "Whose fee grant pays: an address, or the name of a key.") var feeGranter: String?
}

extension NodeOption {
  func wallet(_ signer: SignerOption) async throws -> Wallet {
    var wallet = try await wallet(signer.from)
    wallet.feeDenomination = try signer.feeDenom.map { try wallet.denomination($0) }
    wallet.feeGranter = try signer.feeGranter.map { try resolve($0, home: home.value) }
    return wallet
  }

  /// The wallet of the key named `name`.
  func wallet(_ name: String) async throws -> Wallet {
    let key: SigningKey
    do {
      key = try Keyring(home: home.value).open(name)
    } catch {
      throw Failure("the key \(name) cannot be used", why: "\(error)")
    }
    do {
      return try await Wallet(key: key, client: client())
    } catch let error as ClientError {
      throw Failure(error)
    }
  }
}

extension Wallet {
  /// Sends one action as a transaction and prints the result.
  func report(_ action: Action, _ node: NodeOption, _ text: (UInt64) -> String) async throws {
    let result = try await send([action])
    if node.output == .json { return try Console.json(result) }
    Console.line(text(result.height))
  }
}
