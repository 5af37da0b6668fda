public import API

/// A function that is called with each event of a local network. Several tasks may call it at once.
public typealias TestnetReport = @Sendable (TestnetEvent) -> Void

/// An event in a local network, to be shown to the user.
public enum TestnetEvent: Sendable {
  /// Every node has a block and a peer, and the tenant's node knows every provider. The plan has the ports that the
  /// nodes have bound.
  case ready(TestnetPlan)
  /// The named node has ended by itself and is started again.
  case restarting(String, ending: String)
  /// The demo runs a deployment's command, whose output goes to the terminal. The first string describes the
  /// deployment.
  case deploying(String, command: String)
  /// A workload of the demo answered.
  case answered(url: String, page: String)
  /// The tenant has this deployment since an earlier run, so the demo deploys nothing instead. While it is active,
  /// the command's output goes to the terminal; when it is closed, the command leases again.
  case kept(Answer.Deployment, command: String)
  /// A part of the demo, described by the first string, leases nothing, for the reason in the second.
  case notLeased(String, reason: String)
  /// The demo has ended with an error; the network goes on.
  case demoFailed(String)
  case waitingForPayouts
  case settled(TestnetSettlement)
  /// The checks of the demo's numbers begin.
  case checking
  /// A check has succeeded; the string says what holds. A failed check ends the run.
  case verified(String)
  /// How long the steps of a deployment of the demo took. The string describes the deployment.
  case timed(String, DeployReport)
  case checked
  /// The network is up and runs until it is interrupted.
  case running
  /// The status of the tenant's node.
  case status(Answer.Status)
  case interrupted
  /// The named signal came and is ignored.
  case ignored(String)
  /// The processes are being stopped; the value is their number.
  case stopping(Int)
}

/// Where the demo's money is: the leases, the takes and the audit at one tick.
public struct TestnetSettlement: Sendable {
  /// A lease, with the money left in its deployment's escrow.
  public struct Lease: Sendable {
    public var lease: Answer.Lease
    public var escrowFunds: String
  }

  public var tick: UInt64
  public var leases: [Lease]
  public var takes: [Answer.Take]
  public var audit: [Answer.AuditLine]
}
