import API
import ArgumentParser

/// The program's root command: validator, provider, tenant client, explorer and local testnet in one program.
@main
struct Supercloud: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "supercloud",
    abstract: "A peer-to-peer marketplace for GPUs: the supercloud for AI.",
    discussion: """
      Tenants:    supercloud deploy deploy.yaml        lease what a deploy.yaml asks for, in one command
      Providers:  supercloud provider init|status      offer GPUs and be paid
      Validators: supercloud init, start, status       run a node of a network
      Try it:     supercloud testnet up                a whole network on this machine
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Tenant",
        subcommands: [
          SDLCommand.self, DeployCommand.self, OrderCommand.self, BidCommand.self, LeaseCommand.self,
          DeploymentCommand.self, MarketCommand.self,
        ]
      ),
      CommandGroup(name: "Provider", subcommands: [ProviderCommand.self]),
      CommandGroup(
        name: "Accounts and chain",
        subcommands: [
          KeysCommand.self, AccountCommand.self, GrantCommand.self, DenomCommand.self, QueryCommand.self,
          VerifyCommand.self, LightCommand.self,
        ]
      ),
      CommandGroup(
        name: "Validators and governance",
        subcommands: [ValidatorCommand.self, StakeCommand.self, GovCommand.self, AuditCommand.self]
      ),
      CommandGroup(
        name: "Node",
        subcommands: [
          InitCommand.self, GenesisCommand.self, ConfigCommand.self, StartCommand.self, StatusCommand.self,
          PeersCommand.self,
          TestnetCommand.self, SimulateCommand.self, BenchCommand.self, DebugCommand.self,
          WorkloadCommand.self,
        ]
      ),
    ]
  )

  static func main() async {
    do {
      try await runCommand()
      await NodeClient.closeConnections()
    } catch {
      await NodeClient.closeConnections()
      end(with: error)
    }
  }

  private static func runCommand() async throws {
    var command = try parseAsRoot()
    if var command = command as? any AsyncParsableCommand {
      try await command.run()
    } else {
      try command.run()
    }
  }

  /// Prints an error and exits. ArgumentParser handles help and clean exits; wrong usage gives 2, the rest 1.
  private static func end(with error: any Error) -> Never {
    if let failure = error as? Failure {
      Console.note(failure.description)
      exit(withError: ExitCode(failure.code))
    }
    switch exitCode(for: error) {
    case .validationFailure:
      Console.note(fullMessage(for: error))
      exit(withError: ExitCode(2))
    case .failure where !(error is ExitCode):
      Console.note("error: \(error)")
      exit(withError: ExitCode(1))
    default: exit(withError: error)
    }
  }
}
