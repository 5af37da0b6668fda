import ArgumentParser

/// The simulations. Without a subcommand, a network with faults is simulated.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Play a network, or its ledger alone, in virtual time.",
    subcommands: [SimulateNetworkCommand.self, SimulateLedgerCommand.self, SimulateGossipCommand.self],
    defaultSubcommand: SimulateNetworkCommand.self
  )
}
