import API
import ArgumentParser
import Chain
import Cryptography
import Node
import Primitives

struct AuditCommand: AsyncParsableCommand {
  static let configuration = about(
    "Attributes of providers that auditors have signed.",
    named: "audit",
    [List.self, Sign.self, Withdraw.self]
  )

  struct List: AsyncParsableCommand {
    static let configuration = about("Signed attributes, by provider and auditor.")

    @Option(help: "Only of this provider.") var provider: String?
    @Option(help: "Only by this auditor.") var auditor: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let filters = [
        ("provider", try page.node.address(ofAny: provider)),
        ("auditor", try page.node.address(ofAny: auditor)),
      ]
      let signed: Answer.Page<Answer.SignedAttributes> =
        try await page.node.get("/v1/audit/attributes", filters + page.query)
      try page.show(signed, ["PROVIDER", "AUDITOR", "ATTRIBUTE", "VALUE"]) { signed in
        signed.flatMap { record in
          record.attributes.map { [record.provider, record.auditor, $0.key, $0.value] }
        }
      }
    }
  }

  struct Sign: AsyncParsableCommand {
    static let configuration = about("Sign attributes of a provider, as an auditor.")

    @Argument(help: "The provider.") var provider: String
    @Argument(help: "KEY=VALUE, one or several; a new value replaces the signed one.") var attributes:
      [String]
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let provider = try signer.node.address(provider)
      let attributes = try attributes.map { text in
        let (key, value) = try pair(text, "audit sign")
        return Attribute(key: key, value: value)
      }
      try await signer.send("signed in block") {
        .signAttributes(provider: provider, auditor: $0, attributes: attributes)
      }
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = about("Withdraw signed attributes; all of them if no key is given.")

    @Argument(help: "The provider.") var provider: String
    @Argument(help: "The keys. Default: all.") var keys: [String] = []
    @OptionGroup var signer: SignerOption

    func run() async throws {
      let provider = try signer.node.address(provider)
      try await signer.send("withdrawn in block") {
        .withdrawAttributes(provider: provider, auditor: $0, keys: keys)
      }
    }
  }
}
