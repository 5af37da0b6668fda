import API
import ArgumentParser
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Replication

/// Verifies a header without the blocks before it.
struct LightCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "light",
    abstract: "Verify a header, starting from one that you trust; no node needs to be trusted.",
    discussion: """
        supercloud light --trust HEIGHT:HASH                   the newest header
        supercloud light --genesis local --height 40           from a network's genesis validators
        supercloud light --trust HEIGHT:HASH --witness 10.0.0.7:26657

      A header is accepted when validators with more than a third of the trusted set's power signed it, and more than two \
      thirds of its own set; where the sets differ too much, headers in between are fetched and verified first. \
      Witnesses are asked for the same header: a different answer means that a node is wrong, or that the validators \
      signed two chains.
      The hash that is printed can be trusted in turn, here and by --trust of `start` and --header of `verify`. Exit code 1 when the header cannot be verified.
      """
  )

  @Option(help: "HEIGHT:HASH of a header that you trust.") var trust: TrustedHeader?
  @Option(help: "A network definition whose genesis validators you trust.", completion: .directory)
  var genesis: String?
  @Option(help: "The height to verify; the newest when left out.") var height: UInt64?
  @Option(help: "Another node, host:port, to compare with; may be repeated.") var witness: [String] = []
  @Option(help: "Hours for which a header can be trusted: less than the unbonding time.") var trustingHours:
    UInt64 =
      336
  @OptionGroup var node: NodeOption

  func validate() throws {
    guard (trust == nil) != (genesis == nil) else {
      throw ValidationError("name what you trust: either --trust HEIGHT:HASH or --genesis NETWORK")
    }
  }

  func run() async throws {
    let verification = LightVerification(
      clients: (primary: try node.client(), witnesses: try witness.map { try NodeClient($0) }),
      settings: .init(trustingMilliseconds: trustingHours * 3_600_000)
    )
    let report: LightReport
    do {
      if let trust {
        report = try await verification.run(trusting: trust, upTo: height)
      } else {
        report = try await verification.run(genesis: try network(), upTo: height)
      }
    } catch let error as ClientError {
      throw Failure(error)
    }
    if node.output == .json { return try Console.json(report) }
    for line in report.lines { Console.line(line) }
  }

  private func network() throws -> Genesis {
    do {
      return try NetworkDefinition(DefinitionSource.locate(genesis ?? "")).genesis
    } catch {
      throw Failure.usage("\(genesis ?? "") is not a network definition", why: "\(error)")
    }
  }
}

/// A verified header, with the trusted header and the steps that led to it.
struct LightReport: Encodable {
  struct Place: Encodable {
    var height: UInt64
    var hash: String
  }

  var chainId: String
  var trusted: Place
  var verified: Place
  var time: String
  var stateRoot: String
  var validators: Int
  var signedPower: Int64
  var totalPower: Int64
  /// The heights of the headers that were verified, including the last.
  var steps: [UInt64]
  var witnesses: Int

  var lines: [String] {
    [
      "verified   height \(verified.height) of \(chainId)", "hash       \(verified.hash)",
      "time       \(time)", "state      \(stateRoot), after height \(verified.height - 1)",
      "signed by  \(signedPower) of \(totalPower) of the power of \(validators) validators",
      "from       height \(trusted.height), \(trusted.hash)",
      "through    \(steps.map(String.init).joined(separator: ", "))"
        + (witnesses > 0 ? "\nwitnesses  \(witnesses) have the same header" : ""),
    ]
  }
}

/// Fetches light blocks from one node and verifies each; the other nodes only confirm the result.
struct LightVerification {
  let clients: (primary: NodeClient, witnesses: [NodeClient])
  let settings: LightClient.Settings

