import ArgumentParser
import Foundation
import Testing

@testable import supercloud

@Suite struct CompletionTests {
  /// They run until they are stopped, and print no answer.
  static let withoutAnswer: Set = [
    "start", "testnet up", "workload hello", "workload enter", "workload forward",
  ]

  @Test func `every command that prints an answer takes --output and -o, with the same values`() throws {
    for (name, command) in try CommandTree().runnable where !Self.withoutAnswer.contains(name) {
      let output = command.arguments?.first { $0.names?.contains { $0.name == "output" } == true }
      let names = output?.names?.map(\.name) ?? []
      #expect(Set(names) == ["output", "o"], "`\(name)` takes \(names)")
      #expect(output?.completionKind?["list"]?.values == ["table", "json"], "\(name)")
    }
  }

  @Test func `every argument that is a file or a folder is completed as one`() throws {
    let words = /(?i)\b(files?|folder|deploy\.yaml|definition)\b/
    for (name, command) in try CommandTree().runnable {
      for argument in command.arguments ?? [] where argument.kind != "flag" {
        let help = "\(argument.valueName ?? "") \(argument.abstract ?? "")"
        guard help.contains(words) else { continue }
        let kinds = Set(argument.completionKind?.keys.map { $0 } ?? [])
        #expect(!kinds.isDisjoint(with: ["file", "directory"]), "`\(name)`: \(help)")
      }
    }
  }

  /// What bash offers for a command line whose last word is completed, in a folder with a few files.
  private func offers(_ line: [String]) throws -> Set<String> {
    let folder = FileManager.default.temporaryDirectory.appending(path: "completion-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appending(path: "homes"),
      withIntermediateDirectories: true
    )
    defer { try? FileManager.default.removeItem(at: folder) }
    for name in ["deploy.yaml", "vote.json", "two words.yaml"] {
      _ = FileManager.default.createFile(atPath: folder.appending(path: name).path, contents: nil)
    }
    let script = folder.appending(path: "homes/script")
    try Supercloud.completionScript(for: .bash).write(to: script, atomically: true, encoding: .utf8)
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/bash")
    shell.currentDirectoryURL = folder
    shell.arguments = [
      "-c",
      #"""
      source homes/script
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
      read -r _ _ _ _ function _ < <(complete -p supercloud)
      "$function" supercloud "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\n' "${COMPREPLY[@]}"
      """#,
      "bash",
    ]
    shell.arguments?.append(contentsOf: ["supercloud"] + line)
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    shell.waitUntilExit()
    return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
  }

  @Test(arguments: [
    (["deploy", ""], ["deploy.yaml", "vote.json", "two words.yaml", "homes"]),
    (["deploy", "dep"], ["deploy.yaml"]), (["sdl", "check", "deploy.yaml", "two"], ["two words.yaml"]),
    (["verify", "v"], ["vote.json"]), (["deployment", "update", "5", "d"], ["deploy.yaml"]),
    (["lease", "send-manifest", "5", "d"], ["deploy.yaml"]), (["market", "why-not", "d"], ["deploy.yaml"]),
    (["status", "--home", ""], ["homes"]), (["genesis", "check", ""], ["homes"]),
    (["query", "proof", "vote", "1/x", "--file", "v"], ["vote.json"]),
    (["status", "--output", ""], ["table", "json"]), (["status", "-o", "j"], ["json"]),
    (["mark"], ["market"]),
  ])
  func `bash completes files, folders, forms and commands`(_ line: [String], _ expected: [String]) throws {
    let offers = try offers(line)
    #expect(offers.isSuperset(of: expected), "\(line) offers \(offers)")
    if line.last?.isEmpty == false { #expect(offers == Set(expected), "\(line) offers \(offers)") }
  }
}
