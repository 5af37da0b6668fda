import API
import ArgumentParser
import Node
import Storage

/// The program's root command: validator, provider, tenant client, explorer and local testnet in one program.
@main
struct Supercloud: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "supercloud",
    abstract: "A peer-to-peer marketplace for GPUs: the supercloud for AI.",
    discussion: """
      Tenants:    `supercloud deploy deploy.yaml`   leases what a deploy.yaml asks for, in one command
      Providers:  `supercloud provider init`        offers GPUs, to be paid for them
      Validators: `supercloud init`                 makes a node's home, and `supercloud start` runs it
      Try it:     `supercloud testnet up`           runs a whole network on this machine
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

  /// Errors of the other rooms that know what to do, as a `Failure`.
  private static func explained(_ error: any Error) -> any Error {
    switch error {
    case let error as ClientError: Failure(error)
    case let error as DefinitionError: Failure("\(error.file): \(error.problem)", fix: error.remedy)
    case let error as StorageError: Failure("\(error)", fix: error.hint)
    default: Failure(aboutFile: error) ?? error
    }
  }

  /// Prints an error and exits. ArgumentParser handles help and clean exits; wrong usage gives 2, the rest 1.
  private static func end(with error: any Error) -> Never {
    let error = explained(error)
    let status = exitCode(for: error)
    if status.isSuccess { exit(withError: error) }
    if Invocation.current.isJSON {
      let answer = ErrorAnswer(error)
      Console.error(answer.line)
      exit(withError: ExitCode(answer.code))
    }
    if let failure = error as? Failure {
      Console.error(Hint.completed(failure.description))
      exit(withError: ExitCode(failure.code))
    }
    switch status {
    case .validationFailure:
      Console.error(fullMessage(for: error))
      exit(withError: ExitCode(2))
    case .failure where !(error is ExitCode):
      Console.error(Hint.completed("error: \(error)"))
      exit(withError: ExitCode(1))
    default: exit(withError: error)
    }
  }
}
