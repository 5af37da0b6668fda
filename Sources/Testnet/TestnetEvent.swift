public import API

/// Is told what happens in a local network. Several tasks may call it at once.
public typealias TestnetReport = @Sendable (TestnetEvent) -> Void

/// What happens in a local network, for whoever shows it.
public enum TestnetEvent: Sendable {
  /// Every node has a block and knows every provider.
  case ready
  /// A node ended by itself and is started again.
  case restarting(String, ending: String)
  /// The demo runs a command, whose output is the terminal's.
  case deploying(String, command: String)
  /// A workload of the demo answered.
  case answered(url: String, page: String)
  case waitingForPayouts
  case settled(TestnetSettlement)
  /// What follows are the numbers that are checked.
  case checking
  /// A claim that holds; one that does not ends the run.
  case verified(String)
  /// How long a deployment of the demo took.
  case timed(String, DeployReport)
  case checked
  /// The network runs until it is interrupted.
  case running
  /// How the tenant's node is doing.
  case status(Answer.Status)
  case interrupted
  /// This many processes are being stopped.
  case stopping(Int)
}

/// Where the demo's money is.
public struct TestnetSettlement: Sendable {
  /// A lease, with what its deployment's escrow still holds.
  public struct Lease: Sendable {
    public var lease: Answer.Lease
    public var escrowFunds: String
  }

  public var tick: UInt64
  public var leases: [Lease]
  public var takes: [Answer.Take]
  public var audit: [Answer.AuditLine]
}
