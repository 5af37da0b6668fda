import ArgumentParser
import SDL

/// Commands for `deploy.yaml` files; they need no node.
struct SDLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sdl",
    abstract: "Check, correct, explain and convert deploy.yaml files. Needs no node.",
    subcommands: [
      SDLCheckCommand.self, SDLFixCommand.self, SDLExplainCommand.self, SDLGroupsCommand.self,
      SDLManifestCommand.self, SDLCanonicalCommand.self, SDLHashCommand.self,
    ]
  )
}

/// The output format of the commands that print findings.
struct SDLOutputOptions: ParsableArguments {
  @Flag(help: "Print JSON, with the rule, line, column and path of each finding.")
  var json = false

  @Option(name: .shortAndLong, help: "The form of the result: table or json.")
  var output = OutputFormat.table

  var isJSON: Bool { json || output == .json }
}

/// Prints the findings of a refused file on standard error and ends with status 1.
func requireDeployment(_ file: DeploymentFile, name: String) throws -> Deployment {
  guard let deployment = file.deployment else {
    SDLOutput.errors(of: file, name: name)
    throw ExitCode(1)
  }
  return deployment
}
