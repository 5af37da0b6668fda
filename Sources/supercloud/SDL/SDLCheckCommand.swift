import ArgumentParser
import Cryptography
import Foundation
import SDL

/// Checks whether files are accepted, and prints all findings.
struct SDLCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check deploy.yaml files: exit status 0 when all are accepted, 1 when one has errors.",
    discussion: """
      Errors are what the reference parser rejects; all errors of a file are shown at once. Warnings are violations \
      of the published JSON schema, and GPU requests that no provider can serve; a file with warnings is accepted.
      """
  )

  @Argument(help: "The files; - is standard input.")
  var files: [String]

  @Flag(help: "Show the corrected text: values whose correction is certain are replaced.")
  var fix = false

  @Flag(help: "With --fix: write the corrected text to the file.")
  var write = false

  @OptionGroup var output: SDLOutputOptions

  func validate() throws {
    if write, !fix { throw ValidationError("--write goes with --fix") }
  }

  func run() throws {
    if fix {
      try SDLRepairs.run(files, writes: write, isJSON: output.isJSON)
      return
    }
    var results: [(name: String, file: DeploymentFile)] = []
    for name in files { results.append((name, try SDLFiles.read(name))) }
    if output.isJSON {
      SDLOutput.line(DeploymentFile.report(results))
    } else {
      for (name, file) in results { report(name, file) }
    }
    if results.contains(where: { !$0.file.isAccepted }) { throw ExitCode(1) }
  }

  private func report(_ name: String, _ file: DeploymentFile) {
    SDLOutput.errors(of: file, name: name)
    SDLOutput.warnings(of: file, name: name)
    let warnings = file.warnings.isEmpty ? "" : ", \(Self.counted(file.warnings.count, "warning"))"
    if let deployment = file.deployment {
      Console.line("\(name): accepted\(warnings), manifest \(deployment.manifest.hash)")
    } else {
      Console.line("\(name): rejected, \(Self.counted(file.errors.count, "error"))\(warnings)")
    }
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
  }
}
