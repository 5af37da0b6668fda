import API
import Chain
import Cryptography
import Foundation
import Node
import Primitives
import Replication

/// The verified header, and how it was verified.
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
    let target: Height
    if let wanted {
      target = wanted
    } else {
      target = try await newest(from: clients.primary)
    }
    guard target >= max(trusted, 1) else {
      throw Failure(
        "height \(target) is below the trusted height \(trusted)",
        why: "headers are verified forwards",
        fix: "trust an earlier header",
        code: 2
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
      throw Failure(
        "the answer of \(client.address) is not a header of height \(height)",
        fix: "ask another node: --node"
      )
    }
    return block
  }
}
