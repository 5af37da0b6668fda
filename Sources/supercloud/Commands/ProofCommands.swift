import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Ledger
import Node
import Primitives

extension QueryCommand {
  struct Proof: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a file that proves an entry of the state, or that the entry does not exist.",
      discussion: """
          supercloud query proof balance akash1…/uakt --file balance.json
          supercloud query proof lease OWNER/DSEQ/GROUP/ORDER/PROVIDER
          supercloud query proof vote 3/akash1…

        The file holds the value, the Merkle path to the state root, the header that carries the root and the
        certificate with the validators' signatures. `verify` checks it without a network. A proposal's votes are in the
        state until its voting ends.
        """
    )

    @Argument(help: "balance, lease or vote") var kind: String
    @Argument(help: "The key, as above.") var key: String
    @Option(help: "Where to write it; - is standard output.", completion: .file()) var file: String?
    @OptionGroup var node: NodeOption

    func run() async throws {
      let proof: Answer.Proof = try await node.get("/v1/proofs", [("kind", kind), ("key", key)])
      if file == "-" { return try Console.json(proof) }
      let file = file ?? "\(kind)-proof.json"
      do {
        try Console.encoded(proof).write(to: URL(filePath: file))
      } catch {
        let why = error.localizedDescription
        throw Failure("\(file) cannot be written", why: why, fix: "name another: --file")
      }
      let evidence = try proof.decoded()
      if node.output == .json { return try Console.json(proof) }
      Console.line(
        "\(file)  \(proof.value == nil ? "absence" : "presence") at height \(evidence.header.height - 1)"
      )
      let network = node.home.value.network.path
      guard FileManager.default.fileExists(atPath: network) else {
        return Console.note("`supercloud help verify` says how it is checked")
      }
      let words = [file, "--trusted", network].map(CommandText.quoted)
      Console.note("check it: `supercloud verify \(words.joined(separator: " "))`")
    }
  }

  struct Income: AsyncParsableCommand {
    static let configuration = about("Income from the take rates, by day and currency.")

    @Option(help: "Only this denomination.") var denom: String?
    @Option(help: "The first day, such as 2026-11-01 (UTC).") var from: String?
    @Option(help: "The last day.") var to: String?
    @OptionGroup var page: PageOption

    func run() async throws {
      let filters = [("denomination", denom), ("from", from), ("to", to)]
      let path = "/v1/take/income"
      let income: Answer.Page<Answer.Income> = try await page.node.get(path, filters + page.query)
      try page.show(income, ["DAY", "DENOMINATION", "TAKEN"]) { income in
        var sums: [String: Decimal18] = [:]
        for line in income {
          // What cannot be added up is shown by its day and left out of the sum.
          guard let amount = Decimal18(line.amount),
            let sum = try? sums[line.denomination, default: .zero].adding(amount)
          else { continue }
          sums[line.denomination] = sum
        }
        let rows = income.map { [$0.day, $0.denomination, money($0.amount, $0.denomination)] }
        return rows + sums.sorted { $0.key < $1.key }.map { ["sum", $0.key, money("\($0.value)", $0.key)] }
      }
    }
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a proof file offline, given validators or a header that you trust.",
    discussion: """
      --trusted is a network definition's folder or name (its genesis validators), or a file that
      `supercloud validator list --status bonded --limit 1000 --output json` wrote on a node that you trust. Validators with more than a third of the
      power of this set must have signed the header, and more than two thirds of the set of its own height.
      --header names a header that you have verified yourself, with `light`; no validators are needed then.
      Exit code 1 when the proof is not valid.
      """
  )

  @Argument(help: "The file that `query proof` wrote.", completion: .file()) var file: String
  @Option(help: "A network definition, or a file of validators.", completion: .file()) var trusted: String?
  @Option(help: "HEIGHT:HASH of a verified header, instead of validators.") var header: TrustedHeader?
  @Option(help: "The chain's id, where --trusted does not name it.") var chain: String?
  @OptionGroup var output: OutputOption

  private struct Report: Encodable {
    var verified = true
    var chainId: String
    var kind: String
    var key: String
    var present: Bool
    var height: UInt64
    var time: String
    var value: [String: String]
    var trustedPowerSigned: Int64?
    var trustedPower: Int64?
  }

  func validate() throws {
    guard (trusted == nil) != (header == nil) else {
      throw ValidationError("name what you trust: either --trusted or --header")
    }
  }

  func run() throws {
    let proof = try decode(Answer.Proof.self, contents(of: file), of: file, "a proof", snakeCase: true)
    let evidence: CertifiedProof
    do {
      evidence = try proof.decoded()
    } catch {
      throw Failure("\(file) is not a proof", why: "\(error)")
    }
    var trust: CertifiedProof.SignedPower?
    if let header {
      try check(evidence, against: header)
    } else if let trusted {
      trust = try check(evidence, trusted)
    }
    try show(proof, evidence, trust)
  }

  private func check(_ evidence: CertifiedProof, against header: TrustedHeader) throws {
    guard evidence.header.height == header.height, evidence.header.identifier == header.hash else {
      throw Failure(
        "the proof in \(file) is not for the header \(header)",
        why: "it is for the header \(evidence.header.height):\(evidence.header.identifier)",
        fix: evidence.header.height > header.height
          ? "verify that one: `supercloud light --trust \(header) --height \(evidence.header.height)`"
          : "name a header of height \(evidence.header.height) that you trust"
      )
    }
    guard
      evidence.proof.verifies(key: evidence.entry.key, value: evidence.value, root: evidence.header.stateRoot)
    else {
      let why = CertifiedProof.VerificationError.proof.description
      throw Failure("the proof in \(file) is not valid", why: why)
    }
  }

  private func check(_ evidence: CertifiedProof, _ trusted: String) throws -> CertifiedProof.SignedPower {
    let (validators, network) = try trustedValidators(trusted)
    guard let chain = try chain.map({ try Self.chain($0) }) ?? network else {
      throw Failure.usage(
        "the chain is not named",
        why: "a file of validators does not name its chain",
        fix: "--chain CHAIN_ID"
      )
    }
    do throws(CertifiedProof.VerificationError) {
      return try evidence.verify(chain: chain, trusted: validators)
    } catch {
      throw Failure("the proof in \(file) is not valid for whoever trusts \(trusted)", why: error.description)
    }
  }

  private func show(_ proof: Answer.Proof, _ evidence: CertifiedProof, _ trust: CertifiedProof.SignedPower?)
    throws
  {
    let fields: [(name: String, text: String)]
    do {
      fields = try evidence.entry.decodedFields(of: evidence.value)
    } catch {
      throw Failure(
        "the value in \(file) cannot be decoded",
        why: "\(error)",
        fix: "use the version of supercloud that wrote it"
      )
    }
    let header = evidence.header
    if output.isJSON {
      return try Console.json(
        Report(
          chainId: header.chain.text,
          kind: proof.kind,
          key: proof.key,
          present: evidence.value != nil,
          height: header.height - 1,
          time: header.time.text,
          value: Dictionary(fields.map { ($0.name, $0.text) }, uniquingKeysWith: { $1 }),
          trustedPowerSigned: trust?.signed,
          trustedPower: trust?.total
        )
      )
    }
    Console.line("verified   \(proof.kind) \(proof.key)")
    for line in fields { Console.line("           \(line.name): \(line.text)") }
    Console.line("state      after height \(header.height - 1) of \(header.chain), root \(header.stateRoot)")
    Console.line("header     height \(header.height), \(header.time.text), \(evidence.certificate.block)")
    if let trust { Console.line("signed by  \(trust.signed) of \(trust.total) of the trusted power") }
  }

  private static func chain(_ text: String) throws -> ChainID {
    try parsed(text, "a chain id") { ChainID($0) }
  }

  /// The validator set to trust, from a validator list or a network definition, and the chain if the source
  /// names it.
  private func trustedValidators(_ trusted: String) throws -> (ValidatorSet, ChainID?) {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: trusted, isDirectory: &isFolder)
    let members: [Validator]
    var chain: ChainID?
    if exists, !isFolder.boolValue {
      let list: Answer.Page<Answer.Validator> =
        try decode(
          Answer.Page.self,
          contents(of: trusted),
          of: trusted,
          "a list of validators",
          snakeCase: true
        )
      guard list.next == nil else {
        throw Failure.usage(
          "\(trusted) holds only a part of the validators",
          fix: "write it with `supercloud validator list --status bonded --limit 1000 --output json`"
        )
      }
      members = try list.items.filter { $0.power > 0 }.map {
        Validator(
          address: try accountAddress($0.operatorAddress),
          key: try publicKey($0.consensusKey),
          power: $0.power
        )
      }
    } else {
      let genesis: Genesis
      do {
        genesis = try NetworkDefinition(DefinitionSource.locate(trusted)).genesis
      } catch {
        throw Failure.usage("the validators of \(trusted) cannot be read", why: "\(error)")
      }
      chain = genesis.chain
      members = genesis.validators.map {
        Validator(
          address: $0.operatorAddress,
          key: $0.consensusKey,
          power: Int64($0.stake.units / ValidatorRecord.unitsPerPower)
        )
      }
    }
    do {
      return (try ValidatorSet(members), chain)
    } catch {
      throw Failure.usage("\(trusted) is not a set of validators", why: "\(error)")
    }
  }
}
