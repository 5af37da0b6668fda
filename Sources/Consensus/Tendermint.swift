public import Primitives

/// Tendermint (Buchman, Kwon, Milosevic, arXiv 1807.04938) as a pure machine.
public struct Tendermint: Sendable {
  public let configuration: TendermintConfiguration

  public init(configuration: TendermintConfiguration) {
    self.configuration = configuration
  }

  /// Handles one input; appends what is to be done.
  public mutating func step(_ input: Input, at now: Instant, effects: inout [Effect]) {
  }
}
