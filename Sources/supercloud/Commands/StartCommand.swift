import API
import ArgumentParser
import Foundation
import Glibc
import Logging
import Node
import Storage
import Transport

struct StartCommand: AsyncParsableCommand {
  static let configuration = about(
    "Run the node of a home until SIGTERM or Ctrl-C. Other signals, such as SIGHUP, are ignored and logged.",
    named: "start"
  )

  @OptionGroup var home: HomeOption
  @Option(
    help: """
      How a node that is far behind catches up: `auto` fetches a snapshot of the state when it has been away for an \
      hour or more, `always` whenever peers have one, `never` goes block by block.
      """
  )
  var snapshot: JoinOptions.Mode = .auto
  @Option(
    help:
      """
      HEIGHT:HASH of a header that you trust; a chain that has another block there is refused. Default: the genesis \
      validators are trusted.
      """
  )
  var trust: TrustedHeader?
  @Option(
    name: .customLong("clock-offset"),
    help: "For tests: milliseconds that this node's clock is ahead; negative when it is behind."
  )
  var clockOffset: Int64 = 0
  @Flag(help: .hidden) var exitWithParent = false
  /// For a local testnet: takes free ports when those of the configuration are in use.
  @Flag(help: .hidden) var takeFreePorts = false

  func run() async throws {
    if exitWithParent { Self.stopWithParent() }
    let home = try home.existing(why: "config.toml is missing") { "make one: `supercloud init --home \($0)`" }
    do {
      let configuration = try NodeConfiguration.read(home.configuration)
      var logger = Logger(label: configuration.node.moniker) { StreamLogHandler.standardError(label: $0) }
      logger.logLevel = Logger.Level(rawValue: configuration.node.logLevel) ?? .info
      try await NodeRuntime(
        home: home,
        join: JoinOptions(mode: snapshot, trusted: trust),
        clockOffset: clockOffset,
        takesFreePorts: takeFreePorts,
        logger: logger
      ).run()
    } catch let error as DefinitionError {
      throw Failure("\(error.file): \(error.problem)", fix: error.remedy)
    } catch let error as StorageError {
      throw Failure("the data of \(home.folder.path) cannot be used", why: "\(error)", fix: error.hint)
    } catch let error as TransportError {
      throw Failure(
        "\(error)",
        why: "`network.listen` in \(home.configuration.path) names it",
        fix: "choose another port, from 1024 on unless you are root, or stop the program that uses it"
      )
    }
  }

  /// Ends this node when its parent process, such as a testnet, ends in any way.
  private static func stopWithParent() {
    let parent = getppid()
    Task.detached {
      while getppid() == parent { try? await Task.sleep(for: .milliseconds(250)) }
      kill(getpid(), SIGTERM)
    }
  }
}

extension JoinOptions.Mode: ExpressibleByArgument {}

extension TrustedHeader: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
