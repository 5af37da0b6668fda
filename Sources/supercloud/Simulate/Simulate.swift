import ArgumentParser

/// What can be played without a network. Without a subcommand it is the network under faults.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play a network, or its ledger alone, in virtual time.",
    subcommands: [SimulateNetworkCommand.self, SimulateLedgerCommand.self, SimulateGossipCommand.self],
    defaultSubcommand: SimulateNetworkCommand.self
  )
}
