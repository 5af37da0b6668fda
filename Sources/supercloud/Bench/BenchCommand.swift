import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure, on this machine, now.",
    subcommands: [
      LoadCommand.self, LeasesCommand.self, SettlementCommand.self, SnapshotCommand.self, VotesCommand.self,
    ]
  )
}
