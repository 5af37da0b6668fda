import API
import ArgumentParser
import Cryptography
import Node
import Primitives

extension OrderCommand {
  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Take an order of yours out of every order book, so that providers hold nothing for it any more.",
      discussion: """
        Signs and gossips a withdrawal. It costs nothing. An order that was agreed is a deployment: that is ended with
        `supercloud deployment close DSEQ`.
        """
    )

    @Argument(help: "The identifier or its first digits.") var order: String
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let wallet = try await signer.wallet()
      let found: Answer.Order = try await signer.node.get("/v1/orders/\(order)")
      guard found.owner == wallet.address.text() else {
        throw Failure(
          "order \(found.identifier) is not an order of \(wallet.address)",
          why: "\(found.owner) has signed it, and only the same key can take it back",
          fix: "--from names the key"
        )
      }
      guard let bytes = Hex.decode(found.identifier), let identifier = Digest(bytes),
        let expiry = Timestamp(iso8601: found.expiresAt)
      else { throw Failure("the node's answer is not an order: \(found.identifier), \(found.expiresAt)") }
      try await wallet.withdraw(identifier, expiresAt: expiry)
      if signer.node.output == .json {
        return try Console.json(Answer.Submitted(identifier: found.identifier))
      }
      Console.line("order \(found.identifier) is taken back; its \(found.bids) bids end with it")
    }
  }
}
