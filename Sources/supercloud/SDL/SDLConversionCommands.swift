import ArgumentParser
import Cryptography
import SDL

/// Prints the groups, which are what the market sees.
struct SDLGroupsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "groups",
    abstract: "Print the group specs as JSON, as they go into an order."
  )

  @Argument(help: "The file; - is standard input.")
  var file: String

  func run() throws {
    SDLOutput.exact(try requireDeployment(try SDLFiles.read(file), name: file).groupsJSON)
  }
}

/// Prints the manifest, which the provider gets.
struct SDLManifestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manifest",
    abstract: "Print the manifest as JSON, as the provider gets it."
  )

  @Argument(help: "The file; - is standard input.")
  var file: String

  func run() throws {
    SDLOutput.exact(try requireDeployment(try SDLFiles.read(file), name: file).manifest.indentedJSON)
  }
}

/// Prints the manifest's canonical form, which is hashed.
struct SDLCanonicalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "canonical",
    abstract: "Print the manifest's canonical JSON: exactly the bytes that are hashed."
  )

  @Argument(help: "The file; - is standard input.")
  var file: String

  func run() throws {
    SDLOutput.exact(try requireDeployment(try SDLFiles.read(file), name: file).manifest.canonicalJSON)
  }
}

/// Prints the manifest's hash, which the chain stores.
struct SDLHashCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hash",
    abstract: "Print the manifest's SHA-256, as the chain keeps it."
  )

  @Argument(help: "The file; - is standard input.")
  var file: String

  @OptionGroup var output: SDLOutputOptions

  func run() throws {
    let hash = try requireDeployment(try SDLFiles.read(file), name: file).manifest.hash
    Console.line(output.isJSON ? "{\"hash\": \"\(hash)\"}" : hash.description)
  }
}
