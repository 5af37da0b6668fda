import API
import Foundation
import SDL

/// Reads and writes `deploy.yaml` files; `-` means standard input.
enum SDLFiles {
  /// One byte more than the largest file, so that a larger file is recognised without reading all of it.
  private static let readLimit = (1 << 20) + 1

  static func read(_ path: String) throws -> DeploymentFile {
    DeploymentFile(try bytes(path))
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    guard path != "-" else {
      return [UInt8](try FileHandle.standardInput.read(upToCount: readLimit) ?? Data())
    }
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      return [UInt8](try handle.read(upToCount: readLimit) ?? Data())
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw Failure.usage(
        "cannot read \(path)",
        why: isThere ? "it is not a file that this user may read" : "there is no such file",
        fix: "name a deploy.yaml, or - for standard input"
      )
    }
  }

  /// Replaces a file's content atomically.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let target = URL(filePath: path).resolvingSymlinksInPath()
    let draft = target.deletingLastPathComponent()
      .appending(path: ".\(target.lastPathComponent).\(ProcessInfo.processInfo.processIdentifier)")
    do {
      let permissions = try FileManager.default.attributesOfItem(atPath: target.path())[.posixPermissions]
      try Data(bytes).write(to: draft)
      if let permissions {
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: draft.path())
      }
      guard rename(draft.path(), target.path()) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      try? FileManager.default.removeItem(at: draft)
      throw Failure(
        "cannot write \(path)",
        why: "this user may not change it, or the disk is full",
        fix: "leave out --write to see the corrected text"
      )
    }
  }
}

/// Prints the results of the commands.
enum SDLOutput {
  /// Prints the bytes unchanged. A line break follows only on a terminal: `| sha256sum` gets the exact bytes.
  static func exact(_ bytes: [UInt8]) {
    Console.write(bytes)
    if Console.isTerminal { Console.line() }
  }

  static func line(_ bytes: [UInt8]) {
    Console.write(bytes)
    Console.line()
  }

  /// All errors of the file, in the order of its lines.
  static func errors(of file: DeploymentFile, name: String) {
    for finding in file.findings where finding.severity == .error { Console.note(text(finding, in: name)) }
  }

  static func errorText(of file: DeploymentFile, name: String) -> String {
    file.findings.filter { $0.severity == .error }.map { text($0, in: name) }.joined(separator: "\n")
  }

  static func warnings(of file: DeploymentFile, name: String) {
    for finding in file.findings where finding.severity == .warning { Console.note(text(finding, in: name)) }
  }

  /// A finding with the command that corrects it, where one does.
  static func text(_ finding: Finding, in name: String) -> String {
    finding.text(in: name, correctedBy: "`supercloud sdl fix \(CommandText.quoted(name))`")
  }
}
