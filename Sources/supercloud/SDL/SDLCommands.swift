import API
import ArgumentParser
import Cryptography
import Foundation
import SDL

/// Commands for `deploy.yaml` files; they need no node.
struct SDLCommand: ParsableCommand {
  static let configuration = about(
    "Check, correct, explain and convert deploy.yaml files. Needs no node.",
    named: "sdl",
    [
      SDLCheckCommand.self, SDLFixCommand.self, SDLExplainCommand.self, SDLGroupsCommand.self,
      SDLManifestCommand.self, SDLCanonicalCommand.self, SDLHashCommand.self,
    ]
  )
}

/// The file of the commands that read one.
struct SDLInput: ParsableArguments {
  @Argument(help: "The file; - is standard input.", completion: .file()) var file: String

  func deployment() throws -> Deployment { try requireDeployment(try SDLFiles.read(file), name: file) }
}

/// The output format of the commands that print findings.
struct SDLOutputOptions: ParsableArguments {
  @Flag(help: "The same as --output json.") var json = false
  @OptionGroup var form: OutputOption

  var isJSON: Bool { json || form.isJSON }
}

/// Prints the findings of a rejected file on standard error and ends with status 1; with `--output json` they are the
/// error's message.
func requireDeployment(_ file: DeploymentFile, name: String) throws -> Deployment {
  guard let deployment = file.deployment else {
    if Invocation.current.isJSON {
      throw Failure(
        "\(name) is not a deployment",
        why: SDLOutput.errorText(of: file, name: name),
        kind: "rejected"
      )
    }
    SDLOutput.errors(of: file, name: name)
    throw ExitCode(1)
  }
  return deployment
}

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

  @Argument(help: "The files; - is standard input.", completion: .file()) var files: [String]

  @Flag(help: "Show the corrected text: values whose correction is certain are replaced.") var fix = false

  @Flag(help: "With --fix: write the corrected text to the file.") var write = false

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

/// Replaces illegal spellings by legal ones.
struct SDLFixCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fix",
    abstract: "Show, or with --write apply, the corrected text of deploy.yaml files.",
    discussion: """
      Only values whose legal spelling is certain are replaced (16GB becomes 16Gi); comments and layout stay \
      as they are. What needs a decision is listed. Exit status 1 when a file still has errors.
      """
  )

  @Argument(help: "The files; - is standard input.", completion: .file()) var files: [String]

  @Flag(help: "Write the corrected text to the file.") var write = false

  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    try SDLRepairs.run(files, writes: write, isJSON: output.isJSON)
  }
}

/// `sdl fix` and `sdl check --fix`: prints the text on standard output and the changes on standard error.
enum SDLRepairs {
  static func run(_ names: [String], writes: Bool, isJSON: Bool) throws {
    var isRejected = false
    var reports: [[UInt8]] = []
    for name in names {
      let repair = Repair(try SDLFiles.read(name))
      isRejected = isRejected || !repair.file.isAccepted
      if writes, name != "-", !repair.changes.isEmpty { try SDLFiles.write(repair.source, to: name) }
      if isJSON {
        reports.append(repair.report(name: name))
        continue
      }
      if !writes || name == "-" { Console.write(repair.source) }
      for change in repair.changes {
        let old = change.old.isEmpty ? "inserted" : change.old
        Console.note("\(name):\(change.position): \(old) → \(change.new)  (\(change.path))")
      }
      if repair.changes.isEmpty { Console.note("\(name): nothing to correct") }
      SDLOutput.errors(of: repair.file, name: name)
    }
    if isJSON {
      // One file gives one object; several give a list.
      let texts = reports.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",\n")
      Console.line(names.count == 1 ? texts : "[\(texts)]")
    }
    if isRejected { throw ExitCode(1) }
  }
}

/// Explains a file in plain words.
struct SDLExplainCommand: ParsableCommand {
  static let configuration = about(
    "Say in plain words what a deploy.yaml asks for, who can reach it and what it can cost.",
    named: "explain"
  )

  @Argument(help: "The file; - is standard input.", completion: .file()) var file: String

  @Option(help: "The network's tick, the time that a price pays for, in seconds.")
  var tick: UInt64 = Explanation.usualTickSeconds

  @OptionGroup var output: SDLOutputOptions

  func validate() throws {
    if tick == 0 { throw ValidationError("--tick must be at least 1") }
  }

  func run() throws {
    let read = try SDLFiles.read(file)
    let explanation = Explanation(try requireDeployment(read, name: file), tickSeconds: tick)
    if output.isJSON {
      SDLOutput.line(explanation.json)
      return
    }
    Console.write(explanation.text.utf8)
    for finding in read.findings where finding.rule.isAboutGPUs {
      Console.note(SDLOutput.text(finding, in: file))
    }
  }
}

/// Prints the groups, the part of the file that the market sees.
struct SDLGroupsCommand: ParsableCommand {
  static let configuration = about(
    "Print the group specs as JSON, as they go into an order.",
    named: "groups"
  )

  @OptionGroup var input: SDLInput
  /// The answer is JSON in either form.
  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    SDLOutput.exact(try input.deployment().groupsJSON)
  }
}

/// Prints the manifest, which the provider gets.
struct SDLManifestCommand: ParsableCommand {
  static let configuration = about("Print the manifest as JSON, as the provider gets it.", named: "manifest")

  @OptionGroup var input: SDLInput
  /// The answer is JSON in either form.
  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    SDLOutput.exact(try input.deployment().manifest.indentedJSON)
  }
}

/// Prints the manifest's canonical form, which is hashed.
struct SDLCanonicalCommand: ParsableCommand {
  static let configuration = about(
    "Print the manifest's canonical JSON: exactly the bytes that are hashed.",
    named: "canonical"
  )

  @OptionGroup var input: SDLInput
  /// The answer is JSON in either form.
  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    SDLOutput.exact(try input.deployment().manifest.canonicalJSON)
  }
}

/// Prints the manifest's hash, which the chain stores.
struct SDLHashCommand: ParsableCommand {
  static let configuration = about("Print the manifest's SHA-256, as the chain keeps it.", named: "hash")

  @OptionGroup var input: SDLInput

  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    let hash = try input.deployment().manifest.hash
    Console.line(output.isJSON ? "{\"hash\": \"\(hash)\"}" : hash.description)
  }
}
