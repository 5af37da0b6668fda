import ArgumentParser
import Foundation
import SDL

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

  @Argument(help: "The files; - is standard input.")
  var files: [String]

  @Flag(help: "Write the corrected text to the file.")
  var write = false

  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    try SDLRepairs.run(files, writes: write, isJSON: output.isJSON)
  }
}

/// The implementation of `sdl fix` and `sdl check --fix`: prints the text on standard output and the changes
/// on standard error.
enum SDLRepairs {
  static func run(_ names: [String], writes: Bool, isJSON: Bool) throws {
    var isRefused = false
    for name in names {
      let repair = Repair(try SDLFiles.read(name))
      isRefused = isRefused || !repair.file.isAccepted
      if writes, name != "-", !repair.changes.isEmpty { try SDLFiles.write(repair.source, to: name) }
      if isJSON {
        SDLOutput.line(repair.report(name: name))
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
    if isRefused { throw ExitCode(1) }
  }
}
