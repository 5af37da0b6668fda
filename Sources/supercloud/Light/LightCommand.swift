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
        supercloud light --trust 1200:9f…c3                    the newest header
        supercloud light --genesis local --height 40           from a network's genesis validators
        supercloud light --trust 1200:9f…c3 --witness 10.0.0.7:26657

      A header is accepted when validators with more than a third of the trusted set's power signed it, and more than two \
      thirds of its own set; where the sets differ too much, headers in between are fetched and verified first. \
      Witnesses are asked for the same header: a different answer means that a node is wrong, or that the validators \
      signed two chains.
      The hash that is printed can be trusted in turn: `--trust`, `supercloud start --trust`, `supercloud verify \
      --header`. Exit code 1 when the header cannot be verified.
      """
  )

  @Option(help: "HEIGHT:HASH of a header that you trust.") var trust: TrustedHeader?
  @Option(help: "A network definition whose genesis validators you trust.") var genesis: String?
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
      return try NetworkDefinition(at: NetworkDefinition.locate(genesis ?? "")).genesis
    } catch {
      throw Failure("\(genesis ?? "") is not a network definition", why: "\(error)", code: 2)
    }
  }
}
