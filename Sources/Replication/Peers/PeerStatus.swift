public import Chain
public import Consensus
import Primitives
import Wire

/// The progress that a peer reports of itself. It is not proven, so it is used only to choose which peer to
/// ask.
public struct PeerStatus: Hashable, Sendable {
  /// The newest committed height.
  public var committed: Height
  /// The lowest height whose block the peer can serve.
  public var base: Height
  /// The peer's progress in the current height; nil if it is not a validator.
  public var consensusStatus: ConsensusStatus?

  public init(committed: Height, base: Height, consensusStatus: ConsensusStatus? = nil) {
    self.committed = committed
    self.base = base
    self.consensusStatus = consensusStatus
  }
}

extension PeerStatus {
  var encoded: [UInt8] {
    Supercloud_Peer_V1_Status.filled {
      $0.committed = committed
      $0.base = base
      if let consensusStatus {
        $0.standing = .filled {
          $0.height = consensusStatus.height
          $0.round = consensusStatus.round
          $0.step = UInt32(consensusStatus.step.rawValue)
          $0.validRound = consensusStatus.validRound.map { $0 &+ 1 } ?? 0
          $0.prevotes = .init(wire: consensusStatus.prevotes)
          $0.precommits = .init(wire: consensusStatus.precommits)
        }
      }
    }.encoded
  }

  init(decoding bytes: [UInt8]) throws(DecodingError) {
    let wire = try Supercloud_Peer_V1_Status(decoding: bytes, limit: FrameKind.status.limit)
    var consensusStatus: ConsensusStatus?
    if wire.hasStanding {
      let found = wire.standing
      guard let step = UInt8(exactly: found.step).flatMap(Step.init(rawValue:)) else {
        throw .outOfRange(field: "step")
      }
      guard found.height <= ChainLimits.height, found.round <= ChainLimits.round,
        found.validRound <= found.round + 1
      else { throw .outOfRange(field: "standing") }
      guard found.prevotes.count <= 128, found.precommits.count <= 128 else {
        throw .outOfRange(field: "votes")
      }
      consensusStatus = ConsensusStatus(
        height: found.height,
        round: found.round,
        step: step,
        validRound: found.validRound == 0 ? nil : found.validRound - 1,
        prevotes: found.prevotes.array,
        precommits: found.precommits.array
      )
    }
    guard wire.committed <= ChainLimits.height else { throw .outOfRange(field: "committed") }
    self.init(committed: wire.committed, base: wire.base, consensusStatus: consensusStatus)
  }
}
