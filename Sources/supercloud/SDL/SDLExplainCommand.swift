import ArgumentParser
import Foundation
import SDL

/// Explains a file in plain words.
struct SDLExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say in plain words what a deploy.yaml asks for, who can reach it and what it can cost."
  )

  @Argument(help: "The file; - is standard input.")
  var file: String

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
      Console.note(finding.text(in: file))
    }
  }
}
