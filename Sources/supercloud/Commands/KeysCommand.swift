import API
import ArgumentParser
import Cryptography
import Foundation
import Node
import Primitives

struct KeysCommand: AsyncParsableCommand {
  static let configuration = about(
    "Make, restore and list account keys.",
    named: "keys",
    [Add.self, List.self, Show.self, Delete.self]
  )

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key, or restore it from its 24 words with --recover.",
      discussion:
        "With --output json the words of a new key are in the answer (`mnemonic`): keep it as safe as the key."
    )

    @Argument(help: "The key's name.") var name: String
    @Flag(help: "Read the 24 words from standard input.") var recover = false
    @Option(help: "The account of the mnemonic: path m/44'/118'/INDEX'/0'/0'.") var index: UInt32 = 0
    @Flag(help: "Store the key without a password. For test networks only.") var unprotected = false
    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let keyring = Keyring(home: home.value)
      guard try !keyring.contains(name) else {
        throw Failure(
          "a key named \(name) exists",
          why: "keys are never overwritten",
          fix: "choose another name, or `supercloud keys delete \(name)` first"
        )
      }
      let words = recover ? try Self.readWords() : Mnemonic.generate()
      let key = try Keyring.key(words: words, index: index)
      let password = unprotected ? nil : try Keyring.askNewPassword()
      try keyring.store(key, named: name, password: password)
      if output.isJSON {
        return try Console.json(
          Report(
            name: name,
            address: key.address.text(),
            publicKey: Hex.encode(key.publicKey.bytes),
            mnemonic: recover ? nil : words.joined(separator: " ")
          )
        )
      }
      Console.line("name      \(name)")
      Console.line("address   \(key.address.text())")
      guard !recover else { return }
      Console.note("\nWrite these 24 words down. They are the only way to restore the key:\n")
      Console.note(words.joined(separator: " "))
    }

    private struct Report: Encodable {
      var name: String
      var address: String
      var publicKey: String
      /// The only way to restore the key; nil when the key was made of given words.
      var mnemonic: String?
    }

    private static func readWords() throws -> [String] {
      Console.note("the 24 words, in one line:")
      let words = (readLine() ?? "").split(separator: " ").map(String.init)
      guard words.count == 24 else {
        let why = "a mnemonic has 24"
        throw Failure("\(words.count) words were given", why: why, fix: "give all words in one line")
      }
      return words
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = about("List the keys of this home.")

    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let entries = try Keyring(home: home.value).entries()
      if output.isJSON { return try Console.json(entries) }
      let rows = entries.map { [$0.name, $0.address, $0.isProtected ? "yes" : "no"] }
      Console.table(["NAME", "ADDRESS", "PROTECTED"], rows)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = about("Show the address of a key.")

    @Argument(help: "The key's name.") var name: String
    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let entry = try Keyring(home: home.value).entry(name)
      if output.isJSON { return try Console.json(entry) }
      Console.line(entry.address)
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = about("Delete a key. Its words restore it.")

    @Argument(help: "The key's name.") var name: String
    @Flag(help: "Delete without asking.") var yes = false
    @OptionGroup var home: HomeOption
    @OptionGroup var output: OutputOption

    func run() async throws {
      let keyring = Keyring(home: home.value)
      let entry = try keyring.entry(name)
      if !yes {
        Console.note("type \(name) to delete the key of \(entry.address):")
        guard readLine() == name else {
          throw Failure("the key was not deleted", why: "its name was not typed")
        }
      }
      try keyring.delete(name)
      try output.show(["deleted": entry.name, "address": entry.address])
    }
  }
}
