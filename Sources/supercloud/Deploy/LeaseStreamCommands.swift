import ArgumentParser
import Chain
import Foundation
import Node
import Primitives
import Provider

extension LeaseCommand {
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What runs for a lease, as its provider says.")

    @OptionGroup var lease: LeaseOption
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: node.wallet(signer))
      let status = try await stream.status()
      await stream.close()
      Console.line("state  \(status.state)  \(status.message)")
      Console.table(
        ["SERVICE", "READY", "RESTARTS", "LAST EXIT", "URLS"],
        status.services.map {
          [
            $0.name, "\($0.ready)/\($0.replicas)", String($0.restarts), $0.lastExit,
            $0.urls.joined(separator: " "),
          ]
        }
      )
    }
  }

  struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The newest lines that a lease's services printed."
    )

    @OptionGroup var lease: LeaseOption
    @Option(help: "Only this service.") var service = ""
    @Option(help: "Lines of each log.") var tail: UInt32 = 100
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let found = try await lease.find(node)
      let stream = try await LeaseStream.open(lease: found.leaseID(), wallet: node.wallet(signer))
      let chunks = try await stream.logs(service: service, tail: tail)
      await stream.close()
      for chunk in chunks {
        for line in chunk.lines { Console.line("\(chunk.service).\(chunk.replica) \(chunk.stream)  \(line)") }
      }
    }
  }

  struct SendManifest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "send-manifest",
      abstract: "Send a lease's manifest to its provider again, after a deployment that was cut off."
    )

    @OptionGroup var lease: LeaseOption
    @Argument(help: "The deploy.yaml that was deployed.") var file: String
    @OptionGroup var signer: SignerOption
    @OptionGroup var node: NodeOption

    func run() async throws {
      let wallet = try await node.wallet(signer)
      let plan = try DeployPlan(file: file, wallet: wallet)
      let stream = try await LeaseStream.open(lease: lease.find(node).leaseID(), wallet: wallet)
      try await stream.send(manifest: plan.manifestJSON)
      let urls = try await stream.waitUntilReady(timeout: 60)
      await stream.close()
      for url in urls { Console.line("ready  \(url)") }
    }
  }
}