  func run(trusting header: TrustedHeader, upTo height: Height?) async throws -> LightReport {
    let block = try await fetch(header.height, from: clients.primary)
    guard block.identifier == header.hash else {
      throw Failure(
        "the node's header of height \(header.height) is not the one that you trust",
        why: "its hash is \(block.identifier)",
        fix: "check the hash with somebody you trust, or ask another node: --node"
      )
    }
    let anchor = TrustAnchor.header(header.height, header.hash)
    return try await run(block.header.chain, anchor, from: header.height, header.hash, upTo: height)
  }

  func run(genesis: Genesis, upTo height: Height?) async throws -> LightReport {
    let tip = try NodeRuntime.genesisTip(genesis)
    return try await run(genesis.chain, .tip(tip), from: 0, tip.block, upTo: height)
  }

  private func run(
    _ chain: ChainID,
    _ anchor: TrustAnchor,
    from trusted: Height,
    _ hash: Digest,
    upTo wanted: Height?
  ) async throws -> LightReport {
    let target = if let wanted { wanted } else { try await newest(from: clients.primary) }
    guard target >= max(trusted, 1) else {
      throw Failure.usage(
        "height \(target) is below the trusted height \(trusted)",
        why: "headers are verified forwards",
        fix: "trust an earlier header"
      )
    }
    var proof = HeaderProof<String>(chain: chain, anchor: anchor, targets: [target], settings: settings)
    while let next = proof.next {
      let block = try await fetch(next, from: clients.primary)
      switch proof.add(block, from: "the node", at: .now) {
      case .progress: continue
      case .wrong:
        throw Failure(
          "the node's header of height \(next) is not valid",
          why: "it does not follow from height \(proof.steps.last ?? trusted), which is verified",
          fix: "ask another node: --node; if all give the same, the trusted header is of another chain"
        )
      case .failed(let error):
        throw Failure(
          "the trusted header is too old",
          why:
            "\(error); since then its validators may have withdrawn their stake, so nothing punishes a false signature",
          fix: "trust a later header"
        )
      }
    }
    guard let block = proof.proven[target] else { throw Failure("the header was not verified") }
    try await compare(block)
    return report(on: block, chain, Place(height: trusted, hash: hash.description), proof.steps)
  }

  private typealias Place = LightReport.Place

  private func report(
    on block: LightBlock,
    _ chain: ChainID,
    _ trusted: Place,
    _ steps: [Height]
  ) -> LightReport {
    let set = block.validators
    let signers = SignerSet(bytes: block.certificate.signers, count: set.count) ?? SignerSet(count: 0)
    return LightReport(
      chainId: chain.text,
      trusted: trusted,
      verified: .init(height: block.height, hash: block.identifier.description),
      time: block.header.time.text,
      stateRoot: block.header.stateRoot.description,
      validators: set.count,
      signedPower: signers.indices.reduce(0) { $0 + (set[$1]?.power ?? 0) },
      totalPower: set.totalPower,
      steps: steps,
      witnesses: clients.witnesses.count
    )
  }

  private func compare(_ block: LightBlock) async throws {
    for witness in clients.witnesses {
      let other = try await fetch(block.height, from: witness)
      guard other.identifier == block.identifier else {
        throw Failure(
          "the witness \(witness.address) has another header of height \(block.height)",
          why: "\(other.identifier), and the node's verified one is \(block.identifier)",
          fix:
            "one of the two nodes is wrong, or the validators signed two chains: trust neither until you know"
        )
      }
    }
  }

  private func newest(from client: NodeClient) async throws -> Height {
    try await client.get("/v1/light/latest", as: Answer.LightBlock.self).height
  }

  private func fetch(_ height: Height, from client: NodeClient) async throws -> LightBlock {
    let answer: Answer.LightBlock = try await client.get("/v1/light/\(height)")
    guard let bytes = Hex.decode(answer.block), let block = try? LightBlock(decoding: bytes),
      block.height == height
    else {
      let problem = "the answer of \(client.address) is not a header of height \(height)"
      throw Failure(problem, fix: "ask another node: --node")
    }
    return block
  }
}
