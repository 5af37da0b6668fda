/// What a load run measured.
public struct LoadReport: Codable, Sendable {
  public struct NodeUsage: Codable, Sendable {
    public var name: String
    public var cpuMicrosecondsPerTransaction: Double
    /// At the end.
    public var residentMebibytes: Double
  }

  /// How long it was driven.
  public var seconds: Double
  /// Transfers that were sent, accepted or not.
  public var offered: Int
  /// Transfers in blocks that were made during the run.
  public var committed: Int
  public var committedPerSecond: Double
  /// Transfers that a node refused for good.
  public var refused: Int
  /// From submitting a transfer to its block.
  public var latencyP50Milliseconds: Double
  public var latencyP95Milliseconds: Double
  public var latencyP99Milliseconds: Double
  public var latencySamples: Int
  /// Blocks made during the run.
  public var blocks: Int
  public var blockIntervalMilliseconds: Double
  /// By node.
  public var nodes: [NodeUsage]
  /// Of all nodes together.
  public var cpuMicrosecondsPerTransaction: Double
  /// Ed25519 checks per second on one core of this machine, measured before the run.
  public var verifiesPerSecondPerCore: Double
  /// Of this machine.
  public var cores: Int
}
