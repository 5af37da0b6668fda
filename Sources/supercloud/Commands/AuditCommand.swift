import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Attributes of providers that auditors have signed.",
    subcommands: [List.self, Sign.self, Withdraw.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Signed attributes, by provider and auditor.")

    @Option(help: "Only of this provider.") var provider: String?
    @Option(help: "Only by this auditor.") var auditor: String?
    @OptionGroup var page: PageOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let provider = try provider.map { try resolve($0, home: node.home.value).text() }
      let auditor = try auditor.map { try resolve($0, home: node.home.value).text() }
      let filters = [("provider", provider), ("auditor", auditor)]
      let signed: Answer.Page<Answer.SignedAttributes> = try await node.withClient {
        try await $0.get("/v1/audit/attributes", filters + page.query)
      }
      try page.show(signed, node, ["PROVIDER", "AUDITOR", "ATTRIBUTE", "VALUE"]) { signed in
        signed.flatMap { record in
          record.attributes.map { [record.provider, record.auditor, $0.key, $0.value] }
        }
      }
    }
  }

  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sign attributes of a provider, as an auditor.")

    @Argument(help: "The provider.") var provider: String
    @Argument(help: "KEY=VALUE, one or several; a new value replaces the signed one.") var attributes:
      [String]
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let provider = try resolve(provider, home: node.home.value)
      let attributes = try attributes.map { text in
        let (key, value) = try pair(text, "audit sign")
        return Attribute(key: key, value: value)
      }
      let wallet = try await node.wallet(signer)
      let action = Action.signAttributes(provider: provider, auditor: wallet.address, attributes: attributes)
      try await wallet.report(action, node) { "signed in block \($0)" }
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Withdraw signed attributes; all of them if no key is given."
    )

    @Argument(help: "The provider.") var provider: String
    @Argument(help: "The keys. Default: all.") var keys: [String] = []
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let provider = try resolve(provider, home: node.home.value)
      let wallet = try await node.wallet(signer)
      let action = Action.withdrawAttributes(provider: provider, auditor: wallet.address, keys: keys)
      try await wallet.report(action, node) { "withdrawn in block \($0)" }
    }
  }
}
