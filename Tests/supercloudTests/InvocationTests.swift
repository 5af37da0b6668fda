import API
import ArgumentParser
import Foundation
import Testing

@testable import supercloud

@Suite struct InvocationTests {
  @Test(arguments: [
    "account show --output json", "account show --output=json", "account show -o json",
    "account show -o=json",
    "--output json account show", "account show --output table --output json", "sdl check a.yaml --json",
    "nonsense --output json", "account show --home --output json",
  ])
  func `a wish for JSON is seen, also where the command line is wrong`(_ line: String) {
    #expect(Invocation(line.components(separatedBy: " ")).isJSON)
  }

  @Test(arguments: [
    "account show", "account show --output table", "account show --output json --output table",
    "account show -- --output json", "account show json", "account show --json",
  ])
  func `everything else is a wish for words`(_ line: String) {
    #expect(!Invocation(line.components(separatedBy: " ")).isJSON)
  }

  @Test func `the command and the options that hints repeat are known`() {
    let invocation = Invocation(["lease", "list", "--home", "/a b", "--from=x", "list", "--node", "h:1"])
    #expect(invocation.command == ["lease", "list"])
    #expect(invocation.options == ["home": "/a b", "from": "x", "node": "h:1"])
    #expect(invocation.help == "supercloud help lease list")
  }
}

@Suite struct ErrorAnswerTests {
  private func decoded(_ error: any Error) throws -> [String: Any] {
    let line = ErrorAnswer(error, by: Invocation(["account", "show", "--home", "/h"])).line
    #expect(!line.contains("\n"))
    let answer = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(answer.keys.sorted() == ["code", "error", "fix", "message"])
    return answer
  }

  @Test func `a failure has its word, its reason and its advice`() throws {
    let answer = try decoded(Failure("a\nb", why: "c", fix: "`supercloud keys list`", kind: "not_found"))
    #expect(answer["error"] as? String == "not_found")
    #expect(answer["message"] as? String == "a\nb: c")
    #expect(answer["fix"] as? String == "`supercloud keys list --home /h`")
    #expect(answer["code"] as? Int == 1)
  }

  @Test func `wrong usage has status 2, whoever finds it`() throws {
    let own = try decoded(Failure.usage("`x` is not an amount"))
    #expect(own["error"] as? String == "usage" && own["code"] as? Int == 2)
    #expect(own["fix"] as? String == "`supercloud help account show` tells how the command is used")
    for words in [["account", "show", "--nonsense"], ["nonsense"], ["sdl", "check", "a", "--write"]] {
      let error = #expect(throws: (any Error).self) { _ = try Supercloud.parseAsRoot(words) }
      let answer = try decoded(try #require(error))
      #expect(answer["error"] as? String == "usage" && answer["code"] as? Int == 2, "\(answer)")
    }
  }

  @Test func `an error that no room explains, and an exit status alone, are errors like others`() throws {
    let unknown = try decoded(CocoaError(.fileNoSuchFile))
    #expect(unknown["error"] as? String == "failed" && unknown["code"] as? Int == 1)
    let exit = try decoded(ExitCode(1))
    #expect(exit["code"] as? Int == 1)
    #expect((exit["message"] as? String)?.contains("standard output") == true)
  }
}

@Suite struct UserFolderTests {
  @Test func `the folder of HOME is used, as a shell's tilde is, and else the account's`() {
    #expect(UserFolder.path(".supercloud", environment: ["HOME": "/home/x y"]) == "/home/x y/.supercloud")
    let own = FileManager.default.homeDirectoryForCurrentUser.appending(path: "a").path
    for environment in [[:], ["HOME": ""], ["HOME": "relative"]] {
      #expect(UserFolder.path("a", environment: environment) == own)
    }
  }
}
