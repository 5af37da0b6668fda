import ArgumentParser

/// The simulations. Without a subcommand, a network with faults is simulated.
struct SimulateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Simulate a network, its gossip or its ledger in virtual time.",
    subcommands: [SimulateNetworkCommand.self, SimulateLedgerCommand.self, SimulateGossipCommand.self],
    defaultSubcommand: SimulateNetworkCommand.self
  )
}
