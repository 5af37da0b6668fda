/// The results of a load run.
public struct LoadReport: Codable, Sendable {
  public struct NodeUsage: Codable, Sendable {
    public var name: String
    public var cpuMicrosecondsPerTransaction: Double
    /// The node's resident memory at the end of the run.
    public var residentMebibytes: Double
  }

  /// How long transfers were sent.
  public var seconds: Double
  /// The number of transfers that were sent, whether accepted or not.
  public var offered: Int
  /// The number of transactions in the blocks that the first node committed during the run.
  public var committed: Int
  public var committedPerSecond: Double
  /// The number of transfers that a node refused for good.
  public var refused: Int
  /// The time from submitting a transfer to its block, measured with the transfers of one separate account.
  public var latencyP50Milliseconds: Double
  public var latencyP95Milliseconds: Double
  public var latencyP99Milliseconds: Double
  public var latencySamples: Int
  /// The number of blocks that the first node committed during the run.
  public var blocks: Int
  public var blockIntervalMilliseconds: Double
  /// The usage of each node.
  public var nodes: [NodeUsage]
  /// The CPU time of all nodes together per committed transaction.
  public var cpuMicrosecondsPerTransaction: Double
  /// Ed25519 checks per second on one core of this machine, measured before the run.
  public var verifiesPerSecondPerCore: Double
  /// The number of active CPU cores of this machine.
  public var cores: Int
}
